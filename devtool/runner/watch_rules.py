"""Which files may cause a reload: what is never looked at, what is declared, what is excluded. Pure."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from functools import lru_cache

# Folders that hold no source. Any other whose name begins with a dot is ignored too.
IGNORED_FOLDERS = frozenset(
    {
        "__pycache__",
        "__pypackages__",
        "bower_components",
        "htmlcov",
        "node_modules",
        "site-packages",
        "venv",
    }
)
# An environment under any name.
ENVIRONMENT_MARKS = frozenset({"conda-meta", "pyvenv.cfg"})

_IGNORED_FILES = re.compile(
    r"""
      .*\.(py[cod]|so|pyd|class|o)      # compiled
    | .*\.(db|sqlite3?|rdb)(-\w+)?      # databases, their -wal, -shm and -journal
    | .*\.(log|pid|sock)(\.\d+)?        # what running programs write
    | .*\.(sw[a-z]|bak|orig|rej)        # swap files and backups
    | .*\.(tmp|temp)([.\-_]?\w+)?       # files on their way to a new name
    | .*~ | ~\$.* | \#.*\# | \.\#.* | 4913 | .*___jb_(tmp|old)___ | \.goutputstream-.*
    | \.fuse_hidden.* | \.nfs[0-9a-f]+ | \.coverage(\..*)? | \.DS_Store | Thumbs\.db
    """,
    re.VERBOSE | re.IGNORECASE,
)


class Rules:
    """Answers for absolute paths, by their names below the root that holds them.

    Args:
        roots: Absolute real folders; patterns are relative to the innermost one around a path.
        include: Globs of files that are declared: they count though no code imports them, and though
            they would be ignored.
        exclude: Globs of what never counts. They win over `include`.
    """

    def __init__(
        self, roots: Iterable[str], include: Iterable[str] = (), exclude: Iterable[str] = ()
    ) -> None:
        self._roots = sorted(roots, key=len, reverse=True)
        self._include = tuple(include)
        self._declared = _any_of(self._include)
        self._excluded = _any_of(exclude)

    def wants_folder(self, path: str) -> bool:
        """True unless nothing below the folder can count."""
        below = self._below(path)
        if not below:
            return True
        if self._excluded and self._excluded.match(below + "/"):
            return False
        name = below.rpartition("/")[2]
        if not name.startswith(".") and name not in IGNORED_FOLDERS:
            return True
        return any(_may_hold(pattern, below) for pattern in self._include)

    def wants_file(self, path: str) -> bool:
        """True if a change of the file counts for anything."""
        below = self._below(path)
        if self._excluded and self._excluded.match(below):
            return False
        return self._is_source(below) or self.declares(path)

    def declares(self, path: str) -> bool:
        """True if the file was declared by a glob, and is not excluded."""
        if self._declared is None:
            return False
        below = self._below(path)
        excluded = self._excluded and self._excluded.match(below)
        return not excluded and bool(self._declared.match(below))

    def _is_source(self, below: str) -> bool:
        *folders, name = below.split("/")
        if any(each.startswith(".") or each in IGNORED_FOLDERS for each in folders):
            return False
        return not _IGNORED_FILES.fullmatch(name)

    def _below(self, path: str) -> str:
        """The path below its root, with `/`; for a path outside every root its last name."""
        for root in self._roots:
            if path == root:
                return ""
            if path.startswith(root.rstrip(os.sep) + os.sep):
                below = path[len(root.rstrip(os.sep)) + 1 :]
                return below if os.sep == "/" else below.replace(os.sep, "/")
        return os.path.basename(path)


def _any_of(patterns: Iterable[str]) -> re.Pattern[str] | None:
    expressions = [expression(pattern) for pattern in patterns]
    return re.compile("|".join(expressions)) if expressions else None


@lru_cache(maxsize=256)
def expression(pattern: str) -> str:
    """The regular expression of a glob, as `.gitignore` means it, for paths with `/`.

    Without a slash it names a file or folder at any depth, with one it starts at the root; a folder
    stands for all below it, and a trailing slash lets it be nothing but a folder.
    """
    only_folder = pattern.endswith("/")
    body = pattern.rstrip("/")
    anchored = "/" in body
    parts = [_part(part) for part in body.removeprefix("./").lstrip("/").split("/")]
    joined = "/".join(parts).replace("\0/", "(?:.*/)?").replace("/\0", "/.*").replace("\0", ".*")
    return f"{'' if anchored else '(?:.*/)?'}{joined}{'/.*' if only_folder else '(?:/.*)?'}$"


def _part(part: str) -> str:
    """One name of a glob; a lone `**` is marked, for it takes its slash with it."""
    if part == "**":
        return "\0"
    pieces = re.split(r"(\*+|\?|\[!?[^\]]+\])", part)
    return "".join(_piece(piece) for piece in pieces)


def _piece(piece: str) -> str:
    if piece.startswith("*"):
        return "[^/]*"
    if piece == "?":
        return "[^/]"
    if piece.startswith("[") and piece.endswith("]"):
        return "[^" + piece[2:] if piece.startswith("[!") else piece
    return re.escape(piece)


def _may_hold(pattern: str, folder: str) -> bool:
    """True if a glob leads into the folder by names that stand in it as they are."""
    names = pattern.removeprefix("./").lstrip("/").split("/")
    theirs = folder.split("/")
    return len(names) > 1 and all(
        re.fullmatch(_part(name).replace("\0", ".*"), mine) is not None
        for name, mine in zip(names, theirs, strict=False)
    )
