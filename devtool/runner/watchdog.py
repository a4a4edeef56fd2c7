"""A second process for runs inside someone else's program, where `guard.split` has no place.

It holds the reading end of a pipe whose other end only the program holds. When that end closes, the
program has ended, by whatever means, and all that carries the mark of the run is killed.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from devtool.runner import family

_CODE = """
import sys
sys.path.insert(0, sys.argv[1])
from devtool.runner.watchdog import watch
watch(sys.argv[2])
"""
_PACKAGES = str(Path(__file__).parent.parent.parent)
PATIENCE = 5.0


class Watchdog:
    """Ends what a run has started when this process is gone.

    Args:
        run: The id of the run, with which the mark of each of its processes begins.
    """

    def __init__(self, run: str) -> None:
        # The standard library alone starts in half the time; without /proc it takes psutil.
        options = ("-I", "-S") if sys.platform == "linux" else ("-I",)
        self._process = subprocess.Popen(
            (sys.executable, *options, "-c", _CODE, _PACKAGES, run),
            cwd="/",
            env={},
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def release(self) -> None:
        """Let it look once more, and end."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def watch(run: str) -> None:
    """Wait for the end of the input, and end what carries the mark of a run."""
    while os.read(0, 1):
        pass
    deadline = time.monotonic() + PATIENCE
    while (alive := relatives(run)) and time.monotonic() < deadline:
        family.send(alive, signal.SIGKILL)
        time.sleep(0.01)


def relatives(run: str) -> list[int]:
    """The living processes that carry the mark of a run, and all below them."""
    rows = family.table()
    marked = {pid for pid in rows if family.mark_of(pid).startswith(f"{run}/")}
    found = marked | family.descendants(rows, marked)
    return sorted(pid for pid in found if not rows[pid].dead and pid != os.getpid())
