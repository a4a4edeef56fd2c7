"""`devtool generate client`: the TypeScript types of the API, out of the API itself."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from devtool.cli.options import AsJson, Root

TYPE_CHECKING = False
if TYPE_CHECKING:
    from devtool.api_generate import Client


def client(
    root: Root = Path(),
    target: Annotated[
        str, typer.Option("--to", metavar="FILE", help="File of the types, from the frontend.")
    ] = "src/lib/api.gen.ts",
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; end with 6 if the file is behind.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Write the types of the frontend's client from the backend as it is now; uses no network."""
    from devtool.api_generate import project_client, write_client

    made = project_client(root, target=target)
    written = not check and write_client(made)
    if as_json:
        _print_json(made, written=written)
    elif made.is_current or not check:
        _print_outcome(made, written=written)
    if check and not made.is_current:
        _refuse(made, quiet=as_json)


def _print_json(made: Client, *, written: bool) -> None:
    from devtool.cli.text import SCHEMA, to_json

    print(
        to_json(
            {
                "schema": SCHEMA,
                "path": str(made.path),
                "current": made.is_current,
                "written": written,
                "operations": made.operations,
                "diff": made.diff(),
            }
        )
    )


def _print_outcome(made: Client, *, written: bool) -> None:
    from devtool.cli.text import printable

    count = len(made.operations)
    if not written:
        print(printable(f"{made.path} is up to date: {count} operations"))
        return
    deed = "create" if made.before is None else "update"
    print(printable(f"{deed}  {made.path}: {count} operations"))


def _refuse(made: Client, *, quiet: bool) -> None:
    from devtool.errors import ConflictError

    if quiet:
        raise typer.Exit(ConflictError.exit_code)
    print(made.diff(), end="")
    raise ConflictError(
        f"{made.path} is not what the backend answers now", hint="devtool generate client"
    )
