"""What `devtool phase --next` prints: the way to the next phase, as a list to be worked through."""

from __future__ import annotations

from devtool.cli.phase_report import ROMAN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from devtool.api_evolve import Checklist


def report_next(root: str | Path, *, as_json: bool) -> None:
    """Print what the next phase needs, and what of it is there.

    Raises:
        ConfigError: If there is no such folder.
    """
    from devtool.api_evolve import next_phase
    from devtool.cli.text import SCHEMA, plain, to_json

    found = next_phase(root)
    if as_json:
        body = plain(found)
        print(to_json({"schema": SCHEMA, **(body if isinstance(body, dict) else {})}))
        return
    for line in _lines(found):
        print(line)


def _lines(found: Checklist) -> Iterator[str]:
    from devtool.cli.text import printable

    if not found.next:
        yield f"phase {ROMAN[found.phase]} is the last"
        return
    yield f"phase {ROMAN[found.phase]}; for phase {ROMAN[found.next]}:"
    for item in found.items:
        if item.done:
            place = f"{item.path}:{item.line}" if item.line else item.path
            yield printable(f"[x] {item.name}   because {place} {item.fact}")
        else:
            yield printable(f"[ ] {item.name}   {item.advice}")
    if found.ready:
        yield "nothing is missing"
