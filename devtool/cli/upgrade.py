"""`devtool upgrade`: a project of an older devtool, brought up to date."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from devtool.cli.options import AsJson, Root


def upgrade(
    root: Root = Path(),
    restore: Annotated[
        list[str] | None, typer.Option("--restore", help="A file you removed, to come back.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would happen.")] = False,
    show_diff: Annotated[bool, typer.Option("--diff", help="Print it as a diff.")] = False,
    checks: Annotated[
        bool, typer.Option(help="Run the project's own checks before and after.")
    ] = True,
    as_json: AsJson = False,
) -> None:
    """Bring a project that an older devtool wrote up to date; what behaves differently is told."""
    from devtool.api_evolve import plan_upgrade
    from devtool.cli.evolve import carry_out

    planned = plan_upgrade(root, restore=restore or ())
    carry_out(planned, dry_run=dry_run, show_diff=show_diff, checks=checks, as_json=as_json)
