"""A server as the cold reloader sees it, and the plainest way to start one."""

from __future__ import annotations

import contextlib
import io
import os
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Mapping
from typing import IO, Protocol

MOST_LINES = 60


class Running(Protocol):
    """A started server."""

    pid: int

    def signal(self, signum: int) -> None:
        """Signal it, and what it started."""
        ...

    def kill(self) -> object:
        """End it at once."""
        ...

    def tail(self) -> str:
        """The last lines that it has written."""
        ...


Launch = Callable[[tuple[str, ...], tuple[int, ...], Callable[[int], None]], Running]


class Process:
    """A server in a session of its own, whose errors are shown and remembered."""

    def __init__(
        self,
        argv: tuple[str, ...],
        cwd: str,
        env: Mapping[str, str],
        fds: tuple[int, ...],
        on_end: Callable[[int], None],
    ) -> None:
        options = {} if sys.platform == "win32" else {"pass_fds": fds, "start_new_session": True}
        self._process: subprocess.Popen[str] = subprocess.Popen(  # type: ignore[call-overload]
            argv,
            cwd=cwd,
            env=dict(env),
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            **options,
        )
        self.pid = self._process.pid
        self._lines: deque[str] = deque(maxlen=MOST_LINES)
        errors = self._process.stderr or io.StringIO()
        threading.Thread(target=self._follow, args=(errors, on_end), daemon=True).start()

    def _follow(self, errors: IO[str], on_end: Callable[[int], None]) -> None:
        reader = threading.Thread(target=self._read, args=(errors,), daemon=True)
        reader.start()
        code = self._process.wait()
        # What it started may keep the pipe open.
        reader.join(1)
        on_end(code)

    def _read(self, errors: IO[str]) -> None:
        with errors as lines:
            for line in lines:
                self._lines.append(line)
                sys.stderr.write(line)

    def signal(self, signum: int) -> None:
        """Signal its session, or it alone where there are none."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if sys.platform == "win32":
                self._process.send_signal(signum)
            else:
                os.killpg(self.pid, signum)

    def kill(self) -> None:
        """End it, and what it started."""
        self.signal(signal.SIGTERM if sys.platform == "win32" else signal.SIGKILL)

    def tail(self) -> str:
        """The last lines of its errors."""
        return "".join(self._lines)
