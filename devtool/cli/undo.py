"""`devtool undo`: the last change of devtool to a project, taken back."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from devtool.cli.options import AsJson, Root


def undo(
    root: Root = Path(),
    leave_edited: Annotated[
        bool, typer.Option("--leave-edited", help="Leave what was edited since as it is.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Take back the last change devtool made to this project, also a half written one."""
    from devtool.api_evolve import undo_change
    from devtool.cli.text import SCHEMA, printable, to_json

    journal = undo_change(root, leave_edited=leave_edited)
    own = [entry for entry in journal.entries if not entry.path.startswith(".devtool/")]
    if as_json:
        files = [entry.path for entry in own]
        print(to_json({"schema": SCHEMA, "undone": journal.title, "files": files}))
        return
    for entry in own:
        print(printable(f"{'restored' if entry.before else 'removed'}  {entry.path}"))
    print(printable(f"undone: {journal.title}"))
