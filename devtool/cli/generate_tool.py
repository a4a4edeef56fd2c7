"""`devtool generate tool`: something more that assistants can do."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from devtool.cli.options import AsJson, Root


def tool(
    name: Annotated[str, typer.Argument(help="What it is called, such as count_words.")],
    root: Root = Path(),
    effect: Annotated[
        str, typer.Option("--effect", help="read, add, set or delete; delete asks the user first.")
    ] = "read",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be written.")] = False,
    as_json: AsJson = False,
) -> None:
    """Add a tool for assistants: a module, its test, and its place in the list of tools.

    It is offered over MCP and in the chat at once. Its files are yours from the start.
    """
    from devtool.api_generate import plan_tool, write_tool
    from devtool.cli.text import SCHEMA, printable, to_json

    planned = plan_tool(name, root, effect=effect)
    if not dry_run:
        write_tool(planned)
    changes = [
        {"path": change.path, "action": "create" if change.mine is None else "change"}
        for change in planned.changes
    ]
    if as_json:
        print(to_json({"schema": SCHEMA, "written": not dry_run, "changes": changes}))
        return
    for change in changes:
        print(printable(f"{change['action']}  {change['path']}"))
    print("nothing was written" if dry_run else f"devtool undo takes it back: {planned.title}")
