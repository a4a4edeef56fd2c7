"""One launch that a file names, and what is shared by the readers of such files.

Each source has a weight: how often its first item named a right target in labelled repositories
(docs/explanation/detection.md). Nothing here is believed yet: `targets` checks every item against
the files.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from devtool.detection.commands import Invocation, parse
from devtool.detection.tree import SourceTree

MAX_FILES_PER_SOURCE = 12
MAX_LINES = 2_000
WEIGHTS = {
    "devtool.toml": 100.0,
    "tool.fastapi": 12.0,
    "flaskenv": 9.0,
    "litestar": 9.0,
    "project task": 8.0,
    "package.json": 7.0,
    "manage.py": 7.0,
    "makefile": 6.0,
    "uvicorn.run": 5.0,
    "compose": 5.0,
    "launch.json": 5.0,
    "procfile": 5.0,
    "platform": 5.0,
    "dockerfile": 4.0,
    "readme": 4.0,
    "console script": 4.0,
    "langgraph.json": 2.0,
    "shell script": 2.0,
    "contributing": 2.0,
    "readme below": 2.0,
}
# A wrong item of one of these is an error that names it; a stale item of the others is passed over.
FIRM_SOURCES = frozenset({"devtool.toml", "tool.fastapi", "flaskenv", "litestar"})
PROSE_SOURCES = frozenset({"readme", "readme below", "contributing", "shell script"})


class Declaration(NamedTuple):
    """One launch that a file names, as found: `folder` is where it would be typed."""

    source: str
    path: str
    line: int
    folder: str
    invocation: Invocation
    framework: str = ""


class Pin(NamedTuple):
    """A target that the user named: `[services.NAME] entry = ..., cwd = ...` of a file."""

    entry: str
    cwd: str
    path: str
    line: int = 0
    name: str = ""
    framework: str = ""


def pinned(pin: Pin) -> Declaration:
    """The declaration that a pin makes: an object, a file, or what `python -m` takes."""
    words = ["uvicorn", pin.entry] if ":" in pin.entry else ["python", pin.entry]
    if ":" not in pin.entry and not pin.entry.endswith(".py"):
        words = ["python", "-m", pin.entry]
    invocation = parse(words) or Invocation("app", pin.entry, "uvicorn")
    return Declaration("devtool.toml", pin.path, pin.line, pin.cwd, invocation, pin.framework)


def files(tree: SourceTree, *names: str, depth: int = 3) -> list[str]:
    """The files of these names that may hold evidence, shallow ones first."""
    found = [
        path for path in tree.named(*names) if path.count("/") <= depth and not _is_aside(path)
    ]
    return found[:MAX_FILES_PER_SOURCE]


def _is_aside(path: str) -> bool:
    return re.search(r"(^|/)(tests?|docs?|examples?|samples?|templates?)/", path) is not None


def folder_of(path: str) -> str:
    """The folder of a path."""
    return path.rpartition("/")[0]


def line_of(tree: SourceTree, path: str, *needles: str) -> int:
    """The first line that holds every needle, or 0 where none of the first thousands does."""
    for number, line in enumerate(tree.lines(path)[:MAX_LINES], 1):
        if all(needle in line for needle in needles):
            return number
    return 0


def dig(value: object, *keys: str) -> object:
    """A value in nested tables, or None."""
    for key in keys:
        if not isinstance(value, dict):
            return None
        value = value.get(key)
    return value
