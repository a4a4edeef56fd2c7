"""The migrations that a project has: where its chain of revisions ends. Reads, and imports nothing."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from devtool.errors import ConfigError
from devtool.model.detection import Note
from devtool.scaffold.revisions import FOLDER, Chain

NUMBERED = re.compile(r"(\d+)_(.+)", re.ASCII)


class Revision(NamedTuple):
    """One migration: its name, and those it comes after."""

    name: str
    after: tuple[str, ...]
    path: str


def chain_of(root: Path, recorded: Iterable[str]) -> Chain:
    """What a project's next revision comes after.

    Args:
        root: The project's folder.
        recorded: The files that devtool wrote: their revisions are not written again.

    Raises:
        ConfigError: If the chain has two ends, or a file of it is no Python.
    """
    folder = root / FOLDER
    texts = {
        FOLDER + path.name: path.read_text("utf-8-sig", "replace")
        for path in sorted(folder.glob("*.py"))
        if path.is_file()
    }
    names = (PurePosixPath(path).stem for path in recorded if path.startswith(FOLDER))
    known = frozenset(match[2] for match in map(NUMBERED.fullmatch, names) if match)
    return chain(texts, known)


def chain(texts: Mapping[str, str], known: frozenset[str] = frozenset()) -> Chain:
    """What the next revision comes after, given the files by their paths.

    Raises:
        ConfigError: As for `chain_of`.
    """
    revisions = [found for path, text in texts.items() if (found := _read(path, text))]
    before = {name for revision in revisions for name in revision.after}
    heads = [revision for revision in revisions if revision.name not in before]
    if len(heads) > 1:
        raise ConfigError(
            f"the migrations have {len(heads)} ends: {' and '.join(r.name for r in heads)}",
            hint="join them first: cd backend && alembic merge heads",
            notes=[Note(text=f"{head.name} ends here", path=head.path) for head in heads],
        )
    numbers = [int(m[1]) for path in texts if (m := NUMBERED.fullmatch(PurePosixPath(path).stem))]
    head = heads[0].name if heads else None
    return Chain(head=head, number=max(numbers, default=0), names=known)


def first_of(root: Path, paths: Iterable[str]) -> Revision | None:
    """Of the revisions among these files, the one that comes first in the chain."""
    found = _revisions(root, paths)
    names = {revision.name for revision in found}
    return next((each for each in found if not names & set(each.after)), None)


def refuse_later(root: Path, paths: Collection[str]) -> None:
    """Refuse that the revisions among these files go while others come after them.

    Raises:
        ConfigError: If some do.
    """
    going = {revision.name: revision for revision in _revisions(root, paths)}
    there = sorted(FOLDER + path.name for path in (root / FOLDER).glob("*.py"))
    for revision in _revisions(root, (path for path in there if path not in paths)):
        for name in revision.after:
            if name in going:
                raise ConfigError(
                    f"{revision.path} comes after {going[name].path}; nothing was done",
                    hint=f"take it back first: cd backend && alembic downgrade {name}, then remove it",
                )


def _revisions(root: Path, paths: Iterable[str]) -> list[Revision]:
    return [
        revision
        for path in paths
        if path.startswith(FOLDER) and (root / path).is_file()
        if (revision := _read(path, (root / path).read_text("utf-8-sig", "replace")))
    ]


def _read(path: str, text: str) -> Revision | None:
    try:
        body = ast.parse(text).body
    except (SyntaxError, ValueError) as error:
        raise ConfigError(f"{path} does not parse", hint="correct it first") from error
    found: dict[str, object] = {}
    for node in body:
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            target = node.targets[0] if isinstance(node, ast.Assign) else node.target
            found[ast.unparse(target)] = _literal(node.value)
    own, after = found.get("revision"), found.get("down_revision")
    if not isinstance(own, str):
        return None
    names = (after,) if isinstance(after, str) else after if isinstance(after, tuple) else ()
    return Revision(own, tuple(str(item) for item in names), path)


def _literal(node: ast.expr) -> object:
    try:
        value: object = ast.literal_eval(node)
    except ValueError:
        return None
    return tuple(value) if isinstance(value, list) else value
