"""A run that someone looks at from another process: it ends when he does, however he ends."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import sys
from collections.abc import Callable

from devtool.model.launch import Service
from devtool.runner.background import begin, heard

# Leave the alternate screen, show the cursor, forget colours: a view that was killed has not.
_LEAVE_SCREEN = b"\x1b[?1049l\x1b[?25h\x1b[0m\r\n"

Tell = Callable[[Service], None]


class Attended:
    """The run, seen from the process that looks on.

    Args:
        run: Runs the plan; called in the new process, with what to call for a ready service, and with
            a descriptor that reaches its end when whoever looks on is gone.
    """

    def __init__(self, run: Callable[[Tell, int], int]) -> None:
        near, far = os.pipe()
        screen = Screen()

        def work(tell: Tell) -> int:
            os.close(far)
            code = run(tell, near)
            if _has_ended(near):
                screen.restore()
            return code

        self.pid, self._news = begin(work)
        os.close(near)
        self._far = far
        self._heard = b""
        self._code: int | None = None

    def code(self) -> int | None:
        """What the run has ended with, or None while it goes on.

        Raises:
            DevtoolError: It refused to start, as it would have in the foreground.
        """
        if self._code is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self._code = _shell_code(os.waitstatus_to_exitcode(status))
                self._refuse()
        return self._code

    def ask_to_end(self, signum: int = signal.SIGTERM) -> None:
        """Ask it to end; asked twice, it does so at once."""
        if self._code is None:
            os.kill(self.pid, signum)

    def close(self) -> None:
        """Nobody looks on any more; the run has ended when this returns."""
        self.ask_to_end()
        if self._code is None:
            os.waitpid(self.pid, 0)
        os.close(self._far)
        os.close(self._news)

    def _refuse(self) -> None:
        """Raise what kept it from starting, if it says so."""
        while piece := os.read(self._news, 1 << 16):
            self._heard += piece
        for line in self._heard.splitlines():
            heard(line)


class Screen:
    """The terminal that whoever looks on draws on, as it was before."""

    def __init__(self) -> None:
        self._fd: int | None = None
        if sys.platform != "win32" and os.isatty(1):
            import termios

            self._fd = os.dup(1)
            self._settings = termios.tcgetattr(1)

    def restore(self) -> None:
        """Put it back, unless it has gone as well."""
        if self._fd is None or sys.platform == "win32":
            return
        import termios

        with contextlib.suppress(OSError, termios.error):
            termios.tcsetattr(self._fd, termios.TCSANOW, self._settings)
            os.write(self._fd, _LEAVE_SCREEN)


def _has_ended(lifeline: int) -> bool:
    readable, _, _ = select.select([lifeline], [], [], 0)
    return bool(readable)


def _shell_code(code: int) -> int:
    return 128 - code if code < 0 else code
