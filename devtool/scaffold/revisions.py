"""Number the revisions of features, so that the migrations of a project are one chain. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

FOLDER = "backend/alembic/versions/"
TOKEN = "__REVISION__"  # noqa: S105  # a word to replace, no secret
DOWN_TOKEN = "__DOWN_REVISION__"  # noqa: S105


class Chain(NamedTuple):
    """The revisions a project has already, which are never written again.

    Attributes:
        head: The last of them, or None.
        number: How many there are: the next one is numbered from here.
        names: What they are called without their numbers.
    """

    head: str | None = None
    number: int = 0
    names: frozenset[str] = frozenset()


def numbered(files: Iterable[tuple[str, str]], chain: Chain) -> dict[str, str]:
    """The files with revisions named, chained and numbered in their order; known ones are left out."""
    done: dict[str, str] = {}
    head, number = chain.head, chain.number
    for path, text in files:
        if not (path.startswith(FOLDER) and DOWN_TOKEN in text):
            done[path] = text
            continue
        name = path.removeprefix(FOLDER).removesuffix(".py")
        if name in chain.names:
            continue
        number += 1
        revision = f"{number:04d}"
        done[f"{FOLDER}{revision}_{name}.py"] = _filled(text, revision, head)
        head = revision
    return done


def _filled(text: str, revision: str, down: str | None) -> str:
    quoted = f'"{DOWN_TOKEN}"'
    return (
        text.replace(quoted, "None" if down is None else f'"{down}"')
        .replace(DOWN_TOKEN, down or "nothing")
        .replace(TOKEN, revision)
    )
