"""What services print, kept on disk: bytes as they came, bounded in size, with the time of each line.

For a service `web` there are `web.log` and `web.times`, and the same with `.1` for what came before.
The second file holds pairs of time and offset, some twenty a second at most, so that a burst costs no
more than its bytes.
"""

from __future__ import annotations

import contextlib
import functools
import os
import re
import struct
import time
from bisect import bisect_right
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

MAX_BYTES = 4 << 20
MARK_EVERY = 0.05
OWN_NAME = "devtool"
FOLLOW_EVERY = 0.1

_MARK = struct.Struct("<dQ")
_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_NOFOLLOW", 0)


class LogFile:
    """The log of one service.

    Args:
        folder: Where it lies; only this user may enter it.
        name: The service.
        on_trouble: Called once when it cannot be written any more; the service goes on.
    """

    def __init__(self, folder: Path, name: str, *, on_trouble: Callable[[OSError], None]) -> None:
        self._folder = folder
        self._name = name
        self._on_trouble = on_trouble
        self._size = 0
        self._marked = 0.0
        self._text = self._times = -1
        self._broken = False
        self._try(self._turn)

    def write(self, piece: bytes) -> None:
        """Append what came."""
        self._try(lambda: self._append(piece))

    def close(self) -> None:
        """Leave the files to readers."""
        for fd in (self._text, self._times):
            if fd >= 0:
                os.close(fd)
        self._text = self._times = -1

    def _try(self, deed: Callable[[], None]) -> None:
        if self._broken:
            return
        try:
            deed()
        except OSError as error:
            self._broken = True
            self._on_trouble(error)

    def _append(self, piece: bytes) -> None:
        if self._size and self._size + len(piece) > MAX_BYTES:
            self._turn()
        now = time.time()
        if now - self._marked >= MARK_EVERY:
            self._marked = now
            os.write(self._times, _MARK.pack(now, self._size))
        view = memoryview(piece)
        while view:
            view = view[os.write(self._text, view) :]
        self._size += len(piece)

    def _turn(self) -> None:
        """Put what there is aside, in the place of what was put aside before, and begin anew."""
        self.close()
        for suffix in (".times", ".log"):
            path = self._folder / f"{self._name}{suffix}"
            with contextlib.suppress(FileNotFoundError):
                path.replace(f"{path}.1")
        # Readers look for the log, so the times are there first.
        self._times = os.open(self._folder / f"{self._name}.times", _FLAGS, 0o600)
        self._text = os.open(self._folder / f"{self._name}.log", _FLAGS, 0o600)
        # The first mark also names the file: the kernel gives inode numbers out again.
        self._marked = time.time()
        os.write(self._times, _MARK.pack(self._marked, 0))
        self._size = 0


class Line(NamedTuple):
    """One line of a service; `at` is in seconds since the epoch."""

    at: float
    service: str
    text: bytes


class Reader:
    """Reads the lines of one service, from the oldest that is kept, and goes on as more come."""

    def __init__(self, folder: Path, name: str) -> None:
        self._name = name
        self._path = folder / f"{name}.log"
        self._rest = b""
        self._at = 0.0
        self._identity = b""
        self._offset = 0

    def lines(self, *, to_the_end: bool = False) -> Iterator[Line]:
        """Every line that has come since the last call.

        Args:
            to_the_end: Give a last line without an end too: nothing will come after it.
        """
        for path in self._files():
            yield from self._read(path)
        if to_the_end and self._rest:
            yield Line(self._at, self._name, self._rest)
            self._rest = b""

    def _files(self) -> list[Path]:
        """The files to read: those that came after the one that was read last."""
        former = self._path.with_name(f"{self._path.name}.1")
        if self._identity and self._identity == _identity(self._path):
            return [self._path]
        return [former, self._path]

    def _read(self, path: Path) -> Iterator[Line]:
        identity = _identity(path)
        start = self._offset if identity == self._identity else 0
        try:
            fd = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
        except OSError:
            return
        with os.fdopen(fd, "rb") as file:
            file.seek(start)
            text = file.read()
        self._identity, self._offset = identity, start + len(text)
        yield from self._split(text, start, _marks(path))

    def _split(self, text: bytes, start: int, marks: list[tuple[float, int]]) -> Iterator[Line]:
        offsets = [offset for _, offset in marks]
        place = start
        *ended, rest = text.split(b"\n")
        for line in ended:
            if not self._rest:
                self._at = self._time_of(place, marks, offsets)
            yield Line(self._at, self._name, self._rest + line)
            self._rest = b""
            place += len(line) + 1
        if rest and not self._rest:
            self._at = self._time_of(place, marks, offsets)
        self._rest += rest

    def _time_of(self, place: int, marks: list[tuple[float, int]], offsets: list[int]) -> float:
        known = bisect_right(offsets, place) - 1
        return marks[known][0] if known >= 0 else self._at


def _marks(path: Path) -> list[tuple[float, int]]:
    raw = _times(path)
    whole = raw[: len(raw) - len(raw) % _MARK.size]
    return [(at, offset) for at, offset in _MARK.iter_unpack(whole)]


def _identity(path: Path) -> bytes:
    return _times(path)[: _MARK.size]


def _times(path: Path) -> bytes:
    try:
        return path.with_name(path.name.replace(".log", ".times")).read_bytes()
    except OSError:
        return b""


class LogFolder:
    """The logs of one run of a project, and of the run before it; `pid` is that of its supervisor."""

    def __init__(self, path: Path, *, pid: int, alive: Callable[[], bool]) -> None:
        self.path = path
        self.pid = pid
        self.is_alive = alive
        self.services = services(path)

    def lines(self, names: list[str], *, since: float = 0.0) -> list[Line]:
        """The kept lines of these services, in the order they came."""
        return read(self.path, names, since=since)

    def follow(self, names: list[str], *, every: float = FOLLOW_EVERY) -> Iterator[Line]:
        """The kept lines, and then those that come, until the run is over."""
        readers = [Reader(self.path, name) for name in names]
        while True:
            goes_on = self.is_alive()
            found = [line for reader in readers for line in reader.lines(to_the_end=not goes_on)]
            yield from sorted(found, key=lambda line: line.at)
            if not goes_on:
                return
            time.sleep(every)


def folders(root: str | Path) -> list[LogFolder]:
    """Every folder of logs of a project, those of living runs first."""
    from devtool.runner.state import find, logs_of

    return [
        LogFolder(
            logs_of(each.path),
            pid=each.state.supervisor_pid if each.state else 0,
            alive=functools.partial(_is_running, root, each.path),
        )
        for each in find(root)
    ]


def _is_running(root: str | Path, path: Path) -> bool:
    from devtool.runner.state import find

    return any(each.alive for each in find(root) if each.path == path)


def services(folder: Path) -> list[str]:
    """The services that a folder holds logs of."""
    try:
        names = os.listdir(folder)  # noqa: PTH208
    except OSError:
        return []
    return sorted({match[1] for name in names if (match := re.fullmatch(r"(.+)\.log(\.1)?", name))})


def read(folder: Path, names: list[str], *, since: float = 0.0) -> list[Line]:
    """The kept lines of these services, in the order they came."""
    found = [line for name in names for line in Reader(folder, name).lines(to_the_end=True)]
    return sorted((line for line in found if line.at >= since), key=lambda line: line.at)
