"""The calls that start a project: in the foreground, in the background, or shown by somebody."""

from __future__ import annotations

import os
from pathlib import Path

from devtool.api import project_root

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from devtool.client.keeper import ClientKeeper
    from devtool.model.detection import Detection, Note
    from devtool.model.launch import LaunchPlan, Service
    from devtool.runner.attended import Attended as Attended  # noqa: PLC0414 (for ui and cli)

# Several runs that look for a free port at once take each other's, one after another.
PLANS_TRIED = 8

# The exit codes of a run that somebody ended: asked to, or by a hangup, Ctrl-C or SIGTERM.
STOPPED = (0, 128 + 1, 128 + 2, 128 + 15)


def run_plan(
    plan: LaunchPlan,
    *,
    split: bool = False,
    quiet: bool = False,
    open_page: bool = False,
    replan: Callable[[], LaunchPlan] | None = None,
    onlooker: int | None = None,
    on_ready: Callable[[Service], None] = lambda _: None,
) -> int:
    """Start a plan and keep its services until they end; the exit code to end with.

    Args:
        plan: What to start.
        split: Let a second process end everything if this one is killed; only for a program that
            does nothing else.
        quiet: Say nothing of the run but what is wrong.
        open_page: Open the URL of what people look at, once it answers.
        replan: Asked for another plan when a port was taken since the plan was made; one with the
            same ports is not tried.
        onlooker: A descriptor whose end ends the run.
        on_ready: Called with each service that answers.

    Raises:
        ConfigError: When a port is taken or a host is not of this machine; nothing was started.
        ToolchainError: When a service cannot be started yet; nothing was started.
    """
    from devtool.runner import run
    from devtool.runner.browser import open_page as show
    from devtool.runner.guard import split as split_process
    from devtool.runner.ports import PortTakenError

    def greet(service: Service) -> None:
        on_ready(service)
        if open_page and service.name == _page(plan):
            show(service.url)

    def start(plan: LaunchPlan) -> int:
        return run(
            plan,
            guard=guard,
            quiet=quiet,
            onlooker=onlooker,
            on_ready=greet,
            on_reload=_client_keeping(plan),
        )

    guard = split_process if split else _without_guard
    for _ in range(PLANS_TRIED):
        try:
            return start(plan)
        except PortTakenError:
            other = replan() if replan is not None else plan
            if [service.port for service in other.services] == [s.port for s in plan.services]:
                raise
            plan = other
    return start(plan)


def _client_keeping(plan: LaunchPlan) -> Callable[[Service, Callable[[str], None]], None]:
    """What happens after each reload of the backend: the frontend's typed client stays true."""
    found: list[ClientKeeper | None] = []

    def keep(service: Service, tell: Callable[[str], None]) -> None:
        if not plan.client or service.role != "backend":
            return
        if not found:
            from devtool.client.keeper import keeper_of

            found.append(keeper_of(plan, os.environ))
        if found[0] is not None:
            found[0].reloaded(tell)

    return keep


def detach_plan(
    plan: LaunchPlan,
    *,
    on_ready: Callable[[str], None] = lambda _: None,
    open_page: bool = False,
    replan: Callable[[], LaunchPlan] | None = None,
) -> int:
    """Start a plan in the background, and wait until every service with a probe answers.

    Args:
        plan: What to start.
        on_ready: Called with the URL or the name of each service that answers.
        open_page: As for `run_plan`.
        replan: As for `run_plan`.

    Returns:
        The pid of the process that keeps watch over the run.

    Raises:
        DevtoolError: When nobody could see or end the run, because its state cannot be written.
        ServiceError: When the run ended before everything answered.
    """
    from devtool.errors import DevtoolError
    from devtool.runner.background import detach

    if reason := why_no_state(plan.root):
        raise DevtoolError(
            f"a run cannot be left in the background: {reason}",
            hint="run it in the foreground, or name another folder in DEVTOOL_STATE_DIR",
        )

    def start(tell: Callable[[Service], None]) -> int:
        return run_plan(plan, split=True, open_page=open_page, replan=replan, on_ready=tell)

    return detach(plan, start, on_ready=on_ready)


def attend_plan(
    plan: LaunchPlan,
    *,
    open_page: bool = False,
    replan: Callable[[], LaunchPlan] | None = None,
) -> Attended:
    """Start a plan in a process of its own that ends with this one; this one may show it.

    Args:
        plan: What to start.
        open_page: As for `run_plan`.
        replan: As for `run_plan`.
    """
    from devtool.runner.attended import Attended

    def start(tell: Callable[[Service], None], onlooker: int) -> int:
        return run_plan(
            plan,
            split=True,
            open_page=open_page,
            replan=replan,
            onlooker=onlooker,
            on_ready=tell,
        )

    return Attended(start)


def why_no_state(root: str | Path) -> str:
    """What keeps a run of a project from writing down its state and its logs, or nothing."""
    from devtool.errors import DevtoolError
    from devtool.runner.state import Slot

    try:
        slot = Slot.take(project_root(root))
    except OSError as error:
        return f"the state folder cannot be written: {error}"
    except DevtoolError as error:
        return error.message
    try:
        slot.check()
    except OSError as error:
        return f"the state folder cannot be written: {error}"
    finally:
        slot.release()
    return ""


def _without_guard() -> None:
    """A library keeps to its own process."""


def _page(plan: LaunchPlan) -> str:
    """The service that people look at: the frontend where there is one."""
    pages = [service for service in plan.services if service.url]
    frontends = [service for service in pages if service.role == "frontend"]
    return next((service.name for service in frontends or pages), "")


def missing_backings(plan: LaunchPlan) -> tuple[Note, ...]:
    """A sentence for each database that services ask for on this machine and that is not there."""
    from devtool.runner.backing import notes, unanswered

    return tuple(notes(unanswered(plan)))


def plan_with_backings(plan: LaunchPlan) -> LaunchPlan:
    """The plan with the databases in front that services ask for and that do not answer.

    Raises:
        ToolchainError: When a server's program is not installed.
    """
    from devtool.runner.backing import unanswered
    from devtool.runner.servers import with_backings

    return with_backings(plan, unanswered(plan))


def plan_without_absent(plan: LaunchPlan) -> LaunchPlan:
    """The plan without the frontends whose tools (Node.js) are not on this machine, with a note."""
    from devtool.model.detection import Role

    if not any(service.role is Role.FRONTEND for service in plan.services):
        return plan
    from devtool.runner.absent import without_absent

    return without_absent(plan)


def sync_plan(plan: LaunchPlan, detection: Detection, emit: Callable[[str], None]) -> None:
    """Bring up the environments of every component that a plan starts.

    Raises:
        ToolchainError: When an interpreter or a package manager is missing, or an installer fails.
    """
    from devtool.runner.sync import sync

    names = {(service.role, service.entry) for service in plan.services}
    toolchains = [
        component.toolchain
        for component in detection.components
        if component.toolchain is not None and (component.role, component.entry) in names
    ]
    sync(list(dict.fromkeys(toolchains)), Path(plan.root), emit=emit)
