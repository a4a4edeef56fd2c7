"""A run without a terminal: started, waited for until it answers, and left alone."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import sys
from collections.abc import Callable, Collection
from typing import Any

from devtool.errors import DevtoolError, ServiceError
from devtool.model.launch import LaunchPlan, ProbeKind, Service
from devtool.model.state import ProcessState, Status

LOOK_EVERY = 0.5


def detach(
    plan: LaunchPlan,
    run: Callable[[Callable[[Service], None]], int],
    *,
    on_ready: Callable[[str], None],
) -> int:
    """Run a plan in a process of its own, and wait until every service with a probe answers.

    Args:
        plan: What is run.
        run: Runs it; it is called in the new process, with what to call for a ready service.
        on_ready: Called here with the URL or the name of each service that answers.

    Returns:
        The pid of the process that keeps watch over the run.

    Raises:
        DevtoolError: The run refused to start, as it would have in the foreground.
        ServiceError: It ended before everything answered, or runs on though a service has not
            answered within its time; its output is in the logs.
    """
    if not hasattr(os, "fork"):
        raise DevtoolError(
            "a run cannot be left in the background on this system",
            hint="start it in a terminal of its own",
        )
    if any(service.tty for service in plan.services):
        raise DevtoolError(
            "a console program needs the terminal", hint="run it without --detach, or --except it"
        )
    pid, near = begin(run)
    return _wait(plan, pid, near, on_ready)


def begin(run: Callable[[Callable[[Service], None]], int]) -> tuple[int, int]:
    """Run away from the terminal in a process of its own.

    Returns:
        Its pid, and a descriptor from which `heard` reads what it tells.
    """
    sys.stdout.flush()
    near, far = os.pipe()
    pid = os.fork()
    if not pid:
        os.close(near)
        _work(run, far)
    os.close(far)
    return pid, near


def heard(line: bytes) -> str:
    """The service that a line of news says is ready.

    Raises:
        DevtoolError: The run refused to start, as it would have in the foreground.
    """
    told = json.loads(line)
    if "error" in told:
        _raise(told)
    return str(told["ready"])


def _work(run: Callable[[Callable[[Service], None]], int], far: int) -> None:
    """Run away from the terminal, and tell what happens through the pipe."""
    os.setsid()
    nowhere = os.open(os.devnull, os.O_RDWR)
    for fd in range(3):
        os.dup2(nowhere, fd)
    code = 1
    try:
        code = run(lambda service: _tell(far, {"ready": service.name}))
    except DevtoolError as error:
        code = error.exit_code
        told = {"kind": type(error).__name__, "message": error.message, "hint": error.hint}
        _tell(far, {"error": told, "code": code})
    finally:
        os._exit(code)


def _tell(far: int, news: dict[str, object]) -> None:
    # Whoever started the run may have gone away by now.
    with contextlib.suppress(OSError):
        os.write(far, json.dumps(news).encode() + b"\n")


def _wait(plan: LaunchPlan, pid: int, near: int, on_ready: Callable[[str], None]) -> int:
    silent: ProcessState | None = None
    waiting = {each.name for each in plan.services if not each.one_shot}
    shown = {each.name: each.url or each.name for each in plan.services if _is_asked(each)}
    try:
        # Unbuffered, so that what has come and was not read yet is seen by select.
        with os.fdopen(near, "rb", buffering=0) as news:
            while waiting:
                if not select.select([news], [], [], LOOK_EVERY)[0]:
                    silent = _silent(plan, pid, waiting)
                    if silent is None:
                        continue
                    break
                line = news.readline()
                if not line:
                    break
                ready = heard(line)
                waiting.discard(ready)
                if ready in shown:
                    on_ready(shown[ready])
    except DevtoolError:
        os.waitpid(pid, 0)
        raise
    except (KeyboardInterrupt, SystemExit):
        os.kill(pid, signal.SIGTERM)
        os.waitpid(pid, 0)
        raise
    if silent is not None:
        raise ServiceError(
            f"{silent.name} {silent.last_error}; it runs on in the background (devtool pid {pid})",
            hint=f"devtool logs {silent.name} shows what it printed, devtool stop ends it",
        )
    if not waiting:
        return pid
    _, status = os.waitpid(pid, 0)
    code = os.waitstatus_to_exitcode(status)
    raise ServiceError(
        f"the run ended with exit code {code} before {', '.join(sorted(waiting))} answered",
        exit_code=code or 5,
        hint="devtool logs shows what it printed",
    )


def _silent(plan: LaunchPlan, pid: int, waiting: Collection[str]) -> ProcessState | None:
    """A service that has not answered within its time: nothing says when it will, if ever."""
    from devtool.runner.running import report

    return next(
        (
            process
            for state in report(plan.root).runs
            for process in state.processes
            if state.supervisor_pid == pid
            and process.name in waiting
            and process.status is Status.UNHEALTHY
        ),
        None,
    )


def _is_asked(service: Service) -> bool:
    return service.probe.kind is not ProbeKind.NONE


def _raise(told: dict[str, Any]) -> None:
    """Raise here what was raised there."""
    from devtool import errors

    kind = getattr(errors, told["error"]["kind"], errors.DevtoolError)
    error: DevtoolError = kind(told["error"]["message"], hint=told["error"]["hint"])
    error.exit_code = told["code"]
    raise error
