"""The project's own checks, before a change and after it: a merge that is clean can still be wrong."""

from __future__ import annotations

import os
import subprocess
import tomllib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

PATIENCE = 900.0
PLACES = ("", "backend")
INTERPRETERS = (".venv/bin/python", ".venv/Scripts/python.exe")


class Check(NamedTuple):
    """One command that a project checks itself with.

    Attributes:
        name: What it is called.
        place: The folder, from the project's root.
        command: What is run there.
    """

    name: str
    place: str
    command: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.name} in {self.place or '.'}"


class Tool(NamedTuple):
    """How a project that uses a tool is checked with it."""

    name: str
    arguments: tuple[str, ...]
    marks: tuple[str, ...]


TOOLS = (
    Tool("ruff", ("check", "--no-cache", "--quiet", "--select", "F821,F811", "."), ("ruff",)),
    Tool("pytest", ("-q", "-x", "-p", "no:cacheprovider"), ("pytest",)),
)


def checks_of(root: Path) -> list[Check]:
    """The checks that can be run: those of places with an environment of their own."""
    return [check for place in PLACES for check in _at(root, place)]


def _at(root: Path, place: str) -> Iterator[Check]:
    folder = root / place
    python = next((folder / name for name in INTERPRETERS if (folder / name).exists()), None)
    words = _words(folder)
    if python is None or not words:
        return
    for tool in TOOLS:
        if any(mark in words for mark in tool.marks):
            yield Check(tool.name, place, (str(python), "-m", tool.name, *tool.arguments))


def _words(folder: Path) -> str:
    """What says which tools a project uses."""
    found = []
    for name in ("pyproject.toml", "requirements.txt", "requirements-dev.txt", "setup.cfg"):
        try:
            found.append((folder / name).read_text("utf-8", "replace"))
        except OSError:
            continue
    return "\n".join(found)


def green(
    root: Path, checks: Iterable[Check], *, say: Callable[[str], None] = lambda _: None
) -> list[Check]:
    """Those of the checks that pass.

    Args:
        root: The project's folder.
        checks: What to run.
        say: Called with a line before each.
    """
    passed = []
    for check in checks:
        say(f"checking: {check}")
        if passes(root, check):
            passed.append(check)
    return passed


def passes(root: Path, check: Check) -> bool:
    """Whether a check passes; one that cannot be run does not."""
    env = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        ended = subprocess.run(
            check.command,
            cwd=root / check.place,
            env=env,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=PATIENCE,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return ended.returncode == 0


def needs_sync(root: Path, place: str, before: str) -> bool:
    """Whether a place asks for packages that it did not ask for before a change."""
    after = pyproject(root, place)
    return bool(set(_requirements(after)) - set(_requirements(before)))


def pyproject(root: Path, place: str) -> str:
    """The text of a place's `pyproject.toml`, empty where there is none."""
    try:
        return (root / place / "pyproject.toml").read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return ""


def _requirements(text: str) -> list[str]:
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return []
    project = table.get("project", {})
    groups = table.get("dependency-groups", {})
    lists = [project.get("dependencies", []), *groups.values()]
    return [item for items in lists for item in items if isinstance(item, str)]
