"""`devtool generate resource` and `devtool destroy resource`: a table with all that belongs to it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from devtool.cli.options import AsJson, Root

TYPE_CHECKING = False
if TYPE_CHECKING:
    from devtool.api_generate import Planned

DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be written.")]
Diff = Annotated[bool, typer.Option("--diff", help="Print it as a diff; write nothing.")]


def resource(
    name: Annotated[str, typer.Argument(help="One of them, such as Invoice or OrderLine.")],
    fields: Annotated[
        list[str],
        typer.Argument(help="name:type, such as number:str(40)! due:date? customer:ref(user)"),
    ],
    root: Root = Path(),
    dry_run: DryRun = False,
    show_diff: Diff = False,
    as_json: AsJson = False,
) -> None:
    """Add a resource: model, schemas, service, router, migration and tests, in one step.

    Types: str(n) text int bigint float decimal(digits,places) bool date datetime time uuid
    enum(a,b) ref(other) many(other). A ! means it has to be given, a ? that it may be null,
    @unique that an owner has it once. ref(other,cascade|null|restrict) says what happens
    when the other is deleted.
    """
    from devtool.api_generate import plan_resource

    planned = plan_resource(name, fields, root)
    _carry_out(planned, dry_run=dry_run, show_diff=show_diff, as_json=as_json)


def destroy_resource(
    name: Annotated[str, typer.Argument(help="The resource to take away.")],
    root: Root = Path(),
    dry_run: DryRun = False,
    show_diff: Diff = False,
    as_json: AsJson = False,
) -> None:
    """Take a generated resource away, and drop its table by a migration; refused where you edited."""
    from devtool.api_generate import plan_resource

    planned = plan_resource(name, (), root, without=True)
    _carry_out(planned, dry_run=dry_run, show_diff=show_diff, as_json=as_json)


def _carry_out(planned: Planned, *, dry_run: bool, show_diff: bool, as_json: bool) -> None:
    from devtool.api_generate import write_resource

    database = client = ""
    written = not (dry_run or show_diff)
    if written:
        database, client = write_resource(planned)
    if as_json:
        _print_json(planned, database, client, written=written)
    elif show_diff:
        from devtool import diff_changes

        print(diff_changes(planned.update.changes), end="")
    else:
        _print_changes(planned, (database, client), written=written)


def _print_json(planned: Planned, database: str, client: str, *, written: bool) -> None:
    from devtool.cli.text import SCHEMA, to_json

    changes = [
        {"path": change.path, "action": change.action.value, "text": change.text}
        for change in planned.update.changes
    ]
    print(
        to_json(
            {
                "schema": SCHEMA,
                "resource": planned.resource.name,
                "description": planned.resource.description(),
                "written": written,
                "changes": changes,
                "database": database,
                "client": client,
            }
        )
    )


def _print_changes(planned: Planned, after: tuple[str, ...], *, written: bool) -> None:
    from devtool.cli.text import printable

    for change in planned.update.changes:
        if change.action.value not in ("keep", "adopt"):
            print(printable(f"{change.action.value}  {change.path}"))
    for line in after if written else ("nothing was written",):
        if line:
            print(printable(line))
