"""`devtool restart`: start a running service anew."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from devtool.cli.completion import running_services
from devtool.cli.options import AsJson, Quiet, Root


def restart(
    service: Annotated[
        str,
        typer.Argument(
            metavar="SERVICE", help="The service's name.", autocompletion=running_services
        ),
    ],
    root: Root = Path(),
    quiet: Quiet = False,
    as_json: AsJson = False,
    timeout: Annotated[
        float, typer.Option("--timeout", metavar="S", min=0, help="How long to wait, in seconds.")
    ] = 60.0,
) -> None:
    """Start a running service anew, and wait until it answers."""
    from devtool.api_control import restart_one
    from devtool.cli.text import SCHEMA, plain, printable, to_json

    now = restart_one(root, service, timeout=timeout)
    if as_json:
        print(to_json({"schema": SCHEMA, "service": plain(now)}))
    if as_json or quiet:
        return
    took = f" in {now.ready_ms / 1000:.2f} s" if now.ready_ms is not None else ""
    print(printable(f"{now.name} is ready again{took}  {now.url}".rstrip()))
