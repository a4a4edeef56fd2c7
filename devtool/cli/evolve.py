"""`devtool evolve`: a project of one phase becomes one of a later phase."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from devtool.cli.options import AsJson, Root

TYPE_CHECKING = False
if TYPE_CHECKING:
    from devtool.api_evolve import Growth


def evolve(
    root: Root = Path(),
    to: Annotated[
        int | None, typer.Option("--to", help="Phase to reach.", show_default="the next one")
    ] = None,
    more: Annotated[str, typer.Option("--with", help="More features, with commas.")] = "",
    without: Annotated[str, typer.Option("--without", help="Usual features to leave out.")] = "",
    name: Annotated[
        str, typer.Option("--name", help="Name of the project, where its own cannot be used.")
    ] = "",
    files: Annotated[
        list[str] | None,
        typer.Option("--from", help="A file of yours to read entities from.", metavar="FILE"),
    ] = None,
    entity: Annotated[
        list[str] | None, typer.Option("--entity", help="A class to take as an entity.")
    ] = None,
    skip: Annotated[
        list[str] | None,
        typer.Option("--skip-field", help="A field to leave out, such as Task.callback."),
    ] = None,
    restore: Annotated[
        list[str] | None, typer.Option("--restore", help="A file you removed, to come back.")
    ] = None,
    data: Annotated[
        str, typer.Option("--import", help="A JSON file of your program, to be taken over.")
    ] = "",
    user: Annotated[
        str, typer.Option("--user", help="Whose the imported rows are: an e-mail.")
    ] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would happen.")] = False,
    show_diff: Annotated[bool, typer.Option("--diff", help="Print it as a diff.")] = False,
    go_on: Annotated[
        bool, typer.Option("--continue", help="Finish what was interrupted or had conflicts.")
    ] = False,
    checks: Annotated[
        bool, typer.Option(help="Run the project's own checks before and after.")
    ] = True,
    as_json: AsJson = False,
) -> None:
    """Grow a project into its next phase without losing a line of yours."""
    if go_on:
        _continue(root, as_json=as_json)
        return
    if data:
        _import(root, data, user, as_json=as_json)
        return
    from devtool.api_evolve import plan_evolution
    from devtool.cli.creating import words
    from devtool.model.wishes import Wishes

    wishes = Wishes(
        to,
        name,
        tuple(files or ()),
        tuple(entity or ()),
        tuple(skip or ()),
        words(more),
        words(without),
        tuple(restore or ()),
    )
    planned = plan_evolution(root, wishes)
    carry_out(planned, dry_run=dry_run, show_diff=show_diff, checks=checks, as_json=as_json)


def carry_out(
    planned: Growth, *, dry_run: bool, show_diff: bool, checks: bool, as_json: bool
) -> None:
    """Print a plan and, unless it is only to be looked at, write it.

    Raises:
        DevtoolError: If a check was green before and is red now.
        ConflictError: If files have to be merged by the user.
    """
    from devtool.api_evolve import apply_change
    from devtool.cli.changes_report import report

    writes = bool(planned.update.files) and not (dry_run or show_diff)
    report(planned, show_diff=show_diff, as_json=as_json, written=writes)
    if writes:
        apply_change(planned.update, with_checks=checks, say=_silent if as_json else print)
        if not as_json:
            print("next: devtool run --sync; devtool undo takes it all back")


def _import(root: Path, file: str, email: str, *, as_json: bool) -> None:
    from devtool.api_evolve import import_data
    from devtool.cli.text import SCHEMA, to_json

    created = import_data(file, root, email=email)
    print(
        to_json({"schema": SCHEMA, "created": created}) if as_json else f"created  {created} rows"
    )


def _continue(root: Path, *, as_json: bool) -> None:
    from devtool.api_evolve import continue_change
    from devtool.cli.text import SCHEMA, printable, to_json

    settled = continue_change(root)
    if as_json:
        print(to_json({"schema": SCHEMA, "settled": list(settled)}))
        return
    for path in settled:
        print(printable(f"settled  {path}"))
    print("nothing is left to be done")


def _silent(_: str) -> None:
    """JSON is all that is printed."""
