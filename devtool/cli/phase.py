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
    as_json: AsJson = False,
) -> None:
    """Say what a project is: its phase, its parts, and why."""
    report(root, explain=explain, as_json=as_json)
