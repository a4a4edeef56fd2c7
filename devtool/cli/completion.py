"""What the shell offers where the name of a service is wanted. Nothing is said where that fails."""

from __future__ import annotations

from pathlib import Path

import typer  # noqa: TC002  # it reads annotations as the program runs

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable


def running_services(context: typer.Context, incomplete: str) -> list[str]:
    """The services that run."""
    from devtool.api_control import project_status

    report = project_status(_root(context))
    return _fitting((each.name for run in report.runs for each in run.processes), incomplete)


def logged_services(context: typer.Context, incomplete: str) -> list[str]:
    """The services that have logs."""
    from devtool.api_control import project_logs

    folders = project_logs(_root(context))
    return _fitting((name for folder in folders for name in folder.services), incomplete)


def planned_services(context: typer.Context, incomplete: str) -> list[str]:
    """The services that a run would start; after a comma, the next one."""
    from devtool.api import plan_project
    from devtool.errors import DevtoolError

    named, comma, begun = incomplete.rpartition(",")
    try:
        plan = plan_project(_root(context))
    except DevtoolError:
        return []
    found = _fitting((service.name for service in plan.services), begun)
    return [f"{named}{comma}{name}" for name in found]


def clients(incomplete: str) -> list[str]:
    """The clients that devtool can be added to."""
    from devtool.mcp.clients import CLIENTS

    return _fitting((client.name for client in CLIENTS), incomplete)


def _root(context: typer.Context) -> Path:
    return Path(context.params.get("root") or ".")


def _fitting(names: Iterable[str], begun: str) -> list[str]:
    return sorted({name for name in names if name.startswith(begun)})
