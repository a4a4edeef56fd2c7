"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Root = Annotated[
    Path,
    typer.Option(
        "--root",
        "-C",
        help="Folder of the project.",
        metavar="DIR",
        show_default="this folder",
        readable=False,  # the commands say more about what they cannot read, also as JSON
    ),
]
Quiet = Annotated[
    bool, typer.Option("--quiet", "-q", help="Say nothing but what is wrong; see the exit code.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object, see docs.")]
