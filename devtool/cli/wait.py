"""`devtool wait`: return once everything answers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from devtool.cli.options import AsJson, Quiet, Root


def wait(
    root: Root = Path(),
    ready: Annotated[
        bool, typer.Option("--ready", help="Wait until every service answers (the default).")
    ] = True,
    timeout: Annotated[
        float, typer.Option("--timeout", metavar="S", min=0, help="How long to wait, in seconds.")
    ] = 60.0,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Wait until every service of this project answers; exit with 5 if one does not."""
    from devtool.api_control import wait_for_project
    from devtool.cli.text import SCHEMA, printable, to_json

    runs = wait_for_project(root, timeout=timeout)
    if as_json:
        print(to_json({"schema": SCHEMA, "ready": ready, "runs": runs}))
    if as_json or quiet:
        return
    for state in runs:
        for each in state.processes:
            print(printable(f"{each.name} {each.status}  {each.url}".rstrip()))
