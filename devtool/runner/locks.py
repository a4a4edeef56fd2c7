"""Locks that end with the process that holds them, and whose holder the kernel names."""

from __future__ import annotations

import contextlib
import errno
import os
import struct
import sys
from pathlib import Path

# Record locks belong to a process and not to a descriptor: the kernel would grant a second one.
_held: set[str] = set()

IS_LINUX = sys.platform == "linux"

_BUSY = {errno.EACCES, errno.EAGAIN, errno.EDEADLK}


class Lock:
    """A lock on a whole file, held by this process until it ends or releases it.

    Record locks can be asked for their holder. They belong to the process: a child does not inherit
    them, and any descriptor of the file that this process closes gives them up, so `holder` opens no
    file that is locked here.
    """

    def __init__(self, path: Path, fd: int) -> None:
        self._path = str(path)
        self._fd = fd
        _held.add(self._path)

    @classmethod
    def take(cls, path: Path) -> Lock | None:
        """The lock on a file, which is made if need be; None if someone holds it.

        Raises:
            OSError: The file cannot be opened.
        """
        if str(path) in _held:
            return None
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)
        fd = os.open(path, flags, 0o600)
        try:
            _lock(fd)
        except OSError as error:
            os.close(fd)
            if error.errno in _BUSY:
                return None
            raise
        return cls(path, fd)

    def release(self) -> None:
        """Let the next one have it."""
        _held.discard(self._path)
        with contextlib.suppress(OSError):
            os.close(self._fd)


def _lock(fd: int) -> None:
    if sys.platform == "win32":
        import msvcrt

        msvcrt.locking(fd, msvcrt.LK_NBLCK, 1)
        return
    import fcntl

    fcntl.lockf(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)


def holder(path: Path) -> int | None:
    """The pid that holds the lock on a file, 0 if nobody does, None if nobody can tell."""
    if str(path) in _held:
        return os.getpid()
    if sys.platform == "win32":
        return None
    import fcntl

    try:
        # Asking for a write lock needs no permission to write, only to ask.
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        return 0
    except OSError:
        return None
    try:
        answer = fcntl.fcntl(fd, fcntl.F_GETLK, _question())
    except OSError:
        return None
    finally:
        os.close(fd)
    return _answer(answer)


# struct flock: Linux puts the kind first, the BSDs and macOS put it last.
_LINUX = struct.Struct("hh4xqqi4x")
_BSD = struct.Struct("qqihh")


def _question() -> bytes:
    import fcntl

    if IS_LINUX:
        return _LINUX.pack(fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
    return _BSD.pack(0, 0, 0, fcntl.F_WRLCK, os.SEEK_SET)


def _answer(raw: bytes) -> int:
    import fcntl

    if IS_LINUX:
        kind, _, _, _, pid = _LINUX.unpack(raw)
    else:
        _, _, pid, kind, _ = _BSD.unpack(raw)
    return 0 if kind == fcntl.F_UNLCK else int(pid)
