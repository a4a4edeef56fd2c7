"""`devtool phase`: what a project is, and why."""

from __future__ import annotations

from typing import Annotated

import typer

from devtool.cli.options import AsJson, Root

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from devtool.model.detection import Component, Detection

_ROMAN = ("", "I", "II", "III", "IV", "V")


def phase(
    root: Root = ".",  # type: ignore[assignment]  # Typer turns the text into a Path
    explain: Annotated[
        bool, typer.Option("--explain", "--why", help="Print every fact, near miss and note.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Say what a project is: its phase, its parts, and why."""
    from devtool.api import detect_project
    from devtool.cli.text import SCHEMA, plain, to_json
    from devtool.errors import UndetectedError

    found = detect_project(root)
    if found.default and not found.layers:
        raise UndetectedError(
            f"{found.root}: nothing here is of a kind that devtool knows",
            hint='name what to start in devtool.toml: [services.backend] entry = "module:app"',
            notes=(*found.near_misses, *found.notes),
        )
    if as_json:
        body = plain(found)
        print(to_json({"schema": SCHEMA, **(body if isinstance(body, dict) else {})}))
        return
    for line in _lines(found, explain=explain):
        print(line)


def _lines(found: Detection, *, explain: bool) -> Iterator[str]:
    from devtool.cli.text import candidate_lines, note_lines, printable

    yield f"phase {_ROMAN[found.phase]}: {found.description}"
    width = max((len(c.framework) for c in found.components), default=0)
    for component in found.components:
        yield _line(component, width)
        if explain:
            yield from (
                f"    {printable(_place(f.path, f.line))}  {printable(f.fact)} ({f.source}, {f.strength})"
                for f in component.evidence
            )
    if explain:
        for fact in found.evidence:
            yield f"phase fact: {printable(_place(fact.path, fact.line))}  {printable(fact.fact)}"
    for project in found.projects:
        about = f"  {project.summary}" if project.summary else ""
        yield f"project {printable(project.path)}{about}"
    if found.refusal:
        yield f"nothing is chosen to run: {printable(found.refusal_reason)}"
        for candidate in found.candidates if explain or not found.projects else ():
            yield from candidate_lines(candidate)
        yield f"hint: {printable(found.refusal_hint)}"
    yield from note_lines(found.notes)
    if explain:
        yield from note_lines(found.near_misses)


def _line(component: Component, width: int) -> str:
    from devtool.cli.text import printable

    entry = component.entry if component.role != "frontend" else f"{component.root or '.'}/"
    fact = component.evidence[0]
    because = f"because {_place(fact.path, fact.line)} {fact.fact}"
    place = f" in {component.root}" if component.root and component.role != "frontend" else ""
    optional = " (on request)" if component.optional else ""
    return printable(
        f"{component.role:<9} {component.framework:<{width}}  {entry}{place}{optional}   {because}"
    )


def _place(path: str, line: int) -> str:
    return f"{path}:{line}" if line else path
