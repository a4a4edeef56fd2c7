"""`devtool new`: a project from nothing, written whole or not at all."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from devtool.cli.options import AsJson

TYPE_CHECKING = False
if TYPE_CHECKING:
    from devtool import Change, ProjectSpec

INTERNAL = ".devtool/"


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
            "--features", help="Features, separated by commas.", show_default="the usual ones"
        ),
    ] = None,
    title: Annotated[str, typer.Option("--title", help="Name for people.")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be written.")] = False,
    show_diff: Annotated[bool, typer.Option("--diff", help="Print it as a diff.")] = False,
    as_json: AsJson = False,
) -> None:
    """Create a project; asks nothing, uses no network, never writes into a folder in use."""
    from devtool import ProjectSpec, new_project, preview_project

    wanted = None if features is None else words(features)
    spec = ProjectSpec(name=name, phase=phase, features=wanted, title=title)
    only_show = dry_run or show_diff
    changes = (preview_project if only_show else new_project)(spec, root)
    if as_json:
        _print_json(spec, root, changes, written=not only_show)
    elif show_diff:
        _print_diff(changes)
    else:
        _print_files(spec, root, changes, written=not only_show)


def words(text: str) -> tuple[str, ...]:
    """The names in a list with commas."""
    return tuple(part for part in (piece.strip() for piece in text.split(",")) if part)


def _print_json(
    spec: ProjectSpec, root: Path, changes: tuple[Change, ...], *, written: bool
) -> None:
    from devtool.cli.text import SCHEMA, to_json

    print(
        to_json(
            {
                "schema": SCHEMA,
                "spec": spec,
                "root": str(root / spec.name),
                "written": written,
                "changes": [
                    {"path": change.path, "action": change.action.value, "text": change.text}
                    for change in changes
                ],
            }
        )
    )


def _print_diff(changes: tuple[Change, ...]) -> None:
    from devtool import diff_changes

    shown = tuple(change for change in changes if not change.path.startswith(INTERNAL))
    print(diff_changes(shown), end="")


def _print_files(
    spec: ProjectSpec, root: Path, changes: tuple[Change, ...], *, written: bool
) -> None:
    from devtool.cli.text import printable

    place = root / spec.name
    for change in changes:
        if not change.path.startswith(INTERNAL):
            print(printable(f"{change.action.value}  {place / change.path}"))
    print(printable(f"next: devtool run --sync -C {place}") if written else "nothing was written")
