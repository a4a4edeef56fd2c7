"""`devtool status`: what runs for this project."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from devtool.cli.options import AsJson, Root

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from devtool.model.state import ProcessState, Report, RunState

WATCH_EVERY = 0.25


def status(
    root: Root = Path(),
    all_projects: Annotated[
        bool, typer.Option("--all", help="Show every project of this user.")
    ] = False,
    watch: Annotated[
        bool, typer.Option("--watch", help="Show it again whenever it changes.")
    ] = False,
    web: Annotated[
        bool, typer.Option("--web", help="Serve a page that shows it, on this machine only.")
    ] = False,
    port: Annotated[
        int, typer.Option("--port", metavar="N", min=0, max=65535, help="Port of that page.")
    ] = 0,
    open_page: Annotated[bool, typer.Option("--open", help="Open that page.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show what is running in this project."""
    import time

    from devtool.api import project_root
    from devtool.api_control import all_status, project_status

    if web:
        _serve(root, port, open_page=open_page, as_json=as_json, whole=not (all_projects or watch))
        return
    _refuse_without_page(port, open_page=open_page)
    where = "" if all_projects else str(project_root(root))
    shown: Report | None = None
    while True:
        report = all_status() if all_projects else project_status(where)
        if report != shown:
            _show(report, where, as_json=as_json, watch=watch, first=shown is None)
            shown = report
        if not watch:
            return
        time.sleep(WATCH_EVERY)


def _serve(root: Path, port: int, *, open_page: bool, as_json: bool, whole: bool) -> None:
    """Print the link to the page, and serve it until this is interrupted."""
    import json

    from devtool.api import project_root
    from devtool.api_control import show_page
    from devtool.cli.text import SCHEMA
    from devtool.errors import ConfigError
    from devtool.web.server import WebServer

    if not whole:
        raise ConfigError(
            "--web shows one project, as it changes", hint="leave --all and --watch out"
        )
    where = project_root(root)
    if not where.is_dir():
        raise ConfigError(f"{where} is no folder", hint="name the project's folder with -C")
    server = WebServer(where, port=port)
    if as_json:
        print(json.dumps({"schema": SCHEMA, "url": server.url}), flush=True)
    else:
        print(server.url, flush=True)
        print("whoever has this link sees logs and can stop services; Ctrl-C ends it", flush=True)
    if open_page:
        show_page(server.url)
    server.serve()


def _refuse_without_page(port: int, *, open_page: bool) -> None:
    from devtool.errors import ConfigError

    if port or open_page:
        name = "--port" if port else "--open"
        raise ConfigError(f"{name} is about the page", hint=f"add --web, or leave {name} out")


def _show(report: Report, where: str, *, as_json: bool, watch: bool, first: bool) -> None:
    import json
    import sys

    from devtool.cli.text import SCHEMA, plain, printable

    if as_json:
        body = {"schema": SCHEMA, "root": where, **_object(report)}
        # A line for each change, so that whoever watches can read line by line.
        print(json.dumps(plain(body), indent=None if watch else 2), flush=True)
        return
    if not first:
        print("\x1b[H\x1b[2J" if sys.stdout.isatty() else "", flush=True)
    for problem in report.problems:
        print(f"note: {printable(problem)}", file=sys.stderr)
    if not report.runs:
        print("nothing is running")
        for line in _how_it_ended(report.last):
            print(printable(line))
    for state in report.runs:
        if not where:
            print(printable(state.root))
        for line in _lines(state):
            print(printable(line), flush=True)


def _lines(state: RunState) -> Iterator[str]:
    import time

    from devtool.api_control import assistant_of
    from devtool.ui.times import span

    now = time.time()
    width = max((len(each.name) for each in state.processes), default=0)
    for each in state.processes:
        parts = [f"{each.name:<{width}}", f"{each.status:<9}", each.url]
        if each.pid is not None:
            parts.append(f"pid {each.pid}")
            parts.append(f"up {span(now - each.started_at)}" if each.started_at else "")
        if each.exit_code is not None and each.pid is None:
            parts.append(f"exit code {each.exit_code}")
        if each.restarts:
            parts.append(f"restarted {_times(each.restarts)}")
        if each.reloads:
            last = f", the last in {each.reload_ms:.0f} ms" if each.reload_ms is not None else ""
            parts.append(f"reloaded {_times(each.reloads)}{last}")
        if each.last_error:
            parts.append(each.last_error)
        yield "  ".join(part for part in parts if part)
        assistant = assistant_of(state.root, each)
        if assistant is not None:
            yield f"{'':<{width}}  {assistant.line()}"
    yield f"devtool pid {state.supervisor_pid}, up {span(now - state.started_at)}"


def _how_it_ended(last: RunState | None) -> Iterator[str]:
    """What is worth knowing of the last run: which service failed."""
    for each in last.processes if last else ():
        if each.status == "failed":
            code = f" with code {each.exit_code}" if each.exit_code is not None else ""
            yield f"last time {each.name} failed{code}"


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _object(report: Report) -> dict[str, object]:
    """The first run as it is, with the processes of all; `runs` holds each of them."""
    import time

    now = time.time()
    runs = report.runs
    first = runs[0] if runs else None
    return {
        "running": bool(runs),
        "supervisor_pid": first and first.supervisor_pid,
        "supervisor_started": first and first.supervisor_started,
        "started_at": first and first.started_at,
        "processes": [_service(each, state, now) for state in runs for each in state.processes],
        "runs": runs,
        "last": report.last,
        "problems": report.problems,
    }


def _service(process: ProcessState, state: RunState, now: float) -> dict[str, object]:
    from devtool.api_control import assistant_of

    lives = process.pid is not None and process.started_at is not None
    uptime = round(now - (process.started_at or now), 3) if lives else None
    assistant = assistant_of(state.root, process)
    return {
        **process._asdict(),
        "uptime": uptime,
        "supervisor_pid": state.supervisor_pid,
        "assistant": assistant and assistant._asdict(),
    }
