"""`devtool phase`: what a project is, and why."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from devtool.cli.options import AsJson, Root
from devtool.cli.phase_report import report


def phase(
    root: Root = Path(),
    explain: Annotated[
        bool, typer.Option("--explain", "--why", help="Print every fact, near miss and note.")
    ] = False,
    next_phase: Annotated[
        bool, typer.Option("--next", help="Print what the next phase needs, and what is there.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Say what a project is: its phase, its parts, and why."""
    if next_phase:
        from devtool.cli.phase_next import report_next

        report_next(root, as_json=as_json)
    else:
        report(root, explain=explain, as_json=as_json)
