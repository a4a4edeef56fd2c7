"""Changes as the Linux kernel reports them: at once, and without a wake-up while nothing changes.

watchfiles collects what the kernel reports and looks at its collection every few milliseconds, which
delays a change by two such steps and wakes the process all day; and it watches whole trees, thousands
of folders of packages among them. Reading the kernel's queue ourselves costs neither.
"""

from __future__ import annotations

import ctypes
import errno
import os
import select
import struct
import time
from collections.abc import Iterator
from math import ceil
from typing import NamedTuple

from devtool.runner.watch_rules import ENVIRONMENT_MARKS, Rules
from devtool.runner.watch_tree import Tree

_CLOSE_WRITE = 0x008
_MOVED_FROM = 0x040
_MOVED_TO = 0x080
_CREATE = 0x100
_DELETE = 0x200
_OVERFLOW = 0x4000
_IGNORED = 0x8000
_ONLY_FOLDERS = 0x0100_0000
_IS_FOLDER = 0x4000_0000
# A file is reported when its writer closes it, not at every write: the first finds it empty.
_MASK = _CLOSE_WRITE | _MOVED_FROM | _MOVED_TO | _CREATE | _DELETE | _ONLY_FOLDERS
_GONE = _MOVED_FROM | _DELETE
# A wait so short is slept through, and then the kernel is asked.
BLINK = 0.001
_HEAD = struct.Struct("iIII")
_NO_WATCHES_LEFT = frozenset({errno.ENOSPC, errno.EMFILE, errno.ENFILE, errno.ENOMEM})


class EventsUnavailableError(Exception):
    """The kernel reports no changes to us: no such call, or every watch is taken."""


class Report(NamedTuple):
    """One event of the kernel's."""

    watch: int
    mask: int
    name: str


class Inotify:
    """A source of changed paths.

    Args:
        rules: What to leave out.

    Raises:
        EventsUnavailableError: There is no inotify, or this user has no instance left.

    Attributes:
        tree: What is watched; whoever has it scan more must be ready for `EventsUnavailableError`.
    """

    def __init__(self, rules: Rules) -> None:
        self.tree = Tree(rules, self._follow)
        self._folder_of: dict[int, str] = {}
        self._watch_of: dict[str, int] = {}
        self._libc = _libc()
        self._fd = _checked(self._libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC))
        self._wake, self._waker = os.pipe()
        self._poll = select.poll()
        self._poll.register(self._fd, select.POLLIN)
        self._poll.register(self._wake, select.POLLIN)

    def _follow(self, folder: str) -> None:
        number = self._libc.inotify_add_watch(self._fd, os.fsencode(folder), _MASK)
        if number >= 0:
            self._folder_of[number] = folder
            self._watch_of[folder] = number
        elif ctypes.get_errno() in _NO_WATCHES_LEFT:
            raise EventsUnavailableError(os.strerror(ctypes.get_errno()))

    def wake(self) -> None:
        """Make `wait` return, from any thread."""
        os.write(self._waker, b"\0")

    def close(self) -> None:
        """Give back what the kernel holds for us."""
        for fd in (self._fd, self._wake, self._waker):
            os.close(fd)

    def wait(self, timeout: float | None) -> set[str]:
        """The paths that may have changed, or none when time is up or someone woke it."""
        if timeout is not None and timeout < BLINK:
            # The kernel rounds a poll up to the next millisecond, and lets no shorter one through.
            time.sleep(timeout)
            timeout = 0.0
        # Rounded up: a poll that ends too soon would be repeated at once.
        ready = self._poll.poll(None if timeout is None else ceil(timeout * 1000))
        changed: set[str] = set()
        for fd, _ in ready:
            if fd == self._wake:
                os.read(self._wake, 4096)
                continue
            for report in _parse(os.read(self._fd, 1 << 16)):
                changed.update(self._changed(report))
        return changed

    def _changed(self, report: Report) -> Iterator[str]:
        if report.mask & _OVERFLOW:
            yield from self._everything()
            return
        folder = self._folder_of.get(report.watch)
        if folder is None:
            return
        if report.mask & _IGNORED:
            self._drop_watch(folder, report.watch)
            return
        if report.name in ENVIRONMENT_MARKS:
            self._drop(folder)
            return
        path = os.path.join(folder, report.name)
        if report.mask & _IS_FOLDER:
            yield from self._folder_changed(folder, path, report.mask)
        elif self.tree.counts(folder, report.name):
            yield from self._file_changed(folder, report, path)

    def _folder_changed(self, folder: str, path: str, mask: int) -> Iterator[str]:
        if folder in self.tree.shallow:
            yield path
        if mask & _GONE:
            yield from self._drop(path)
        elif folder in self.tree.folders and self.tree.rules.wants_folder(path):
            yield from self.tree.scan(path)

    def _file_changed(self, folder: str, report: Report, path: str) -> Iterator[str]:
        is_link = os.path.islink(path)
        if report.mask & _CREATE and not is_link and _is_being_written(path):
            return
        if path in self.tree.links:
            yield from self._former(path)
        if is_link and os.path.isdir(path):
            self.tree.links[path] = os.path.realpath(path)
            yield from self.tree.scan(path)
            return
        if folder in self.tree.folders:
            names = self.tree.folders[folder]
            (names.discard if report.mask & _GONE else names.add)(report.name)
        if is_link:
            self.tree.link(path)
        yield path

    def _former(self, link: str) -> Iterator[str]:
        """What a link stood for until now."""
        target = self.tree.links.pop(link)
        yield target
        if target in self.tree.folders and target not in self.tree.links.values():
            yield from self._drop(target)

    def _drop(self, path: str) -> list[str]:
        folders, files = self.tree.forget(path)
        for folder in folders:
            number = self._watch_of.get(folder)
            if number is not None:
                self._libc.inotify_rm_watch(self._fd, number)
                self._drop_watch(folder, number)
        return files

    def _drop_watch(self, folder: str, number: int) -> None:
        self._folder_of.pop(number, None)
        if self._watch_of.get(folder) == number:
            del self._watch_of[folder]

    def _everything(self) -> Iterator[str]:
        """The kernel's queue overflowed: nothing that it told is complete."""
        known = set(self.tree.files())
        self.tree.again()
        yield from known | set(self.tree.files())


def _libc() -> ctypes.CDLL:
    libc = ctypes.CDLL(None, use_errno=True)
    if not hasattr(libc, "inotify_init1"):
        raise EventsUnavailableError("this system has no inotify")
    return libc


def _checked(fd: int) -> int:
    if fd < 0:
        raise EventsUnavailableError(os.strerror(ctypes.get_errno()))
    return fd


def _parse(data: bytes) -> Iterator[Report]:
    at = 0
    while at < len(data):
        watch, mask, _, length = _HEAD.unpack_from(data, at)
        name = data[at + _HEAD.size : at + _HEAD.size + length].rstrip(b"\0")
        yield Report(watch, mask, os.fsdecode(name))
        at += _HEAD.size + length


def _is_being_written(path: str) -> bool:
    """True for a file that was just created and has one name: its writer's close will follow."""
    try:
        return os.stat(path).st_nlink == 1
    except OSError:
        return True
