"""What runs, and starting and ending it."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from devtool.api_control import (
    project_status,
    restart_one,
    stop_one,
    stop_project,
    wait_for_project,
)
from devtool.errors import DevtoolError, ServiceError
from devtool.model.state import ProcessState, RunState

START_SECONDS = 900.0
WRITTEN_SECONDS = 5.0
Arguments = Mapping[str, object]


def status(root: Path, _arguments: Arguments) -> dict[str, object]:
    """Every run of the project and its services, and how the last run ended."""
    found = project_status(root)
    services = [_service(each) for run in found.runs for each in run.processes]
    answer: dict[str, object] = {"running": bool(found.runs), "services": services}
    if not found.runs and found.last is not None:
        answer["last_run"] = [_service(each) for each in found.last.processes]
    if found.problems:
        answer["problems"] = list(found.problems)
    return answer


def _service(process: ProcessState) -> dict[str, object]:
    """A service as far as there is something to say about it."""
    up = round(time.time() - process.started_at, 1) if process.pid and process.started_at else None
    said: dict[str, object] = {
        "name": process.name,
        "status": str(process.status),
        "url": process.url,
        "pid": process.pid,
        "up_s": up,
        "restarts": process.restarts,
        "reloads": process.reloads,
        "reload_ms": process.reload_ms,
        "exit_code": process.exit_code if process.pid is None else None,
        "last_error": process.last_error,
    }
    return {
        key: value
        for key, value in said.items()
        if value not in (None, "", 0) or (key == "exit_code" and value == 0)
    }


def start(root: Path, arguments: Arguments) -> dict[str, object]:
    """Start the project and wait until it answers; what already runs is left as it is.

    Raises:
        DevtoolError: When it could not be started.
    """
    if project_status(root).runs:
        return {"reused": True, **status(root, {})}
    words = ("--sync",) if arguments.get("sync") else ()
    # A process of its own: a run forks, which one with the threads of a server must not.
    argv = (sys.executable, "-m", "devtool", "run", "--detach", "--root", str(root), *words)
    try:
        done = subprocess.run(
            argv,
            cwd=root,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=START_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise ServiceError(f"nothing answered within {START_SECONDS:g} s") from None
    if done.returncode and not project_status(root).runs:
        said = (done.stderr or done.stdout).decode(errors="replace").strip()
        raise ServiceError(said or f"it ended with {done.returncode}", exit_code=done.returncode)
    # What answers is told before it is written down; what failed since is told by its status.
    with contextlib.suppress(ServiceError):
        wait_for_project(root, timeout=WRITTEN_SECONDS)
    return {"reused": False, **status(root, {})}


def stop(root: Path, arguments: Arguments) -> dict[str, object]:
    """Stop one service, or everything.

    Raises:
        DevtoolError: When it is not running, or does not end.
    """
    service = arguments.get("service")
    if isinstance(service, str):
        return {"stopped": [stop_one(root, service).name]}
    stopped = stop_project(root)
    late = [each for each in stopped if not each.ended]
    if late:
        raise DevtoolError("it was asked to stop and has not ended yet", hint="ask again")
    return {"stopped": [each.name for one in stopped for each in one.state.processes]}


def restart(root: Path, arguments: Arguments) -> dict[str, object]:
    """Restart a service and wait until it answers.

    Raises:
        DevtoolError: When it is not running, or does not answer.
    """
    return _service(restart_one(root, str(arguments["service"])))


def running(root: Path) -> list[RunState]:
    """The runs of the project.

    Raises:
        DevtoolError: When there is none.
    """
    runs = list(project_status(root).runs)
    if not runs:
        raise DevtoolError("nothing is running", hint="call start")
    return runs
