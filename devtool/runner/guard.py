"""Two processes instead of one, so that whichever is killed, the other ends everything.

The process that the user started keeps watch: it holds the terminal, hands signals on and waits. Its
child does the work and starts the services. Both adopt orphans, so a daemon that left its parent,
its session and its environment behind is still below whoever is left to end it.
"""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import sys
import threading
from collections.abc import Iterator
from typing import NamedTuple

from devtool.runner import family
from devtool.runner.locks import IS_LINUX

# A terminal interrupt reaches the programs on the terminal by itself; this tells the worker of it.
TERMINAL_INTERRUPT = getattr(signal, "SIGUSR1", None)

# What the kernel writes into a signal that no process sent.
_SENT_BY_KERNEL = 0x80


class Guardian(NamedTuple):
    """What the worker knows of the process that keeps watch over it.

    Args:
        pid: The process that the user started.
        group: Its process group, which is in the foreground of the terminal.
        lifeline: A descriptor that reaches its end when the guardian is gone.
        adopts: True if every orphan of the run falls to the worker.
    """

    pid: int
    group: int
    lifeline: int
    adopts: bool


def split() -> Guardian | None:
    """Go on in a child process; the calling process keeps watch and never returns.

    Returns:
        The guardian, or None where this process must do without one: there is no `fork`, or other
        threads run here.
    """
    # From here on it is a program that runs for hours. What was loaded until now stays.
    gc.freeze()
    gc.enable()
    if not hasattr(os, "fork") or threading.active_count() > 1 or TERMINAL_INTERRUPT is None:
        return None
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()
    guardian = os.getpid()
    group = os.getpgrp()
    worker_end, guardian_end = os.pipe()
    # Where SIGCHLD is ignored, the kernel throws exit codes away.
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    # Signals that come before the worker listens stay pending in the guardian.
    signal.pthread_sigmask(signal.SIG_BLOCK, _handed_on() | {signal.SIGCHLD, signal.SIGTTOU})
    # Before the fork, so that what this takes to load is loaded once.
    family.adopt_orphans()
    worker = os.fork()
    if worker:
        os.close(worker_end)
        _keep_watch(worker)
    os.close(guardian_end)
    # A group of its own: `kill -9 -GROUP` ends the guardian, and then the worker ends the rest.
    os.setpgid(0, 0)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _handed_on() | {signal.SIGCHLD})
    # Not inherited, and before anything is started: an orphan that once fell to the guardian, or to
    # init, stays there.
    adopts = family.adopt_orphans()
    return Guardian(pid=guardian, group=group, lifeline=worker_end, adopts=adopts)


def _handed_on() -> set[signal.Signals]:
    stops = {signal.SIGINT, signal.SIGTERM, signal.SIGQUIT}
    # nohup ignores SIGHUP for its child, and so for us.
    return stops if signal.getsignal(signal.SIGHUP) == signal.SIG_IGN else stops | {signal.SIGHUP}


def _keep_watch(worker: int) -> None:
    """Hand signals to the worker until it has ended, end what it left, and exit as it did."""
    terminal = Terminal.current()
    status = _wait(worker, terminal)
    clean = family.kill_below(os.getpid())
    terminal.restore()
    code = os.waitstatus_to_exitcode(status)
    if code < 0:
        name = signal.Signals(-code).name
        _complain(f"devtool was killed by {name}; everything it had started was ended")
        code = 128 - code
    if not clean:
        _complain("some of what was started could not be ended")
    os._exit(code)


def _wait(worker: int, terminal: Terminal) -> int:
    handed_on = _handed_on()
    while True:
        signum, from_kernel = _next_signal(handed_on | {signal.SIGCHLD})
        if signum == signal.SIGCHLD:
            pid, status = os.waitpid(worker, os.WNOHANG)
            if pid:
                return status
            continue
        typed = from_kernel and signum == signal.SIGINT and terminal.fd is not None
        with contextlib.suppress(ProcessLookupError):
            os.kill(worker, TERMINAL_INTERRUPT if typed and TERMINAL_INTERRUPT else signum)
            os.kill(worker, signal.SIGCONT)  # one that is stopped obeys no sooner


def _next_signal(signals: set[signal.Signals]) -> tuple[int, bool]:
    """The next signal, and whether the kernel sent it, as it does for keys typed on a terminal."""
    if IS_LINUX:
        info = signal.sigwaitinfo(signals)
        return info.si_signo, info.si_code == _SENT_BY_KERNEL
    return signal.sigwait(signals), True


def _complain(text: str) -> None:
    with contextlib.suppress(OSError):
        os.write(2, f"devtool: {text}\n".encode())


class Terminal:
    """The terminal's settings and foreground as they were, to be put back."""

    def __init__(self, fd: int | None) -> None:
        self.fd = fd
        if fd is not None and sys.platform != "win32":
            import termios

            self._settings = termios.tcgetattr(fd)
            self._group = os.tcgetpgrp(fd)

    @classmethod
    def current(cls) -> Terminal:
        """The controlling terminal of this process, if one of its streams leads to it."""
        return cls(next((fd for fd in (0, 1, 2) if _is_ours(fd)), None))

    def restore(self) -> None:
        """Put settings and foreground back, unless the terminal has gone or is not ours now."""
        if self.fd is None or sys.platform == "win32":
            return
        import termios

        with contextlib.suppress(OSError, termios.error), _stops_blocked():
            if self._group == os.getpgrp() and os.tcgetpgrp(self.fd) != self._group:
                os.tcsetpgrp(self.fd, self._group)
            if termios.tcgetattr(self.fd) != self._settings:
                termios.tcsetattr(self.fd, termios.TCSANOW, self._settings)


def _is_ours(fd: int) -> bool:
    if sys.platform == "win32":
        return False
    try:
        # Fails where the stream is no terminal, or one that does not control this session.
        return os.tcgetpgrp(fd) > 0
    except OSError:
        return False


@contextlib.contextmanager
def _stops_blocked() -> Iterator[None]:
    """A background process that touches the terminal is stopped by SIGTTOU unless it blocks it."""
    if sys.platform == "win32":
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTTOU})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
