"""`devtool run`: start what a project is made for, and keep it until it ends or is stopped."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from devtool.cli.options import AsJson, Root

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from devtool.model.launch import LaunchPlan, Service

Port = Annotated[
    str | None,
    typer.Option("--port", "-p", metavar="N|auto", help="Port of the backend; auto finds one."),
]
Host = Annotated[str | None, typer.Option("--host", metavar="NAME", help="Address to listen on.")]
Reload = Annotated[
    bool | None,
    typer.Option("--reload/--no-reload", help="Restart web services when files change."),
]
Open = Annotated[bool | None, typer.Option("--open", help="Open the URL once it answers.")]
Only = Annotated[
    list[str] | None,
    typer.Option("--only", metavar="NAME,..", help="Start these services and no others."),
]
Except = Annotated[
    list[str] | None, typer.Option("--except", metavar="NAME,..", help="Leave these services out.")
]
Sync = Annotated[bool | None, typer.Option("--sync", help="Bring environments up first.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Print what would be started, and end.")]
Detach = Annotated[
    bool, typer.Option("--detach", "-d", help="Leave it in the background once it answers.")
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
    open_page: Open = None,
    only: Only = None,
    left_out: Except = None,
    sync: Sync = None,
    detach: Detach = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
    grace: Grace = None,
    env_files: EnvFile = None,
    root: Root = Path(),
    extra: Extra = None,
) -> None:
    """Start a project's services, and keep them until they end or are stopped."""
    chosen = {
        "port": port,
        "host": host,
        "reload": reload,
        "open": open_page,
        "only": _names(only),
        "except": _names(left_out),
        "sync": sync,
        "grace": _seconds(grace),
        "env_files": env_files or None,
    }
    launch(root, chosen, extra or [], detach=detach, dry_run=dry_run, as_json=as_json)


def launch(
    root: Path,
    chosen: dict[str, object],
    extra: list[str],
    *,
    detach: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Plan a run; print it or do it.

    Args:
        root: The project's folder.
        chosen: Settings that the command line named, by key.
        extra: The words after `--`.
        detach: Leave the run in the background.
        dry_run: Print the plan and start nothing.
        as_json: Print it as one JSON object.
    """
    from devtool.api import plan_project
    from devtool.errors import ConfigError

    if as_json and not dry_run:
        raise ConfigError(
            "--json prints a plan, and a run prints what its services print",
            hint="add --dry-run, or ask a run with devtool status --json",
        )
    _refuse_stray(extra)
    plan = plan_project(root, cli=chosen, extra=extra)
    if dry_run:
        _print_plan(plan, as_json=as_json)
        return
    raise typer.Exit(_start(root, chosen, extra, plan, detach=detach))


def _start(
    root: Path, chosen: dict[str, object], extra: list[str], plan: LaunchPlan, *, detach: bool
) -> int:
    from devtool.api import (
        detach_plan,
        detect_project,
        load_settings,
        plan_project,
        run_plan,
        sync_plan,
    )

    _exit_on_signals()
    settings = load_settings(root, cli=chosen)
    if settings.flag("sync"):
        sync_plan(plan, detect_project(root, settings), lambda line: print(line, flush=True))
        plan = plan_project(root, cli=chosen, extra=extra)
    _introduce(plan)

    def replan() -> LaunchPlan:
        other = plan_project(root, cli=chosen, extra=extra)
        _introduce(other)
        return other

    open_page = settings.flag("open")
    if not detach:
        return run_plan(plan, split=True, open_page=open_page, replan=replan)
    pid = detach_plan(plan, on_ready=_announce, open_page=open_page, replan=replan)
    print(f"running in the background (devtool pid {pid}); devtool stop ends it")
    return 0


def _announce(what: str) -> None:
    print(f"{what} is ready", flush=True)


def _introduce(plan: LaunchPlan) -> None:
    """Say what will run, unless a console program has the terminal and its output to itself."""
    if not any(service.tty for service in plan.services):
        for line in _introduction(plan):
            print(line, flush=True)


def _introduction(plan: LaunchPlan) -> Iterator[str]:
    """What will run and why, a line for each service, and what was decided on the way."""
    from devtool.cli.text import printable

    names, frameworks = _width(plan, "name"), _width(plan, "framework")
    for service in plan.services:
        framework = f"{service.framework:<{frameworks}}  " if frameworks else ""
        because = f"   because {service.why[0]}" if service.why else ""
        yield printable(f"{service.name:<{names}}  {framework}{_target(service)}{because}")
    for note in plan.notes:
        if note.kind in {"port", "option"}:
            yield f"note: {printable(note.text)}"


def _width(plan: LaunchPlan, field: str) -> int:
    return max(len(getattr(service, field)) for service in plan.services)


def _target(service: Service) -> str:
    return service.entry or " ".join(service.argv)


def _print_plan(plan: LaunchPlan, *, as_json: bool) -> None:
    from devtool.cli.text import SCHEMA, note_lines, printable, to_json

    if as_json:
        print(to_json({"schema": SCHEMA, **_object(plan)}))
        return
    print(f"phase {plan.phase}: {printable(plan.description)}")
    for service in plan.services:
        for line in _details(service):
            print(printable(line))
    for line in note_lines(plan.notes):
        print(line)
    if plan.pin:
        print("to pin this, put into devtool.toml:")
        for line in plan.pin.splitlines():
            print(printable(f"  {line}".rstrip()))


def _details(service: Service) -> Iterator[str]:
    """One service of a plan, with the names of its variables and never their values."""
    import shlex

    about = f" ({service.framework})" if service.framework else ""
    yield f"{service.name}{about}"
    yield f"  command  {shlex.join(service.argv)}"
    yield f"  folder   {service.cwd}"
    if service.url:
        yield f"  url      {service.url}"
    if service.env:
        yield f"  env      {', '.join(name for name, _ in service.env)}"
    for file in service.env_files:
        yield f"  env file {file}"
    if service.needs:
        yield f"  needs    {', '.join(service.needs)}"
    for why in service.why:
        yield f"  because  {why}"
    if service.runnable:
        yield f"  not yet  {service.runnable}: {service.fix}"


def _object(plan: LaunchPlan) -> dict[str, object]:
    """The plan for scripts: as it is, but with the names of variables instead of their values."""
    from dataclasses import asdict

    services = [
        {**asdict(service), "env": [name for name, _ in service.env]} for service in plan.services
    ]
    return {**asdict(plan), "services": services}


def _exit_on_signals() -> None:
    """Until a run takes signals over, they end devtool with the code a run would end with."""
    import signal
    import sys
    import threading

    if threading.current_thread() is not threading.main_thread():
        return
    for name in ("SIGTERM", "SIGHUP"):
        signum = getattr(signal, name, None)
        if signum is not None and signal.getsignal(signum) == signal.SIG_DFL:
            signal.signal(signum, lambda received, _: sys.exit(128 + received))


def _refuse_stray(extra: list[str]) -> None:
    """Words for a service stand after `--`: a mistyped option or folder is none of them."""
    import sys

    from devtool.errors import ConfigError

    if extra and "--" not in sys.argv:
        raise ConfigError(
            f"{extra[0]!r} is no option of devtool",
            hint="words for the service stand after --, and a folder after -C",
        )


def _names(words: list[str] | None) -> list[str] | None:
    """The names of `--only a,b --only c`."""
    if not words:
        return None
    return [name.strip() for word in words for name in word.split(",") if name.strip()]


def _seconds(text: str | None) -> object:
    """A number where there is one; what else was given is for the settings to refuse."""
    if text is None:
        return None
    try:
        return float(text)
    except ValueError:
        return text
