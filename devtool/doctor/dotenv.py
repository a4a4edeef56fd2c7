"""`.env` files: missing beside their example, and at odds with each other."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path

from devtool.doctor.subject import Subject, few, inside, quoted
from devtool.errors import ConfigError
from devtool.model.doctor import Action, Finding, Level
from devtool.runner.environment import read_env_file

CHECK = "dotenv"
EXAMPLES = (
    ".env.example",
    ".env.sample",
    ".env.template",
    ".env.dist",
    "env.example",
    "example.env",
)
_NAME = re.compile(r"^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=", re.MULTILINE)


def look(subject: Subject) -> Iterator[Finding]:
    """What an example offers and no `.env` takes up, and names with several values."""
    found = [*_missing(subject), *_twice(subject), *_against_each_other(subject)]
    found += _hidden(subject)
    if found or not files(subject):
        yield from found
        return
    text = f"{few([subject.shown(path) for path in files(subject)])} and the environment agree"
    yield Finding(check=CHECK, level=Level.OK, text=text)


def examples(subject: Subject) -> list[str]:
    """Every example of a `.env` file; of several beside each other, the first."""
    first: dict[str, str] = {}
    for name in EXAMPLES:
        for path in subject.tree.named(name):
            first.setdefault(path.rpartition("/")[0], path)
    return sorted(first.values())


def names_in(text: str) -> list[str]:
    """The variables that a `.env` file sets, each once."""
    return list(dict.fromkeys(_NAME.findall(text)))


def files(subject: Subject) -> list[Path]:
    """The `.env` files of the root and of every part."""
    folders = dict.fromkeys(("", *(each.root for each in subject.detection.components)))
    found = (subject.root / folder / ".env" for folder in folders)
    return [path for path in found if path.is_file()]


def _missing(subject: Subject) -> Iterator[Finding]:
    for example in examples(subject):
        folder = example.rpartition("/")[0]
        target = inside(folder, ".env")
        others = (inside(folder, name) for name in (".env", ".env.local", ".env.development"))
        if any((subject.root / other).exists() for other in others):
            continue
        yield Finding(
            check=CHECK,
            level=Level.WARNING,
            text=f"{example} is there, and {target} is not",
            fix=quoted("cp", "-n", example, target),
            action=Action.COPY_ENV,
            path=example,
        )


def _twice(subject: Subject) -> Iterator[Finding]:
    for path in files(subject):
        text = _text(path)
        names = _NAME.findall(text)
        repeated = sorted({name for name in names if names.count(name) > 1})
        if repeated:
            shown = subject.shown(path)
            yield Finding(
                check=CHECK,
                level=Level.WARNING,
                text=f"{shown} sets {few(repeated)} more than once; the last one counts",
                fix=f"remove all but one line for {few(repeated)} from {shown}",
                path=shown,
            )


def _against_each_other(subject: Subject) -> Iterator[Finding]:
    values = {path: _values(path) for path in files(subject)}
    for one, other in combinations(values, 2):
        names = _differing(values[one], values[other])
        if names:
            first, second = subject.shown(one), subject.shown(other)
            yield Finding(
                check=CHECK,
                level=Level.WARNING,
                text=f"{first} and {second} give {few(names)} different values",
                fix=f"set {few(names)} in one of {first} and {second} only",
                path=first,
            )


def _hidden(subject: Subject) -> Iterator[Finding]:
    for path in files(subject):
        names = _differing(_values(path), dict(subject.env))
        if names:
            shown = subject.shown(path)
            yield Finding(
                check=CHECK,
                level=Level.WARNING,
                text=f"the environment gives {few(names)} another value than {shown}, and wins",
                fix=quoted("unset", *names),
                path=shown,
            )


def _differing(one: dict[str, str], other: dict[str, str]) -> list[str]:
    return sorted(name for name in one.keys() & other.keys() if one[name] != other[name])


def _values(path: Path) -> dict[str, str]:
    try:
        return read_env_file(path)
    except ConfigError:
        return {}  # what is wrong with it is said where its variables are looked for


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8-sig", errors="replace")
    except OSError:
        return ""
