"""Variables that nothing sets: those that code cannot do without, and those of an example. Names only."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from devtool.doctor.dotenv import examples, files, names_in
from devtool.doctor.subject import Subject, few, inside, quoted
from devtool.doctor.wanted import Wanted, wanted
from devtool.model.detection import Role
from devtool.model.doctor import Finding, Level
from devtool.runner.environment import read_env_file

CHECK = "variables"


def look(subject: Subject) -> Iterator[Finding]:
    """What code asks for, then what examples name besides."""
    asked = {folder: wanted(subject.tree, folder) for folder in subject.code_folders}
    missing = [*_unset(subject, asked)]
    named = {name.upper() for each in missing for name in each.names}
    known = {name.upper() for each in asked.values() for want in each for name in want.names}
    found = [_lacking(subject, each) for each in missing]
    found += _of_examples(subject, known, named)
    if found:
        yield from found
        return
    required = {each.names for wants in asked.values() for each in wants if each.required}
    if required:
        text = f"everything that code cannot do without is set ({len(required)} variables)"
        yield Finding(check=CHECK, level=Level.OK, text=text)


def _unset(subject: Subject, asked: dict[str, list[Wanted]]) -> Iterator[Wanted]:
    seen: set[tuple[str, ...]] = set()
    for folder, wants in asked.items():
        for want in wants:
            if want.required and want.names not in seen and not _is_set(subject, folder, want):
                seen.add(want.names)
                yield want


def _is_set(subject: Subject, folder: str, want: Wanted) -> bool:
    there = set(provided(subject, folder))
    for file in want.files:
        there |= read_env_file(subject.root / folder / file).keys()
    if want.any_case:
        there = {name.upper() for name in there}
    names = [name.upper() if want.any_case else name for name in want.names]
    nested = tuple(f"{name}__" for name in names)
    return any(name in there for name in names) or any(name.startswith(nested) for name in there)


def provided(subject: Subject, folder: str) -> dict[str, str]:
    """Every variable that the code of a folder finds set."""
    found: dict[str, str] = {}
    for path in files(subject):
        if path.parent in (subject.root, subject.root / folder):
            found |= read_env_file(path)
    found |= dict(subject.env)
    for service in subject.services:
        if service.role is not Role.FRONTEND and Path(service.cwd) == subject.root / folder:
            found |= subject.variables(service)
    return found


def _lacking(subject: Subject, want: Wanted) -> Finding:
    folder = next((f for f in subject.code_folders if f and want.path.startswith(f"{f}/")), "")
    names = " or ".join(want.names)
    example = _example_with(subject, want.names)
    target = inside(example.rpartition("/")[0], ".env") if example else inside(folder, ".env")
    return Finding(
        check=CHECK,
        level=Level.ERROR,
        text=f"{want.path}:{want.line} asks for {names}, which is not set",
        fix=f"{quoted('echo', f'{want.names[0]}=VALUE')} >> {quoted(target)}",
        path=want.path,
        line=want.line,
    )


def _example_with(subject: Subject, names: tuple[str, ...]) -> str:
    for path in examples(subject):
        if set(names) & set(names_in(subject.tree.read(path) or "")):
            return path
    return ""


def _of_examples(subject: Subject, known: set[str], said: set[str]) -> Iterator[Finding]:
    """What a `.env` lacks of its example, except where code has a default."""
    for example in examples(subject):
        folder = example.rpartition("/")[0]
        target = subject.root / folder / ".env"
        if not target.is_file():
            continue  # that it is missing is said by another check
        there = {name.upper() for name in (*read_env_file(target), *subject.env)}
        names = names_in(subject.tree.read(example) or "")
        lacking = [n for n in names if n.upper() not in there | known | said]
        if lacking:
            shown = subject.shown(target)
            lines = f"^({'|'.join(lacking)})="
            yield Finding(
                check=CHECK,
                level=Level.WARNING,
                text=f"{shown} lacks {few(lacking)}, which {example} has",
                fix=f"{quoted('grep', '-E', lines, example)} >> {quoted(shown)}",
                path=example,
            )
