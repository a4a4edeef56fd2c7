"""Signals as something that is read: none is missed, and no handler runs in the middle of a deed."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from types import FrameType

from devtool.runner.guard import TERMINAL_INTERRUPT

CHILD_ENDED = getattr(signal, "SIGCHLD", None)


@contextlib.contextmanager
def heard(signums: Sequence[int], on_signal: Callable[[int], None]) -> Iterator[None]:
    """Hand signals on from a thread; in a thread that may not handle them they stay as they are.

    A signal that comes just before the loop goes to sleep does not wake it, and its handler would run
    no sooner than the next event. The byte in the pipe is always seen.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    near, far = os.pipe()
    os.set_blocking(far, False)
    threading.Thread(target=_listen, args=(near, on_signal), name="signals", daemon=True).start()
    former = signal.set_wakeup_fd(far, warn_on_full_buffer=False)
    before = {signum: signal.signal(signum, _do_nothing) for signum in signums}
    try:
        yield
    finally:
        for signum, handler in before.items():
            signal.signal(signum, handler)
        signal.set_wakeup_fd(former)
        os.close(far)


def ending() -> list[int]:
    """The signals that ask a run to end, and the one by which a guardian tells of Ctrl-C."""
    names = ("SIGINT", "SIGTERM", "SIGQUIT", "SIGBREAK", "SIGHUP")
    found = [getattr(signal, name) for name in names if hasattr(signal, name)]
    if TERMINAL_INTERRUPT is not None:
        found.append(TERMINAL_INTERRUPT)
    # nohup ignores SIGHUP for its child.
    return [signum for signum in found if not _is_ignored_hangup(signum)]


def _listen(near: int, on_signal: Callable[[int], None]) -> None:
    with os.fdopen(near, "rb", buffering=0) as received:
        while signums := received.read(64):
            for signum in signums:
                on_signal(signum)


def _do_nothing(_: int, __: FrameType | None) -> None:
    """What is to be done with a signal is read from the pipe."""


def _is_ignored_hangup(signum: int) -> bool:
    hangup = getattr(signal, "SIGHUP", None)
    return signum == hangup and signal.getsignal(signum) == signal.SIG_IGN
