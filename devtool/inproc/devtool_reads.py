"""What the project reads while it starts, beside its code: files of data, databases, lists of folders.

A copy of a process that has read something is of no use once that is something else. And whoever looks
which modules lie in a folder, to import them all, is waiting for those that come later.
"""

from __future__ import annotations

import os
import sys
import zlib
from collections.abc import Callable, Iterator
from typing import Any

# Files that are no files, and what importing reads.
_ELSEWHERE = ("/dev/", "/proc/", "/sys/")
_CODE = (".py", ".pyc", ".so")
_LISTING = frozenset({"os.listdir", "os.scandir"})
# With so many it is cheaper to start anew than to look at all of them.
MOST = 1000


def state_of(path: str) -> str:
    """What tells one state of a file or a folder from another; empty if it is not there."""
    try:
        found = os.stat(path)
        if not os.path.isdir(path):
            return f"{found.st_size}:{found.st_mtime_ns}"
        names = sorted(name for name in os.listdir(path) if _is_lasting(name))
    except OSError:
        return ""
    return f"{len(names)}:{zlib.crc32(os.fsencode(os.sep.join(names)))}/"


def is_list(state: str) -> bool:
    """True if it is the state of a folder."""
    return state.endswith("/")


def _is_lasting(name: str) -> bool:
    """False for what editors and Python leave in a folder for their own use."""
    return not name.startswith((".", "__pycache__")) and not name.endswith(("~", ".tmp", ".pyc"))


class Reads:
    """Watches what this process reads.

    Args:
        owns: Says whether a file is the project's.

    Attributes:
        seen: What was read, in order, and the state it was in.
    """

    def __init__(self, owns: Callable[[str], bool]) -> None:
        self.seen: dict[str, str] = {}
        self._owns = owns
        self._watches = False

    @property
    def are_few(self) -> bool:
        """False if it would take long to tell whether all is as it was."""
        return len(self.seen) < MOST

    def begin(self) -> None:
        """Watch from now on, and in every fork."""
        sys.addaudithook(self._hear)
        self._watches = True

    def end(self) -> None:
        """What is read from now on is read by requests."""
        self._watches = False

    def _hear(self, event: str, args: tuple[Any, ...]) -> None:
        if not self._watches:
            return
        if event == "open":
            path, _, flags = args
            # Not what is only written; the two bits say how a file is opened.
            found = () if flags & 3 == os.O_WRONLY else _named(path)
        elif event in _LISTING:
            found = () if _is_by_importlib(sys._getframe(1)) else _named(args[0] or ".")  # noqa: SLF001
        elif event == "sqlite3.connect":
            found = _database(args[0])
        else:
            return
        self._note(found)

    def _note(self, found: Iterator[str] | tuple[()]) -> None:
        self._watches = False  # looking at it is an event, too
        for path in found:
            ours = self._owns(path) and not path.startswith(_ELSEWHERE)
            if ours and not path.endswith(_CODE) and path not in self.seen and self.are_few:
                self.seen[path] = state_of(path)
        self._watches = True


def _named(path: object) -> Iterator[str]:
    if isinstance(path, (str, bytes, os.PathLike)):
        yield os.path.realpath(os.fsdecode(path))


def _database(name: object) -> Iterator[str]:
    """The files of a SQLite database."""
    for path in _named(name):
        if path.endswith(":memory:"):
            return
        yield path
        yield path + "-wal"


def _is_by_importlib(frame: Any) -> bool:
    """True for the finders of modules and of installed packages: they look into every folder."""
    name: str = frame.f_code.co_filename
    return name.startswith("<frozen importlib") or f"{os.sep}importlib{os.sep}" in name
