"""A `devtool` process under test: its output as it comes, and everything that it started."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import termios
import threading
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest

DEVTOOL = str(Path(sys.executable).with_name("devtool"))
MARK = "E2E_MARK"
DEADLINE = 60.0

# A process gets a controlling terminal only if it asks for one as the leader of its session.
TAKE_TERMINAL = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.argv[1], sys.argv[1:])
"""
ON_TERMINAL = (sys.executable, "-c", TAKE_TERMINAL)


def free_port() -> int:
    """A port that nobody held a moment ago."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


class Run:
    """`devtool ARGS` in a folder, in a session of its own, on pipes or on a terminal."""

    def __init__(self, args: tuple[str, ...], *, cwd: Path, state: Path, terminal: bool) -> None:
        self.mark = uuid.uuid4().hex
        self.output = ""
        self.changed = threading.Condition()
        self.keyboard, out = os.openpty() if terminal else os.pipe()
        self.process = subprocess.Popen(
            (*ON_TERMINAL, DEVTOOL, *args) if terminal else (DEVTOOL, *args),
            cwd=cwd,
            env=self._environment(state),
            stdin=out if terminal else subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        os.close(out)
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _environment(self, state: Path) -> dict[str, str]:
        """This environment without what would point into ours, and with our mark."""
        kept = {
            name: value
            for name, value in os.environ.items()
            if name not in {"VIRTUAL_ENV", "PORT", "HOST"} and not name.startswith("DEVTOOL_")
        }
        return kept | {MARK: self.mark, "XDG_STATE_HOME": str(state)}

    def _read(self) -> None:
        # A terminal whose last user has gone answers EIO where a pipe answers end of file.
        with contextlib.suppress(OSError):
            while chunk := os.read(self.keyboard, 65536):
                with self.changed:
                    self.output += chunk.decode(errors="replace")
                    self.changed.notify_all()

    def wait_for(self, pattern: str, seconds: float = DEADLINE) -> re.Match[str]:
        """The first match in the output so far, waited for."""
        deadline = time.monotonic() + seconds
        with self.changed:
            while (found := re.search(pattern, self.output)) is None:
                ended = self.process.poll() is not None and not self.reader.is_alive()
                if ended or time.monotonic() > deadline:
                    pytest.fail(self.story(f"{pattern!r} never came"))
                self.changed.wait(0.5)
        return found

    def wait_until_ready(self, url: str, seconds: float = DEADLINE) -> None:
        """Return once devtool has said that this URL answers."""
        self.wait_for(rf"{re.escape(url)}/? .*ready in \d+\.\d+ s", seconds)

    def resize(self, *, columns: int) -> None:
        """Give the terminal a width."""
        termios.tcsetwinsize(self.keyboard, (24, columns))

    def type(self, text: str) -> None:
        """Type on the terminal."""
        os.write(self.keyboard, text.encode())

    def wait(self) -> int:
        """The exit code, once it has ended and all its output was read."""
        code = self.process.wait(DEADLINE)
        self.reader.join(DEADLINE)
        return code

    def stop(self, signum: signal.Signals) -> int:
        """Send a signal to devtool alone, and return its exit code."""
        self.process.send_signal(signum)
        return self.wait()

    def family(self) -> list[psutil.Process]:
        """Every living process that inherited our mark, wherever it has moved since."""
        return [process for process in psutil.process_iter() if self._is_ours(process)]

    def _is_ours(self, process: psutil.Process) -> bool:
        try:
            mark: str | None = process.environ().get(MARK)
            return mark == self.mark and process.status() != psutil.STATUS_ZOMBIE
        except psutil.Error:  # it ended while we looked, or belongs to someone else
            return False

    def story(self, fact: str) -> str:
        """A failure's message: the fact, and all that was printed."""
        return f"{fact}; exit code {self.process.poll()}; output:\n{self.output}"

    def close(self) -> None:
        """End everything, however the test went."""
        for process in self.family():
            with contextlib.suppress(psutil.Error):
                process.kill()
        self.process.wait(DEADLINE)
        self.reader.join(DEADLINE)
        os.close(self.keyboard)


@contextlib.contextmanager
def running(cwd: Path, *args: str, state: Path, terminal: bool = False) -> Iterator[Run]:
    """Run `devtool ARGS` in a folder; afterwards nothing of it is alive."""
    run = Run(args, cwd=cwd, state=state, terminal=terminal)
    try:
        yield run
    finally:
        run.close()


def get(url: str) -> httpx.Response:
    """Ask without proxies: the server is on this machine."""
    with httpx.Client(trust_env=False, timeout=DEADLINE, follow_redirects=True) as client:
        return client.get(url)
