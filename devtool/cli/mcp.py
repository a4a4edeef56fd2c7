"""`devtool mcp`: an interface for coding agents, and adding it to one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from devtool.cli.completion import clients
from devtool.cli.options import AsJson, Root


def mcp(
    root: Root = Path(),
    install: Annotated[
        str | None,
        typer.Option(
            "--install",
            metavar="CLIENT",
            autocompletion=clients,
            help="Add devtool to claude-code, cursor, vscode or claude-desktop.",
        ),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Write it without asking.")] = False,
    as_json: AsJson = False,
) -> None:
    """Let a coding agent see and control what runs here (MCP over standard input and output)."""
    from devtool.api import project_root
    from devtool.errors import ConfigError

    where = project_root(root)
    if install is not None:
        _install(install, where, yes=yes, as_json=as_json)
        return
    if as_json:
        raise ConfigError(
            "the server speaks JSON of its own", hint="--json goes with --install CLIENT"
        )
    _serve(where)


def _serve(root: Path) -> None:
    from devtool.errors import ConfigError, ToolchainError

    if not root.is_dir():
        raise ConfigError(f"{root} is no folder", hint="name a project's folder with -C")
    try:
        from devtool.mcp.server import serve
    except ImportError as error:
        raise ToolchainError(
            f"the MCP Python SDK is missing ({error.name})", hint="pip install 'devtool[mcp]'"
        ) from error
    serve(root)


def _install(client: str, root: Path, *, yes: bool, as_json: bool) -> None:
    import sys

    from devtool.cli.text import SCHEMA, printable, to_json
    from devtool.mcp.clients import plan, write

    change = plan(client, root)
    if as_json:
        if change.is_needed and yes:
            write(change)
        about = {"path": str(change.path), "needed": change.is_needed}
        print(
            to_json(
                {
                    "schema": SCHEMA,
                    **about,
                    "entry": change.entry,
                    "written": yes and change.is_needed,
                }
            )
        )
        return
    if not change.is_needed:
        print(printable(f"{change.path} has it already"))
        return
    deed = "make" if change.before is None else "add to"
    print(printable(f"{deed} {change.path}:"))
    print("\n".join(map(printable, change.entry.splitlines())))
    if not yes and not sys.stdin.isatty():
        print("nothing was written; --yes writes it")
        return
    if yes or typer.confirm("write it?"):
        write(change)
        print(printable(f"wrote {change.path}"))
