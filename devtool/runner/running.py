"""What runs for a project, and ending it: only what is proved to be ours is believed or touched."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import replace
from pathlib import Path

from devtool.model.state import ProcessState, Report, RunState, Status, Stopped
from devtool.runner import family
from devtool.runner.state import find

STOP_TIMEOUT = 30.0

_ENDED = {Status.PENDING, Status.EXITED, Status.FAILED}


def report(root: str | Path) -> Report:
    """What is known of a project's runs, checked against the process table."""
    found = find(root)
    ended = [each.state for each in found if each.state and not each.alive]
    last = max(ended, key=lambda state: state.started_at, default=None)
    return Report(
        runs=tuple(_as_it_is(each.state) for each in found if each.state and each.alive),
        last=last and _over(last),
        problems=tuple(each.problem for each in found if each.problem),
    )


def status(root: str | Path) -> RunState | None:
    """The first living run of a project, or None if nothing is running."""
    return next(iter(report(root).runs), None)


def _over(state: RunState) -> RunState:
    """The state of a run whose supervisor is gone."""
    return replace(state, processes=tuple(_corrected(each, 0.0) for each in state.processes))


def _as_it_is(state: RunState) -> RunState:
    """The state, corrected by what the process table says now."""
    # A wall clock that was set since moves every start time, that of the supervisor as well.
    supervisor = family.started(state.supervisor_pid)
    moved = 0.0 if supervisor is None else supervisor - state.supervisor_started
    return replace(state, processes=tuple(_corrected(each, moved) for each in state.processes))


def _corrected(process: ProcessState, moved: float) -> ProcessState:
    if process.status in _ENDED or process.pid_started is None:
        return process
    if family.is_same(process.pid, process.pid_started + moved):
        return process
    return replace(process, status=Status.EXITED, pid=None, pid_started=None)


def stop(root: str | Path, *, timeout: float = STOP_TIMEOUT) -> list[Stopped]:
    """Ask every run of a project to stop, and wait; empty if nothing was running.

    What a run whose supervisor was killed has left is ended too, as far as it carries its mark.
    """
    found = find(root)
    alive = [each.state for each in found if each.state and each.alive]
    dead = [each.state for each in found if each.state and not each.alive]
    deadline = time.monotonic() + timeout
    family.send((state.supervisor_pid for state in alive), signal.SIGTERM)
    stopped = [_outcome(state, deadline) for state in alive]
    return stopped + [outcome for state in dead for outcome in _end_orphans(state)]


def _outcome(state: RunState, deadline: float) -> Stopped:
    since = family.started(state.supervisor_pid)
    while family.is_same(state.supervisor_pid, since):
        if time.monotonic() > deadline:
            return Stopped(state=state, ended=False)
        time.sleep(0.02)
    return Stopped(state=state, ended=True)


def _end_orphans(state: RunState) -> list[Stopped]:
    """End the services of a run whose supervisor is gone."""
    ours = [each.pid for each in state.processes if _is_orphan_of(state, each) and each.pid]
    if not ours:
        return []
    rows = family.table()
    relatives = sorted({*ours, *family.descendants(rows, ours)} - {os.getpid()})
    family.send(relatives, signal.SIGTERM)
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline and any(family.started(pid) for pid in relatives):
        time.sleep(0.02)
    alive = [pid for pid in relatives if family.started(pid) is not None]
    family.send(alive, getattr(signal, "SIGKILL", signal.SIGTERM))
    return [Stopped(state=state, ended=True, leftovers=tuple(relatives))]


def _is_orphan_of(state: RunState, process: ProcessState) -> bool:
    """True if this very process lives and was started by that very run."""
    if not state.run or not process.pid:
        return False
    is_same = family.is_same(process.pid, process.pid_started)
    return is_same and family.mark_of(process.pid) == f"{state.run}/{process.name}"
