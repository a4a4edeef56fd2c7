"""The list of commands. A command that is named alone is loaded alone."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Annotated

import typer

# Name -> the module and the function that is the command.
COMMANDS = {
    "phase": ("devtool.cli.phase", "phase"),
    "run": ("devtool.cli.run", "run"),
    "hot-reload": ("devtool.cli.hot_reload", "hot_reload"),
    "status": ("devtool.cli.status", "status"),
    "stop": ("devtool.cli.stop", "stop"),
    "restart": ("devtool.cli.restart", "restart"),
    "wait": ("devtool.cli.wait", "wait"),
    "logs": ("devtool.cli.logs", "logs"),
    "config": ("devtool.cli.config", "config"),
    "doctor": ("devtool.cli.doctor", "doctor"),
    "mcp": ("devtool.cli.mcp", "mcp"),
    "init": ("devtool.cli.init", "init"),
    "new": ("devtool.cli.new", "new"),
}


def build(*names: str) -> typer.Typer:
    """The application with these commands."""
    # Rich help costs as much again as the rest of a command: only who asks for help on a terminal
    # pays for it.
    rich_help = "--help" in sys.argv and sys.stdout.isatty()
    application = typer.Typer(
        name="devtool",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode="rich" if rich_help else None,
    )
    application.callback()(_options)
    for name in names:
        module, function = COMMANDS[name]
        application.command(name)(getattr(import_module(module), function))
    return application


def for_arguments(arguments: list[str]) -> typer.Typer:
    """The application for a command line: the one command it names, or all."""
    named = arguments[0] if arguments else ""
    return build(named) if named in COMMANDS else build(*COMMANDS)


def _version(value: bool) -> None:
    if value:
        import devtool

        print(f"devtool {devtool.__version__}")
        raise typer.Exit


def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Detect, run, hot-reload, scaffold and evolve Python backends and full-stack projects."""


def __getattr__(name: str) -> typer.Typer:
    """`app`: the application with every command, for completion and documentation."""
    if name != "app":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return build(*COMMANDS)
