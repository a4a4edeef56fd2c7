"""`devtool new`: a project from nothing, written whole or not at all."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from devtool.cli.options import AsJson


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
    source: Annotated[
        str,
        typer.Option(
            "--from", help="A console program whose classes it has as resources.", metavar="DIR"
        ),
    ] = "",
    title: Annotated[str, typer.Option("--title", help="Name for people.")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be written.")] = False,
    show_diff: Annotated[bool, typer.Option("--diff", help="Print it as a diff.")] = False,
    as_json: AsJson = False,
) -> None:
    """Create a project; asks nothing, uses no network, never writes into a folder in use."""
    from devtool.cli.creating import Wish, create

    create(
        Wish(
            name,
            str(root),
            "" if phase is None else str(phase),
            features,
            more,
            without,
            database_url,
            frontend,
            agent,
            title,
            source,
            fast=fast,
            dry_run=dry_run,
            show_diff=show_diff,
            as_json=as_json,
        )
    )
