"""What files held when they were last looked at, so that a save that changes nothing is no change."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterable
from enum import Enum
from typing import NamedTuple

from devtool.runner.watch_tree import Stamp, stamp

# Larger files are compared by their stamps.
MOST_BYTES = 1 << 20
MOST_FILES = 20_000
SOURCES = (".py", ".pyi", ".pyx", ".toml", ".ini", ".cfg", ".lock", ".yaml", ".yml", ".env")


class Unread(Enum):
    """A file was there, whatever it held."""

    UNREAD = 0


class Text(NamedTuple):
    """What tells the bytes of a file from others: sip hash, keyed anew in each process."""

    size: int
    digest: int


Content = Text | Stamp | Unread | None


class Verdict(Enum):
    """What became of a file."""

    SAME = "same"
    CHANGED = "changed"
    # Missing or empty where something was: perhaps an editor is between two steps of a save.
    DOUBTFUL = "doubtful"


class Finding(NamedTuple):
    """A verdict, and the content that it was found with."""

    verdict: Verdict
    content: Content


class Contents:
    """Remembers files and judges changes of them."""

    def __init__(self) -> None:
        self._known: dict[str, Content] = {}
        self._unread: deque[str] = deque()

    def expect(self, paths: Iterable[str]) -> None:
        """These files are there already; those that are sources will be read by and by."""
        for path in paths:
            if path not in self._known:
                self._known[path] = Unread.UNREAD
                if _is_source(path) and len(self._unread) < MOST_FILES:
                    self._unread.append(path)

    @property
    def has_unread(self) -> bool:
        """True while files are expected that were not read yet."""
        return bool(self._unread)

    def read_some(self, count: int) -> list[str]:
        """Read some of the expected files; which."""
        read = []
        for _ in range(min(count, len(self._unread))):
            path = self._unread.popleft()
            if self._known.get(path) is Unread.UNREAD:
                self._known[path] = content(path)
                read.append(path)
        return read

    def forget(self, paths: Iterable[str]) -> None:
        """What was read of these is not what they held before."""
        self._known.update(dict.fromkeys(paths, Unread.UNREAD))

    def judge(self, path: str) -> Finding:
        """What became of a file since it was last accepted."""
        old = self._known.get(path)
        new = content(path)
        if old == new:
            return Finding(Verdict.SAME, new)
        if old is not None and (new is None or _is_empty(new)):
            return Finding(Verdict.DOUBTFUL, new)
        return Finding(Verdict.CHANGED, new)

    def accept(self, path: str, new: Content) -> None:
        """Remember a file with this content; None for gone."""
        if new is None:
            self._known.pop(path, None)
        else:
            self._known[path] = new


def content(path: str) -> Content:
    """What is to be remembered of a file; None where there is none."""
    found = stamp(path)
    if found is None:
        return Unread.UNREAD if os.path.isdir(path) else None
    if found.size > MOST_BYTES:
        return found
    try:
        with open(path, "rb") as file:
            text = file.read(MOST_BYTES + 1)
    except OSError:
        # Unreadable now: changed if it was readable before, and again when it can be read.
        return Stamp(-1, -1, -1) if os.path.lexists(path) else None
    return Text(len(text), hash(text))


def _is_empty(new: Content) -> bool:
    return isinstance(new, Text) and new.size == 0


def _is_source(path: str) -> bool:
    name = os.path.basename(path)
    return name.endswith(SOURCES) or name.startswith(".env")
