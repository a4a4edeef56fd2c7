"""`devtool run`: start what a project is made for, and keep it until it ends or is stopped."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from devtool.cli.completion import planned_services
from devtool.cli.options import AsJson, Quiet, Root

Port = Annotated[
    str | None,
    typer.Option("--port", "-p", metavar="N|auto", help="Port of the backend; auto finds one."),
]
Host = Annotated[str | None, typer.Option("--host", metavar="NAME", help="Address to listen on.")]
Reload = Annotated[
    bool | None,
    typer.Option("--reload/--no-reload", help="Restart web services when files change."),
]
Serial = Annotated[
    bool | None,
    typer.Option("--serial", help="End the old version before the new one starts, at a reload."),
]
Explain = Annotated[bool | None, typer.Option("--explain", help="Say how each reload came about.")]
Banner = Annotated[
    bool | None,
    typer.Option("--banner", help="Say on HTML pages that the last save is broken, while it is."),
]
Open = Annotated[bool | None, typer.Option("--open", help="Open the URL once it answers.")]
Only = Annotated[
    list[str] | None,
    typer.Option(
        "--only",
        metavar="NAME,..",
        help="Start these services and no others.",
        autocompletion=planned_services,
    ),
]
Except = Annotated[
    list[str] | None,
    typer.Option(
        "--except",
        metavar="NAME,..",
        help="Leave these services out.",
        autocompletion=planned_services,
    ),
]
Sync = Annotated[bool | None, typer.Option("--sync", help="Bring environments up first.")]
WithServices = Annotated[
    bool | None,
    typer.Option("--with-services", help="Start PostgreSQL and Redis where they are asked for."),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Print what would be started, and end.")]
Detach = Annotated[
    bool, typer.Option("--detach", "-d", help="Leave it in the background once it answers.")
]
Ui = Annotated[
    bool, typer.Option("--ui", help="Show it on the terminal as it changes, with keys for it.")
]
Grace = Annotated[
    str | None,
    typer.Option("--grace", metavar="S", help="Seconds between the gentle signal and SIGKILL."),
]
EnvFile = Annotated[
    list[str] | None,
    typer.Option("--env-file", metavar="FILE", help="Variables for every service."),
]
Extra = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="-- WORD..", help="Further words for the main service.", show_default=False
    ),
]


def run(
    port: Port = None,
    host: Host = None,
    reload: Reload = None,
    serial: Serial = None,
    explain: Explain = None,
    banner: Banner = None,
    open_page: Open = None,
    only: Only = None,
    left_out: Except = None,
    sync: Sync = None,
    with_services: WithServices = None,
    detach: Detach = False,
    ui: Ui = False,
    quiet: Quiet = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
    grace: Grace = None,
    env_files: EnvFile = None,
    root: Root = Path(),
    extra: Extra = None,
) -> None:
    """Start a project's services, and keep them until they end or are stopped."""
    from devtool.cli.launching import How, launch

    chosen: dict[str, object] = {
        "port": port,
        "host": host,
        "reload": reload,
        "serial": serial,
        "explain": explain,
        "banner": banner,
        "open": open_page,
        "only": only,
        "except": left_out,
        "sync": sync,
        "with_services": with_services,
        "grace": grace,
        "env_files": env_files,
    }
    how = How(detach=detach, ui=ui, quiet=quiet, dry_run=dry_run, as_json=as_json)
    code = launch(root, chosen, extra or [], how)
    if code:
        raise typer.Exit(code)
