"""`devtool new`: a project from nothing, written whole or not at all."""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from typing import Annotated

import typer

from devtool.cli.options import AsJson

TYPE_CHECKING = False
if TYPE_CHECKING:
    from devtool import Change
    from devtool.api_generate import NewProject

INTERNAL = ".devtool/"
NONE = "none"


def new(
    name: Annotated[str, typer.Argument(help="Name of the project and of its folder.")],
    root: Annotated[
        Path, typer.Option("--root", "-C", help="Folder to create it in.", metavar="DIR")
    ] = Path(),
    phase: Annotated[
        int | None,
        typer.Option(
            "--phase", help="Phase to start in.", show_default="that of the features, or 1"
        ),
    ] = None,
    features: Annotated[
        str | None,
        typer.Option(
            "--features",
            help="Exactly these features, separated by commas.",
            show_default="the usual ones",
        ),
    ] = None,
    more: Annotated[str, typer.Option("--with", help="These features as well.")] = "",
    without: Annotated[str, typer.Option("--without", help="Not these of the usual ones.")] = "",
    database_url: Annotated[
        str,
        typer.Option(
            "--database-url",
            help="Where its data is; kept in .env only.",
            show_default="a SQLite file",
        ),
    ] = "",
    frontend: Annotated[
        str, typer.Option("--frontend", help="next, vite or none.", show_default="next")
    ] = "",
    agent: Annotated[
        str,
        typer.Option("--agent", help="pydantic-ai or openai-agents.", show_default="pydantic-ai"),
    ] = "",
    fast: Annotated[
        bool, typer.Option("--fast", help="SQL compiled once, run on the driver itself.")
    ] = False,
    title: Annotated[str, typer.Option("--title", help="Name for people.")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be written.")] = False,
    show_diff: Annotated[bool, typer.Option("--diff", help="Print it as a diff.")] = False,
    as_json: AsJson = False,
) -> None:
    """Create a project; asks nothing, uses no network, never writes into a folder in use."""
    from devtool import ProjectSpec
    from devtool.api_generate import plan_new, write_new

    choices = {"frontend": frontend, "agent": agent}
    spec = ProjectSpec(
        name=name,
        phase=phase,
        features=None if features is None else words(features),
        extra=(
            *words(more),
            *(f"{group}={value}" for group, value in choices.items() if value not in ("", NONE)),
            *(("fast",) if fast else ()),
        ),
        without=(*words(without), *(group for group in choices if choices[group] == NONE)),
        title=title,
    )
    planned = plan_new(spec, root, database_url=database_url)
    if not (dry_run or show_diff):
        signal.signal(signal.SIGTERM, _unwind)
        write_new(planned, root)
    if as_json:
        _print_json(planned, root, written=not (dry_run or show_diff))
    elif show_diff:
        _print_diff(planned.changes)
    else:
        _print_files(planned, root, written=not dry_run)


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
    for change in planned.changes:
        if not change.path.startswith(INTERNAL):
            print(printable(f"{change.action.value}  {place / change.path}"))
    for path in sorted(planned.private):
        print(printable(f"create  {place / path}  (secrets, ignored by git)"))
    print(printable(f"next: devtool run --sync -C {place}") if written else "nothing was written")
