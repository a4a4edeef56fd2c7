"""`devtool generate migration`: what the models have and the database has not, as a revision."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from devtool.cli.options import AsJson, Root


def migration(
    message: Annotated[str, typer.Argument(help="What changes, in a few words.")],
    root: Root = Path(),
    as_json: AsJson = False,
) -> None:
    """Write a migration from your models, with the project's own Alembic, and apply it."""
    from devtool.api_generate import write_migration
    from devtool.cli.text import SCHEMA, printable, to_json

    done = write_migration(message, root)
    if as_json:
        print(to_json({"schema": SCHEMA, "path": done.path, "head": done.head}))
    elif done.path:
        print(printable(f"create  {done.path}"))
        print(printable(f"the database is at {done.head}"))
    else:
        print("the models and the database agree: nothing was written")
