"""What `devtool phase` prints. Without the command line library, which costs more than detection."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from devtool.model.detection import Component, Detection, Evidence

ROMAN = ("", "I", "II", "III", "IV", "V")


def plain_arguments(words: Sequence[str]) -> dict[str, object] | None:
    """The arguments of `report`, or None where it takes the command line library to read them."""
    found: dict[str, object] = {"root": ".", "explain": False, "as_json": False}
    rest = iter(words)
    for word in rest:
        name, equals, value = word.partition("=")
        if word in ("--explain", "--why"):
            found["explain"] = True
        elif word == "--json":
            found["as_json"] = True
        elif name == "--root" and equals and value:
            found["root"] = value
        elif word in ("-C", "--root"):
            value = next(rest, "")
            if not value or value.startswith("-"):
                return None
            found["root"] = value
        else:
            return None
    return found


def report(root: str | Path, *, explain: bool, as_json: bool) -> None:
    """Print what a project is.

    Args:
        root: Its folder.
        explain: Print every fact, near miss and note.
        as_json: Print one JSON object instead.

    Raises:
        UndetectedError: When nothing there is of a kind that devtool knows.
        ConfigError: When the folder, a setting or a declared target is wrong.
    """
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

    yield f"phase {ROMAN[found.phase]}: {found.description}"
    width = max((len(c.framework) for c in found.components), default=0)
    for component in found.components:
        yield _line(component, width)
        if explain:
            yield from (_fact(fact) for fact in component.evidence)
    if explain:
        yield from (f"phase: {_fact(fact).strip()}" for fact in found.evidence)
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

    is_frontend = component.role == "frontend"
    entry = f"{component.root or '.'}/" if is_frontend else component.entry
    place = f" in {component.root}" if component.root and not is_frontend else ""
    optional = " (on request)" if component.optional else ""
    fact = component.evidence[0]
    because = f"because {_place(fact)} {fact.fact}"
    return printable(
        f"{component.role:<9} {component.framework:<{width}}  {entry}{place}{optional}   {because}"
    )


def _fact(fact: Evidence) -> str:
    from devtool.cli.text import printable

    return printable(f"    {_place(fact)}  {fact.fact} ({fact.source}, {fact.strength})")


def _place(fact: Evidence) -> str:
    return f"{fact.path}:{fact.line}" if fact.line else fact.path
