"""The list of commands."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from devtool.cli.config import config
from devtool.cli.hot_reload import hot_reload
from devtool.cli.init import init
from devtool.cli.phase import phase
from devtool.cli.run import run
from devtool.cli.status import status
from devtool.cli.stop import stop

# Rich help costs as much again as the rest of a command, so only a person who asks for help pays.
_RICH = "rich" if "--help" in sys.argv and sys.stdout.isatty() else None

app = typer.Typer(
    name="devtool",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=_RICH,  # type: ignore[arg-type]  # a literal type that mypy widens here
)


def _version(value: bool) -> None:
    if value:
        import devtool

        print(f"devtool {devtool.__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Detect, run, hot-reload, scaffold and evolve Python backends and full-stack projects."""


app.command()(phase)
app.command(context_settings={"ignore_unknown_options": False})(run)
app.command("hot-reload")(hot_reload)
app.command()(status)
app.command()(stop)
app.command()(config)
app.command()(init)
