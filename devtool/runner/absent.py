"""What can run although a tool is missing: a backend without its frontend. Decides, and starts nothing."""

from __future__ import annotations

import shutil

from devtool.model.detection import Note, Role
from devtool.model.launch import LaunchPlan, Service

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

# What each package manager of a frontend needs beside itself.
TOOLS = {
    "npm": ("node", "npm"),
    "pnpm": ("node", "pnpm"),
    "yarn": ("node", "yarn"),
    "bun": ("bun",),
}


def without_absent(
    plan: LaunchPlan, which: Callable[[str], str | None] = shutil.which
) -> LaunchPlan:
    """The plan without the frontends whose tools are not on this machine, and a note on each.

    A frontend that is all there is to start stays: that it cannot run is then the answer.
    """
    absent = {service.name: tool for service in plan.services if (tool := _missing(service, which))}
    left = tuple(service for service in plan.services if service.name not in absent)
    if not absent or not any(service.role is Role.BACKEND for service in left):
        return plan
    notes = tuple(
        Note(f"{name} is left out: {tool} is not on PATH", kind="option")
        for name, tool in absent.items()
    )
    needing = tuple(
        service._replace(needs=tuple(name for name in service.needs if name not in absent))
        for service in left
    )
    return plan._replace(services=needing, notes=(*plan.notes, *notes))


def _missing(service: Service, which: Callable[[str], str | None]) -> str:
    """The tool that a frontend cannot do without and that is not there, or an empty string."""
    if service.role is not Role.FRONTEND or not service.argv:
        return ""
    tools = TOOLS.get(service.argv[0], ())
    return next((tool for tool in tools if which(tool) is None), "")
