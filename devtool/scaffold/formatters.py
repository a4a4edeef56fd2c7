"""The formatter that a project has chosen for itself: what undoes a reformatting before a merge."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

from devtool.scaffold.merge import Format

PATIENCE = 30.0


class Formatter(NamedTuple):
    """A formatter that reads a text and writes it.

    Args:
        name: Its program.
        suffixes: The files it is for.
        marks: What a project that uses it has: a file, or a file and a text in it.
        arguments: Its words; `{path}` is the file's place.
    """

    name: str
    suffixes: tuple[str, ...]
    marks: tuple[tuple[str, str], ...]
    arguments: tuple[str, ...]


FORMATTERS = (
    Formatter(
        "ruff",
        (".py", ".pyi"),
        (("ruff.toml", ""), (".ruff.toml", ""), ("pyproject.toml", "[tool.ruff")),
        ("format", "--stdin-filename", "{path}", "-"),
    ),
    Formatter(
        "black",
        (".py", ".pyi"),
        (("pyproject.toml", "[tool.black"),),
        ("-q", "--stdin-filename", "{path}", "-"),
    ),
    Formatter(
        "prettier",
        (".ts", ".tsx", ".js", ".jsx", ".css", ".json", ".md", ".yaml", ".yml"),
        ((".prettierrc", ""), (".prettierrc.json", ""), ("package.json", '"prettier"')),
        ("--stdin-filepath", "{path}"),
    ),
)


def formatter(root: Path, path: str) -> Format | None:
    """What the project's own formatter makes of a text of this file, or None where it has none."""
    for folder in _folders(root, path):
        for one in FORMATTERS:
            if path.endswith(one.suffixes) and any(_has(folder, *mark) for mark in one.marks):
                program = _program(one.name, root, path)
                return partial(_run, (program, *one.arguments), root / path) if program else None
    return None


def _folders(root: Path, path: str) -> Iterator[Path]:
    """The file's folder and those above it, as far as the project's."""
    for folder in Path(path).parents:
        yield root / folder


def _has(folder: Path, name: str, text: str) -> bool:
    try:
        return text in (folder / name).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return False


def _program(name: str, root: Path, path: str) -> str | None:
    """The project's own program, or else one of the machine."""
    places = [
        str(folder / place)
        for folder in _folders(root, path)
        for place in (".venv/bin", ".venv/Scripts", "node_modules/.bin")
    ]
    return shutil.which(name, path=os.pathsep.join(places)) or shutil.which(name)


def _run(command: tuple[str, ...], place: Path, text: str) -> str | None:
    """The text as formatted, or None where the formatter fails, such as on broken syntax."""
    folder = next(folder for folder in place.parents if folder.is_dir())
    try:
        ended = subprocess.run(
            [word.format(path=place) for word in command],
            input=text.encode("utf-8"),
            cwd=folder,
            capture_output=True,
            timeout=PATIENCE,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return ended.stdout.decode("utf-8", "replace") if ended.returncode == 0 else None
