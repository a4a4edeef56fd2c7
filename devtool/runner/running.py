"""What runs for a project, and ending it: only what is proved to be ours is believed or touched."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from devtool.errors import DevtoolError, ServiceError
from devtool.model.state import ProcessState, Report, RunState, Status, Stopped
from devtool.runner import family
from devtool.runner.control import ask
from devtool.runner.state import Found, find, find_all, socket_of

STOP_TIMEOUT = 30.0
POLL_EVERY = 0.05

_ENDED = {Status.PENDING, Status.EXITED, Status.FAILED}


def report(root: str | Path) -> Report:
    """What is known of a project's runs, checked against the process table."""
    found = find(root)
    ended = [each.state for each in found if each.state and not each.alive]
    last = max(ended, key=lambda state: state.started_at, default=None)
    return Report(
        runs=tuple(_as_it_is(each.state) for each in found if each.state and each.alive),
        last=last and _over(last),
        problems=_problems(found),
    )


def report_all() -> Report:
    """What runs for any project of this user."""
    found = find_all()
    return Report(
        runs=tuple(_as_it_is(each.state) for each in found if each.state and each.alive),
        problems=_problems(found),
    )


def _problems(found: Sequence[Found]) -> tuple[str, ...]:
    """State files that are of no use, and what runs have left behind."""
    unusable = [each.problem for each in found if each.problem]
    dead = (each.state for each in found if each.state and not each.alive)
    return (*unusable, *(text for state in dead if (text := _left_behind(state))))


def _left_behind(state: RunState) -> str:
    """What of a run lives on though its supervisor and its guardian were killed, in words, or ''."""
    if state.ended_at is not None:
        return ""
    left = [f"{p.name} (pid {p.pid})" for p in state.processes if _is_orphan_of(state, p)]
    if not left:
        return ""
    return f"a killed devtool (pid {state.supervisor_pid}) has left {', '.join(left)}: devtool stop ends that"


def has_left_something(root: str | Path) -> bool:
    """Whether services of a project live on though their run was killed."""
    return any(_left_behind(each.state) for each in find(root) if each.state and not each.alive)


def status(root: str | Path) -> RunState | None:
    """The first living run of a project, or None if nothing is running."""
    return next(iter(report(root).runs), None)


def _over(state: RunState) -> RunState:
    """The state of a run whose supervisor is gone."""
    return state._replace(processes=tuple(_corrected(each, 0.0) for each in state.processes))


def _as_it_is(state: RunState) -> RunState:
    """The state, corrected by what the process table says now."""
    # A wall clock that was set since moves every start time, that of the supervisor as well.
    supervisor = family.started(state.supervisor_pid)
    moved = 0.0 if supervisor is None else supervisor - state.supervisor_started
    return state._replace(processes=tuple(_corrected(each, moved) for each in state.processes))


def _corrected(process: ProcessState, moved: float) -> ProcessState:
    if process.status in _ENDED or process.pid_started is None:
        return process
    if family.is_same(process.pid, process.pid_started + moved):
        return process
    return process._replace(status=Status.EXITED, pid=None, pid_started=None)


def stop(root: str | Path, *, timeout: float = STOP_TIMEOUT) -> list[Stopped]:
    """Ask every run of a project to stop, and wait; empty if nothing was running.

    What a run whose supervisor was killed has left is ended too, as far as it carries its mark.
    """
    found = find(root)
    alive = [each.state for each in found if each.state and each.alive]
    dead = [each.state for each in found if each.state and not each.alive]
    deadline = time.monotonic() + timeout
    supervisors = [state.supervisor_pid for state in alive]
    family.send(supervisors, signal.SIGTERM)
    if hasattr(signal, "SIGCONT"):  # one that is stopped obeys no sooner
        family.send(supervisors, signal.SIGCONT)
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


def find_service(root: str | Path, name: str) -> Found:
    """The living run that has a service.

    Raises:
        DevtoolError: No run of the project has it.
    """
    alive = [each for each in find(root) if each.state and each.alive]
    names = [process.name for each in alive if each.state for process in each.state.processes]
    for each in alive:
        if each.state and name in {process.name for process in each.state.processes}:
            return each
    if not alive:
        raise DevtoolError("nothing is running", hint="devtool run starts it")
    raise DevtoolError(
        f"no running service is called {name!r}", hint=f"there are: {', '.join(names)}"
    )


def ask_of_run(root: str | Path, pid: int, name: str, deed: str) -> None:
    """Ask the run of one supervisor to stop or restart a service, and wait for nothing.

    Raises:
        DevtoolError: That run is over, or refuses.
    """
    for each in find(root):
        if each.alive and each.state and each.state.supervisor_pid == pid:
            ask(socket_of(each.path), {"do": deed, "service": name})
            return
    raise DevtoolError("that run is over", hint="devtool status shows what runs")


def stop_service(root: str | Path, name: str, *, timeout: float = STOP_TIMEOUT) -> ProcessState:
    """Stop one service, and leave the others as they are.

    Raises:
        DevtoolError: It is not running, or has not ended within the timeout.
    """
    found = find_service(root, name)
    ask(socket_of(found.path), {"do": "stop", "service": name})
    return _until(root, name, timeout, "has not ended", lambda now: now.pid is None)


def restart_service(root: str | Path, name: str, *, timeout: float = STOP_TIMEOUT) -> ProcessState:
    """Start one service anew, and wait until it answers.

    Raises:
        DevtoolError: It is not running, or does not answer within the timeout.
        ServiceError: It ended instead.
    """
    found = find_service(root, name)
    before = _process(found.state, name)
    ask(socket_of(found.path), {"do": "restart", "service": name})

    def is_back(now: ProcessState) -> bool:
        return now.restarts > before.restarts and now.status is Status.READY

    return _until(root, name, timeout, "does not answer", is_back)


def _until(
    root: str | Path,
    name: str,
    timeout: float,
    complaint: str,
    claim: Callable[[ProcessState], bool],
) -> ProcessState:
    deadline = time.monotonic() + timeout
    now = None
    while time.monotonic() < deadline:
        found = [each.state for each in find(root) if each.state]
        known = [each for state in found for each in state.processes if each.name == name]
        now = next(iter(known), None)
        if now is not None and claim(now):
            return now
        if not any(each.alive for each in find(root)):
            code = now.exit_code if now else None
            raise ServiceError(f"{name} ended with exit code {code}", exit_code=code or 5)
        time.sleep(POLL_EVERY)
    raise DevtoolError(f"{name} {complaint} after {timeout:g} s")


def _process(state: RunState | None, name: str) -> ProcessState:
    return next(each for each in (state.processes if state else ()) if each.name == name)


def wait_until_ready(root: str | Path, *, timeout: float) -> list[RunState]:
    """The runs of a project, once every service of theirs answers; a run may yet have to begin.

    Raises:
        ServiceError: A service failed, or something does not answer within the timeout.
    """
    deadline = time.monotonic() + timeout
    began = time.time()
    while True:
        runs = report(root).runs
        if runs and all(state.processes and all(map(_is_up, state.processes)) for state in runs):
            return list(runs)
        _refuse_failures(root, began)
        if time.monotonic() > deadline:
            raise ServiceError(_lateness(runs, timeout), hint="devtool status shows what runs")
        time.sleep(POLL_EVERY)


def _lateness(runs: tuple[RunState, ...], timeout: float) -> str:
    late = [each.name for state in runs for each in state.processes if not _is_up(each)]
    if not late:
        return f"nothing has been started within {timeout:g} s"
    return f"{', '.join(late)} did not answer within {timeout:g} s"


def _is_up(process: ProcessState) -> bool:
    return process.status is Status.READY or (
        process.status is Status.EXITED and process.exit_code == 0
    )


def _refuse_failures(root: str | Path, began: float) -> None:
    """Raise if a service failed in a run that was under way while we waited."""
    told = report(root)
    ended = [told.last] if told.last and not told.runs and _ended_since(told.last, began) else []
    for state in (*told.runs, *ended):
        for each in state.processes:
            if each.status is Status.FAILED:
                raise ServiceError(
                    f"{each.name} failed: {each.last_error or 'it ended'}",
                    exit_code=each.exit_code or 5,
                    hint="devtool logs shows what it printed",
                )


def _ended_since(state: RunState, began: float) -> bool:
    return state.ended_at is not None and state.ended_at >= began
