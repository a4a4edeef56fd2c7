"""The terminal and the signals of a view, put back as they were when it leaves."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Callable, Iterator
from types import FrameType

ENDING = ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT")
CHANGING = ("SIGWINCH", "SIGCHLD")


def is_possible() -> bool:
    """True if somebody sits at a terminal that can be drawn on."""
    if os.environ.get("CI") or os.environ.get("TERM", "dumb") == "dumb" or not hasattr(os, "fork"):
        return False
    return sys.stdin.isatty() and sys.stdout.isatty()


class Bell:
    """A descriptor that can be waited for, and that any thread or signal handler can ring."""

    def __init__(self) -> None:
        self.fd, self._far = os.pipe()
        os.set_blocking(self.fd, False)
        os.set_blocking(self._far, False)

    def ring(self) -> None:
        """Wake whoever waits."""
        with contextlib.suppress(BlockingIOError):  # it has been rung often enough
            os.write(self._far, b".")

    def hush(self) -> None:
        """Forget that it was rung."""
        with contextlib.suppress(BlockingIOError):
            while os.read(self.fd, 4096):
                pass

    def close(self) -> None:
        """Nobody rings any more."""
        os.close(self.fd)
        os.close(self._far)


@contextlib.contextmanager
def heeding(bell: Bell, on_end: Callable[[int], None]) -> Iterator[None]:
    """Signals that end a program ask the run to end; those that change the picture ring."""

    def end(signum: int, _: FrameType | None) -> None:
        on_end(signum)
        bell.ring()

    def look(_: int, __: FrameType | None) -> None:
        bell.ring()

    handlers = dict.fromkeys(ENDING, end) | dict.fromkeys(CHANGING, look)
    before = {
        number: signal.signal(number, handler)
        for name, handler in handlers.items()
        if (number := getattr(signal, name, None)) is not None
    }
    try:
        yield
    finally:
        for signum, handler in before.items():
            signal.signal(signum, handler)


@contextlib.contextmanager
def keys_one_by_one() -> Iterator[None]:
    """Give keys as they are pressed, unseen; Ctrl-C is one of them."""
    import termios

    before = termios.tcgetattr(0)
    changed = termios.tcgetattr(0)
    changed[3] &= ~(termios.ICANON | termios.ECHO | termios.ISIG | termios.IEXTEN)
    termios.tcsetattr(0, termios.TCSADRAIN, changed)
    try:
        yield
    finally:
        with contextlib.suppress(termios.error):  # the terminal has gone
            termios.tcsetattr(0, termios.TCSADRAIN, before)
