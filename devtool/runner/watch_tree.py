"""The folders and files under watch, as they were last seen."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from devtool.runner.watch_rules import ENVIRONMENT_MARKS, Rules

# A project has hundreds. Whoever watches a home folder by mistake gets the first of them.
MOST_FOLDERS = 20_000


class Stamp(NamedTuple):
    """What tells one state of a file from another without reading it."""

    modified: int
    size: int
    inode: int


class Tree:
    """Everything that rules want below some folders, links followed, each real folder once.

    Args:
        rules: What to leave out.
        follow: Called with each folder before it is listed, so that nothing is missed in between.

    Attributes:
        folders: The names of the files in each real folder.
        links: Where each symbolic link led when it was last seen, to a file or a folder.
        partial: Folders of which only certain names count: those of link targets and single files.
        shallow: Folders of which every name counts, and nothing below: installed packages.
        is_full: True once there were more folders than may be watched.
    """

    def __init__(self, rules: Rules, follow: Callable[[str], None] = lambda _: None) -> None:
        self.rules = rules
        self.folders: dict[str, set[str]] = {}
        self.links: dict[str, str] = {}
        self.partial: dict[str, set[str]] = {}
        self.shallow: set[str] = set()
        self.is_full = False
        self._given: dict[str, None] = {}
        self._follow = follow

    def scan(self, *starts: str, given: bool = False) -> list[str]:
        """Take in what is below these folders; the files that were not known before.

        Args:
            starts: Where to start.
            given: They were named by the user: an environment among them is meant.
        """
        files: list[str] = []
        waiting = [*real_folders(starts)]
        if given:
            self._given.update(dict.fromkeys(waiting))
        while waiting:
            folder = waiting.pop()
            if folder in self.folders:
                continue
            if len(self.folders) >= MOST_FOLDERS:
                self.is_full = True
                break
            self._follow(folder)
            names, below = self._list(folder, is_meant=folder in self._given)
            files.extend(os.path.join(folder, name) for name in sorted(names))
            waiting.extend(below)
        return files

    def again(self) -> None:
        """Scan anew from the folders that were given."""
        self.folders.clear()
        self.links.clear()
        self.scan(*self._given, given=True)

    def _list(self, folder: str, *, is_meant: bool) -> tuple[set[str], list[str]]:
        """The wanted names of the files, and the wanted folders."""
        found = _entries(folder)
        if found is None or (not is_meant and any(e.name in ENVIRONMENT_MARKS for e in found)):
            return set(), []
        names = self.folders[folder] = set()
        below: list[str] = []
        for entry in found:
            if _is_folder(entry):
                below.extend(self._folder(folder, entry))
            elif self.rules.wants_file(entry.path):
                names.add(entry.name)
                if entry.is_symlink():
                    self.link(entry.path)
        return names, below

    def _folder(self, parent: str, entry: os.DirEntry[str]) -> Iterator[str]:
        if not self.rules.wants_folder(entry.path):
            return
        if not entry.is_symlink():
            yield entry.path
            return
        real = os.path.realpath(entry.path)
        # A link that leads upwards would bring in everything above.
        if not _is_within(parent, real):
            self.links[entry.path] = real
            yield real

    def link(self, path: str) -> None:
        """Remember which file a link leads to, and that it counts."""
        self.links[path] = os.path.realpath(path)
        self.single(self.links[path])

    def single(self, path: str) -> None:
        """Count one file, wherever it is."""
        folder, name = os.path.split(path)
        if folder not in self.folders and name not in self.partial.setdefault(folder, set()):
            self.partial[folder].add(name)
            self._follow(folder)

    def only(self, folder: str) -> None:
        """Count every name in a folder, but nothing below."""
        if folder not in self.shallow:
            self.shallow.add(folder)
            self._follow(folder)

    def counts(self, folder: str, name: str) -> bool:
        """True if a change of this name in this folder may matter."""
        if folder in self.shallow or name in self.partial.get(folder, ()):
            return True
        return folder in self.folders and self.rules.wants_file(os.path.join(folder, name))

    def forget(self, folder: str) -> tuple[list[str], list[str]]:
        """Drop a folder that is gone; the folders and files that had been known there and below."""
        gone = [each for each in self.folders if _is_within(each, folder)]
        files = [os.path.join(each, name) for each in gone for name in self.folders[each]]
        for each in gone:
            del self.folders[each]
        return gone, files

    def files(self) -> Iterator[str]:
        """Every file that counts."""
        for table in (self.folders, self.partial):
            for folder, names in list(table.items()):
                yield from (os.path.join(folder, name) for name in list(names))


def stamp(path: str) -> Stamp | None:
    """The stamp of a regular file, links followed; None where there is none."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    if not stat.S_ISREG(status.st_mode):
        return None
    return Stamp(status.st_mtime_ns, status.st_size, status.st_ino)


def real_folders(paths: Iterable[str | os.PathLike[str]]) -> tuple[str, ...]:
    """Absolute real paths, each once, in order."""
    return tuple(dict.fromkeys(os.path.realpath(path) for path in paths))


def _entries(folder: str) -> list[os.DirEntry[str]] | None:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError:
        return None


def _is_folder(entry: os.DirEntry[str]) -> bool:
    with contextlib.suppress(OSError):
        return entry.is_dir()
    return False


def _is_within(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)
