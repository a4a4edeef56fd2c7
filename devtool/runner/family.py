"""Which processes are ours: the table of processes, descent, sessions and the mark in the environment.

A process leaves its parent by a double fork, and its session by `setsid`; neither removes the mark
that it inherited in its environment, and on Linux orphans fall to the nearest subreaper above them.
Linux is read from `/proc` (psutil costs 14 ms to import); elsewhere psutil answers.
"""

from __future__ import annotations

import contextlib
import functools
import os
import signal
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

RUN_VARIABLE = "DEVTOOL_RUN_ID"
OUTLIVES_VARIABLE = "DEVTOOL_OUTLIVES"

# Clocks that are set while a process lives move its start time by up to a second.
SAME_START = 2.0

_PR_SET_CHILD_SUBREAPER = 36


class Entry(NamedTuple):
    """One row of the process table. `started` is in seconds since the epoch."""

    pid: int
    parent: int
    session: int
    started: float
    dead: bool


def table() -> dict[int, Entry]:
    """Every process there is; zombies are `dead`."""
    return {entry.pid: entry for entry in (_proc() if _has_proc() else _psutil())}


def entry(pid: int) -> Entry | None:
    """The row of one process, or None if there is none."""
    if _has_proc():
        return _read_stat(pid)
    return table().get(pid)


def started(pid: int) -> float | None:
    """When a living process started, or None if it does not live."""
    row = entry(pid)
    return None if row is None or row.dead else row.started


def is_same(pid: int | None, since: float | None) -> bool:
    """True if this very process still lives: a pid alone may have been given to another."""
    if not pid or since is None or pid < 1:
        return False
    found = started(pid)
    return found is not None and abs(found - since) <= SAME_START


def now() -> float:
    """The time by the clock that start times are told in, which need not be the wall clock's."""
    if not _has_proc():
        return time.time()
    return _boot()[0] + time.clock_gettime(time.CLOCK_BOOTTIME)


def descendants(rows: Mapping[int, Entry], roots: Iterable[int]) -> set[int]:
    """The pids below these, whatever their session; the roots themselves are not among them."""
    children: dict[int, list[int]] = {}
    for row in rows.values():
        children.setdefault(row.parent, []).append(row.pid)
    found: set[int] = set()
    ahead = list(roots)
    while ahead:
        below = [pid for pid in children.get(ahead.pop(), ()) if pid not in found]
        found.update(below)
        ahead.extend(below)
    return found


def members(leader: int, since: float, mark: str) -> list[int]:
    """The living family of a service: its leader, descendants, session, and all that carry its mark.

    Args:
        leader: The pid that was started; it may have ended.
        since: When it was started, by `now()`: nothing older belongs to it.
        mark: The value of `DEVTOOL_RUN_ID` that it was started with.
    """
    rows = table()
    young = {pid for pid, row in rows.items() if row.started >= since - SAME_START}
    found = {pid for pid in young if pid == leader or rows[pid].session == leader}
    found |= {pid for pid in young - found if mark_of(pid) == mark}
    found |= descendants(rows, found)
    return sorted(pid for pid in found & young if not rows[pid].dead and pid != os.getpid())


def below(pid: int) -> list[int]:
    """The living descendants of a process, without those that were started to outlive it."""
    rows = table()
    found = (rows[each] for each in descendants(rows, (pid,)))
    return sorted(row.pid for row in found if not row.dead and not _outlives(row.pid))


def mark_of(pid: int) -> str:
    """The run that a process was started by, or an empty string."""
    return variable_of(pid, RUN_VARIABLE)


def _outlives(pid: int) -> bool:
    return bool(variable_of(pid, OUTLIVES_VARIABLE))


def variable_of(pid: int, name: str) -> str:
    """A variable of a process's first environment; empty where it cannot be read."""
    if not _has_proc():
        return _psutil_environment(pid).get(name, "")
    text = b"\0" + _contents(f"/proc/{pid}/environ")
    _, found, rest = text.partition(b"\0" + name.encode() + b"=")
    return os.fsdecode(rest.partition(b"\0")[0]) if found else ""


def send(pids: Iterable[int], signum: int) -> None:
    """Signal each process that still lives and that we may signal."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signum)


def has_children() -> bool:
    """True if this process has children, or orphans that fell to it, dead or alive."""
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True


def kill_below(pid: int, *, seconds: float = 5.0) -> bool:
    """Kill every descendant of a process until none is left; False if some outlived the attempt."""
    deadline = time.monotonic() + seconds
    if pid == os.getpid() and not has_children():
        return True
    while alive := below(pid):
        if time.monotonic() > deadline:
            return False
        send(alive, signal.SIGKILL)
        _reap(alive)
        time.sleep(0.01)
    return True


def _reap(pids: Iterable[int]) -> None:
    for pid in pids:
        with contextlib.suppress(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)


def adopt_orphans() -> bool:
    """Make this process the parent of its descendants' orphans; False where no kernel offers it."""
    if sys.platform != "linux":
        return False
    import ctypes

    return bool(ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0)


def dead_children(pid: int) -> set[int]:
    """The children of a process that ended and wait to be reaped."""
    return {row.pid for row in table().values() if row.parent == pid and row.dead}


@functools.cache
def _has_proc() -> bool:
    return sys.platform == "linux" and os.path.exists("/proc/self/stat")  # noqa: PTH110


@functools.cache
def _boot() -> tuple[float, int]:
    """When the machine started, and its clock ticks per second."""
    with open("/proc/stat", "rb") as file:  # noqa: PTH123
        line = next(line for line in file if line.startswith(b"btime "))
    return float(line.split()[1]), os.sysconf("SC_CLK_TCK")


def _proc() -> Iterator[Entry]:
    for name in os.listdir("/proc"):  # noqa: PTH208
        if name.isdecimal() and (row := _read_stat(int(name))):
            yield row


def _contents(path: str) -> bytes:
    """A file of /proc; empty if the process is gone or another user's."""
    # Three system calls where `open` makes six: there are hundreds of files.
    try:
        fd = os.open(path, os.O_RDONLY)
    except OSError:
        return b""
    try:
        pieces = []
        while piece := os.read(fd, 1 << 16):
            pieces.append(piece)
    except OSError:
        return b""
    finally:
        os.close(fd)
    return b"".join(pieces)


def _read_stat(pid: int) -> Entry | None:
    text = _contents(f"/proc/{pid}/stat")
    if not text:
        return None
    # The name stands in parentheses and may hold any, so the last one ends it.
    fields = text[text.rindex(b")") + 2 :].split()
    booted, ticks = _boot()
    return Entry(
        pid=pid,
        parent=int(fields[1]),
        session=int(fields[3]),
        started=booted + int(fields[19]) / ticks,
        dead=fields[0] in b"ZX",
    )


def _psutil() -> Iterator[Entry]:
    import psutil

    for process in psutil.process_iter():
        try:
            with process.oneshot():
                yield Entry(
                    pid=process.pid,
                    parent=process.ppid(),
                    session=_session(process.pid),
                    started=process.create_time(),
                    dead=process.status() == psutil.STATUS_ZOMBIE,
                )
        except psutil.Error:
            continue


def _session(pid: int) -> int:
    if sys.platform == "win32":
        return 0
    try:
        return os.getsid(pid)
    except OSError:
        return 0


def _psutil_environment(pid: int) -> dict[str, str]:
    import psutil

    try:
        return psutil.Process(pid).environ()
    except psutil.Error:
        return {}
