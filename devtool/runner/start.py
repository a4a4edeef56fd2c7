"""Check everything that can be checked, then start: a refusal leaves nothing behind."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import NamedTuple

from devtool.errors import ToolchainError
from devtool.model.launch import LaunchPlan, Service
from devtool.runner.guard import Guardian
from devtool.runner.ports import PortTakenError, Reservation, reserve
from devtool.runner.state import Slot

LEFT_BEHIND = "devtool stop, which ends what a killed devtool has left of this project"


class Prepared(NamedTuple):
    """A plan whose ports are reserved and whose place in the state folder is taken."""

    plan: LaunchPlan
    reservation: Reservation
    slot: Slot | None
    warnings: tuple[str, ...] = ()

    def release(self) -> None:
        """Give up ports and place, for whoever comes next in this process."""
        self.reservation.release()
        if self.slot is not None:
            self.slot.release()


def prepare(plan: LaunchPlan) -> Prepared:
    """Reserve what a plan needs. Nothing has been started when this raises.

    Raises:
        ToolchainError: A service cannot be started yet; the hint is the command that changes it.
        PortTakenError: A port of the plan is in use.
        ConfigError: A host or a port cannot be listened on.
    """
    for service in plan.services:
        if service.runnable:
            raise ToolchainError(service.runnable, hint=service.fix)
    try:
        reservation = reserve(plan.services)
    except PortTakenError as error:
        from devtool.runner.running import has_left_something

        if has_left_something(plan.root):
            raise PortTakenError(error.message, hint=LEFT_BEHIND) from None
        raise
    try:
        return Prepared(plan=plan, reservation=reservation, slot=Slot.take(plan.root))
    except OSError as error:
        warning = f"there will be no `devtool status` of this run: {error}"
        return Prepared(plan=plan, reservation=reservation, slot=None, warnings=(warning,))


def run(
    plan: LaunchPlan,
    *,
    guard: Callable[[], Guardian | None] = lambda: None,
    grace: float | None = None,
    env: Mapping[str, str] | None = None,
    out: int = 1,
    err: int = 2,
    quiet: bool = False,
    onlooker: int | None = None,
    on_ready: Callable[[Service], None] = lambda _: None,
    on_reload: Callable[[Service, Callable[[str], None]], None] = lambda _service, _tell: None,
) -> int:
    """Start every service of a plan, and keep them until the run ends.

    Args:
        plan: What to start.
        guard: `devtool.runner.guard.split` lets another process end everything if this one is
            killed; it may only be given by a program that does nothing else.
        grace: Seconds between the gentle signal and SIGKILL, instead of each service's own.
        env: The environment services build on; ours if None.
        out: The descriptor for the lines of services.
        err: The descriptor for complaints.
        quiet: Say nothing but complaints.
        onlooker: A descriptor whose end ends the run.
        on_ready: Called with each service that answers.
        on_reload: Called with each service whose change serves, and with what says a sentence.

    Returns:
        The exit code of the service whose end ended the run, 128+n for signal n, or 128+n if signal
        n ended devtool.

    Raises:
        ConfigError: A port is taken or a setting cannot work; nothing was started.
        ToolchainError: A service cannot be started yet; nothing was started.
    """
    from devtool.runner.loop import Loop, Options

    _claim_standard_streams()
    prepared = prepare(plan)
    for warning in prepared.warnings:
        os.write(err, f"devtool: {warning}\n".encode(errors="backslashreplace"))
    if grace is not None:
        services = tuple(service._replace(grace=grace) for service in plan.services)
        plan = plan._replace(services=services)
    options = Options(
        guardian=guard(),
        slot=prepared.slot,
        env=dict(os.environ) if env is None else env,
        out=out,
        err=err,
        quiet=quiet,
        onlooker=onlooker,
        on_ready=on_ready,
        on_reload=on_reload,
    )
    try:
        return Loop(plan, options).run()
    finally:
        prepared.release()


def _claim_standard_streams() -> None:
    """Open what was closed: the next file opened would be taken for our input or output."""
    for fd in range(3):
        try:
            os.fstat(fd)
        except OSError:
            opened = os.open(os.devnull, os.O_RDWR)
            if opened != fd:
                os.dup2(opened, fd)
                os.close(opened)
