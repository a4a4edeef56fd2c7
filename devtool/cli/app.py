"""The list of commands. A command that is named alone is loaded alone."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Annotated

import typer

# Name -> the module and the function that is the command. Two words are a command of a group.
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
    "generate client": ("devtool.cli.generate_client", "client"),
    "generate resource": ("devtool.cli.generate_resource", "resource"),
    "generate tool": ("devtool.cli.generate_tool", "tool"),
    "destroy resource": ("devtool.cli.generate_resource", "destroy_resource"),
    "generate migration": ("devtool.cli.generate_migration", "migration"),
    "evolve": ("devtool.cli.evolve", "evolve"),
    "upgrade": ("devtool.cli.upgrade", "upgrade"),
    "adopt": ("devtool.cli.adopt", "adopt"),
    "undo": ("devtool.cli.undo", "undo"),
}
GROUPS = {
    "destroy": "Take away what was generated; refused where you edited it.",
    "generate": "Add to a generated project: what it writes merges with your edits or is refused.",
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
    groups: dict[str, typer.Typer] = {"": application}
    for name in names:
        module, function = COMMANDS[name]
        group, _, command = name.rpartition(" ")
        if group not in groups:
            groups[group] = typer.Typer(help=GROUPS[group], no_args_is_help=True)
            application.add_typer(groups[group], name=group)
        groups[group].command(command)(getattr(import_module(module), function))
    return application


def for_arguments(arguments: list[str]) -> typer.Typer:
    """The application for a command line: the one command it names, or all."""
    return build(*_named(arguments))


def _named(arguments: list[str]) -> tuple[str, ...]:
    """The commands that a command line may mean."""
    for words in (1, 2):
        name = " ".join(arguments[:words])
        if name in COMMANDS:
            return (name,)
    group = arguments[0] if arguments else ""
    return tuple(name for name in COMMANDS if name.startswith(f"{group} ")) or tuple(COMMANDS)


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
