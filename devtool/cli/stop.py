"""`devtool stop`: end what runs for this project, and touch nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from devtool.cli.completion import running_services
from devtool.cli.options import AsJson, Quiet, Root

TYPE_CHECKING = False
if TYPE_CHECKING:
    from devtool.model.state import Stopped


def stop(
    service: Annotated[
        str | None,
        typer.Argument(
            metavar="[SERVICE]", help="Stop only this service.", autocompletion=running_services
        ),
    ] = None,
    root: Root = Path(),
    quiet: Quiet = False,
    as_json: AsJson = False,
    timeout: Annotated[
        float, typer.Option("--timeout", metavar="S", min=0, help="How long to wait, in seconds.")
    ] = 30.0,
) -> None:
    """Stop what is running in this project."""
    from devtool.api_control import stop_project
    from devtool.cli.text import SCHEMA, printable, to_json
    from devtool.errors import DevtoolError

    if service is not None:
        _stop_one(root, service, timeout, quiet=quiet, as_json=as_json)
        return
    stopped = stop_project(root, timeout=timeout)
    late = [each for each in stopped if not each.ended]
    if late:
        pids = ", ".join(str(each.state.supervisor_pid) for each in late)
        raise DevtoolError(
            f"devtool (pid {pids}) was asked to stop and has not ended within {timeout:g} s",
            hint="ask again with a longer --timeout, or kill it: what it started ends with it",
        )
    if as_json:
        print(to_json({"schema": SCHEMA, "stopped": [_object(each) for each in stopped]}))
        return
    if quiet:
        return
    if not stopped:
        print("nothing is running")
    for each in stopped:
        print(printable(_line(each)))


def _stop_one(root: Path, name: str, timeout: float, *, quiet: bool, as_json: bool) -> None:
    from devtool.api_control import stop_one
    from devtool.cli.text import SCHEMA, plain, printable, to_json

    now = stop_one(root, name, timeout=timeout)
    if as_json:
        print(to_json({"schema": SCHEMA, "service": plain(now)}))
    elif not quiet:
        print(printable(f"stopped {now.name} (exit code {now.exit_code})"))


def _line(stopped: Stopped) -> str:
    if stopped.leftovers:
        count = len(stopped.leftovers)
        left = ", ".join(p.name for p in stopped.state.processes if p.pid in stopped.leftovers)
        processes = "1 process" if count == 1 else f"{count} processes"
        return f"ended {processes} that a killed devtool had left: {left}"
    names = ", ".join(each.name for each in stopped.state.processes) or "what was running"
    return f"stopped {names} (devtool pid {stopped.state.supervisor_pid})"


def _object(stopped: Stopped) -> dict[str, object]:
    return {
        "supervisor_pid": stopped.state.supervisor_pid,
        "services": [each.name for each in stopped.state.processes],
        "leftovers": stopped.leftovers,
    }
