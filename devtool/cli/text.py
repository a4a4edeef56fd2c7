"""Text and JSON for people and scripts. File names are escaped: they may hold anything."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from devtool.errors import DevtoolError
    from devtool.model.detection import Candidate, Note

SCHEMA = 1


def printable(text: str) -> str:
    """Text in which control characters and undecodable bytes are escapes that do nothing.

    Terminals act on control characters, so a file's name must not reach one raw.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode("ascii")
        for c in text
    )


def to_json(value: object) -> str:
    """A dataclass or mapping as one JSON object; always valid UTF-8."""
    import json

    return json.dumps(plain(value), indent=2, ensure_ascii=True)


def plain(value: object) -> object:
    """A noun as dictionaries, lists and plain values."""
    names = getattr(value, "_fields", None) or getattr(value, "__dataclass_fields__", None)
    if names is not None:
        return {name: plain(getattr(value, name)) for name in names}
    if isinstance(value, dict):
        return {str(plain(str(key))): plain(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [plain(item) for item in value]
    if isinstance(value, str):
        # Undecodable bytes of file names are lone surrogates, which no JSON reader owes us.
        return str(value).encode("utf-8", "backslashreplace").decode("utf-8")
    return int(value) if isinstance(value, int) and not isinstance(value, bool) else value


def error_lines(error: DevtoolError) -> Iterator[str]:
    """An error as a line of fact, what it is about, and a line of advice."""
    yield f"error: {printable(error.message)}"
    for candidate in getattr(error, "candidates", ()):
        yield from candidate_lines(candidate)
    yield from note_lines(error.notes)
    if error.hint:
        yield f"hint: {printable(error.hint)}"


def candidate_lines(candidate: Candidate) -> Iterator[str]:
    """A candidate, what speaks for it and what chooses it."""
    place = candidate.root or "."
    yield f"  {printable(candidate.name)} in {printable(place)}"
    for fact in candidate.evidence[:2]:
        yield f"    because {printable(f'{fact.path}:{fact.line} {fact.fact}')}"
    settle = candidate.settle.replace("\n", "; ")
    yield f"    to choose it: {printable(candidate.command)}, or in devtool.toml: {printable(settle)}"


def note_lines(notes: Iterable[Note]) -> Iterator[str]:
    """Notes, one a line."""
    for note in notes:
        line = f":{note.line}" if note.line else ""
        place = f"{note.path}{line}: " if note.path and note.path not in note.text else ""
        yield f"note: {printable(place + note.text)}"


def error_json(error: DevtoolError) -> str:
    """An error as the object that `--json` prints."""
    return to_json(
        {
            "schema": SCHEMA,
            "error": {
                "type": type(error).__name__,
                "message": error.message,
                "hint": error.hint,
                "exit_code": error.exit_code,
                "candidates": list(getattr(error, "candidates", ())),
                "notes": list(error.notes),
            },
        }
    )
