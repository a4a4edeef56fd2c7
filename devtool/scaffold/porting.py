"""What became of a console program, for whoever goes on with it: `PORTING.md`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from devtool.scaffold.contract import Contract
from devtool.scaffold.entities import Reading
from devtool.scaffold.mapping import Mapped

PATH = "PORTING.md"


def text(
    reading: Reading,
    mapped: Iterable[Mapped],
    paths: Mapping[str, str],
    contracts: Iterable[Contract | str],
) -> str:
    """What was mapped, with its place, and what is left to be done by hand. Pure."""
    items = list(mapped)
    parts = [HEAD, *(_entity(item, paths[item.resource]) for item in items)]
    parts.append("\n".join(_todo(reading, items, contracts)))
    return "\n".join(parts) + "\n"


def _entity(item: Mapped, path: str) -> str:
    entity = item.entity
    rows = [
        f"| `{field.name}` | `{field.api}` | `{field.word or field.kind}` |"
        for field in item.fields
    ]
    return "\n".join(
        (
            f"## {entity.name} is `{path}`",
            "",
            f"`{entity.path}:{entity.line}`, because {entity.why}.",
            "",
            "| field | in the API | as |",
            "|---|---|---|",
            *rows,
            "",
        )
    )


def _todo(
    reading: Reading, mapped: Iterable[Mapped], contracts: Iterable[Contract | str]
) -> Iterator[str]:
    yield "## To be done by hand"
    yield ""
    found = [
        f"`{manager.name}.{method.name}({', '.join(method.parameters)})`"
        f" ({manager.path}:{method.line}) is no create, read, update or delete: give it a route"
        for manager in reading.managers
        for method in manager.custom
    ]
    found += [
        f"`{item.entity.name}.{method}` ({item.entity.path}): move what you need into a service"
        for item in mapped
        for method in item.entity.methods
    ]
    found += [f"{note.text} ({note.path}:{note.line})" for item in mapped for note in item.notes]
    found += [f"left out: {note.text} ({note.path}:{note.line})" for note in reading.skipped]
    found += [f"no contract test: {why}" for why in contracts if isinstance(why, str)]
    yield from (f"- [ ] {line}" for line in found)
    if not found:
        yield "Nothing."


HEAD = """# From the terminal to the web

The program is as it was, and works as it did. `backend/` holds the same things behind an API;
`backend/tests/contract/` calls both and compares. This page says what became what.
"""
