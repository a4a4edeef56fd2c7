"""What is running: the nouns of the state file and of `devtool status`.

Named tuples for the reason that stands in `devtool.model.detection`; name every field when making one.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

SCHEMA = 1


class Status(StrEnum):
    """Where a service is in its life."""

    PENDING = "pending"
    STARTING = "starting"
    READY = "ready"
    UNHEALTHY = "unhealthy"
    RELOADING = "reloading"
    STOPPING = "stopping"
    EXITED = "exited"
    FAILED = "failed"


class ProcessState(NamedTuple):
    """One service of a run. Times are seconds since the epoch (UTC); `exit_code` is 128+n for a signal."""

    name: str
    role: str
    status: Status
    pid: int | None = None
    pid_started: float | None = None
    url: str = ""
    port: int | None = None
    started_at: float | None = None
    ready_ms: float | None = None
    exit_code: int | None = None
    restarts: int = 0
    reloads: int = 0
    reload_ms: float | None = None
    last_error: str = ""


class RunState(NamedTuple):
    """One run of one project: the supervisor and its services.

    `run` is the id that the processes of the run carry in their environment; `ended_at` is None while
    it goes on, and after its supervisor was killed.
    """

    root: str
    supervisor_pid: int
    supervisor_started: float
    started_at: float
    processes: tuple[ProcessState, ...] = ()
    run: str = ""
    ended_at: float | None = None
    schema: int = SCHEMA


class Report(NamedTuple):
    """What runs for a project now, how the last run ended, and what was wrong with state files."""

    runs: tuple[RunState, ...] = ()
    last: RunState | None = None
    problems: tuple[str, ...] = ()


class Stopped(NamedTuple):
    """What became of a run that was asked to stop.

    `leftovers` are the pids that were ended because their supervisor had been killed.
    """

    state: RunState
    ended: bool
    leftovers: tuple[int, ...] = ()
