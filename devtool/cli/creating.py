"""What `devtool new` does with its options, read with the command line library or without it."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from devtool import Change, ProjectSpec
    from devtool.api_generate import NewProject

INTERNAL = ".devtool/"
NONE = "none"
_FLAGS = {
    "--fast": "fast",
    "--dry-run": "dry_run",
    "--diff": "show_diff",
    "--json": "as_json",
}
_VALUES = {
    "--root": "root",
    "-C": "root",
    "--phase": "phase",
    "--features": "features",
    "--with": "more",
    "--without": "without",
    "--database-url": "database_url",
    "--frontend": "frontend",
    "--agent": "agent",
    "--title": "title",
    "--from": "source",
}


class Wish(NamedTuple):
    """The options as they are spelled."""

    name: str
    root: str = "."
    phase: str = ""
    features: str | None = None
    more: str = ""
    without: str = ""
    database_url: str = ""
    frontend: str = ""
    agent: str = ""
    title: str = ""
    source: str = ""
    fast: bool = False
    dry_run: bool = False
    show_diff: bool = False
    as_json: bool = False


def plain_wish(arguments: Sequence[str]) -> Wish | None:
    """What the words after `new` say, or None where it takes the command line library to read them."""
    found: dict[str, object] = {}
    rest = iter(arguments)
    for word in rest:
        if not _take(word, rest, found):
            return None
    phase = str(found.get("phase", ""))
    if "name" not in found or (phase and not phase.isdecimal()):
        return None
    return Wish(**found)  # type: ignore[arg-type]  # the tables above name its fields


def _take(word: str, rest: Iterator[str], found: dict[str, object]) -> bool:
    """Whether a word, with the one that follows an option, is spelled plainly."""
    name, equals, value = word.partition("=")
    if word in _FLAGS:
        found[_FLAGS[word]] = True
    elif name in _VALUES and (not equals or name.startswith("--")):
        value = value if equals else next(rest, "-")
        if not value or value.startswith("-"):
            return False
        found[_VALUES[name]] = value
    elif word.startswith("-") or "name" in found:
        return False
    else:
        found["name"] = word
    return True


def create(wish: Wish) -> None:
    """Plan a project, write it if it is not only to be shown, and say what it holds.

    Raises:
        ConfigError: If there cannot be such a project, or not at that place.
        DevtoolError: If it could not be written; nothing is left behind.
    """
    from devtool.api_generate import plan_new, write_new

    root = Path(wish.root)
    source = wish.source or None
    planned = plan_new(spec_of(wish), root, database_url=wish.database_url, source=source)
    written = not (wish.dry_run or wish.show_diff)
    if written:
        signal.signal(signal.SIGTERM, _unwind)
        write_new(planned, root)
    if wish.as_json:
        _print_json(planned, root, written=written)
    elif wish.show_diff:
        _print_diff(planned.changes)
    else:
        _print_files(planned, root, written=written)


def spec_of(wish: Wish) -> ProjectSpec:
    """The project that is wished for."""
    from devtool import ProjectSpec

    choices = {"frontend": wish.frontend, "agent": wish.agent}
    return ProjectSpec(
        name=wish.name,
        phase=int(wish.phase) if wish.phase else None,
        features=None if wish.features is None else words(wish.features),
        extra=(
            *words(wish.more),
            *(f"{group}={value}" for group, value in choices.items() if value not in ("", NONE)),
            *(("fast",) if wish.fast else ()),
        ),
        without=(*words(wish.without), *(group for group in choices if choices[group] == NONE)),
        title=wish.title,
    )


def words(text: str) -> tuple[str, ...]:
    """The names in a list with commas."""
    return tuple(part for part in (piece.strip() for piece in text.split(",")) if part)


def _unwind(number: int, frame: object) -> None:
    """End as an interrupt does: what was written half is taken back."""
    del frame
    sys.exit(128 + number)


def _print_json(planned: NewProject, root: Path, *, written: bool) -> None:
    from devtool.cli.text import SCHEMA, to_json

    print(
        to_json(
            {
                "schema": SCHEMA,
                "spec": planned.spec,
                "root": str(root / planned.spec.name),
                "written": written,
                "changes": [
                    {"path": change.path, "action": change.action.value, "text": change.text}
                    for change in planned.changes
                ],
                # Their texts hold secrets.
                "private": sorted(planned.private),
                "notes": planned.notes,
            }
        )
    )


def _print_diff(changes: tuple[Change, ...]) -> None:
    from devtool import diff_changes

    shown = tuple(change for change in changes if not change.path.startswith(INTERNAL))
    print(diff_changes(shown), end="")


def _print_files(planned: NewProject, root: Path, *, written: bool) -> None:
    from devtool.cli.text import printable

    place = root / planned.spec.name
    for note in planned.notes:
        print(printable(note))
    for change in planned.changes:
        if not change.path.startswith(INTERNAL):
            print(printable(f"{change.action.value}  {place / change.path}"))
    for path in sorted(planned.private):
        print(printable(f"create  {place / path}  (secrets, ignored by git)"))
    print(printable(f"next: devtool run --sync -C {place}") if written else "nothing was written")
