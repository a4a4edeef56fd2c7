"""`devtool adopt OLD NEW`: a generated file lives elsewhere now."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from devtool.cli.options import Root


def adopt(
    old: Annotated[str, typer.Argument(help="Where devtool wrote it, from the project's folder.")],
    new: Annotated[str, typer.Argument(help="Where it is now.")],
    root: Root = Path(),
) -> None:
    """Record that you moved a generated file, so that later changes follow it."""
    from devtool.api_evolve import adopt_move
    from devtool.cli.text import printable

    adopt_move(old, new, root)
    print(printable(f"{old} is {new} from now on"))
