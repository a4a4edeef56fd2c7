"""`devtool status`: what runs for this project."""

from __future__ import annotations

from pathlib import Path

from devtool.cli.options import AsJson, Root

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from devtool.model.state import ProcessState, RunState


def status(
    root: Root = Path(),
    as_json: AsJson = False,
) -> None:
    """Show what is running in this project."""
    import sys

    from devtool.api import project_root, project_status
    from devtool.cli.text import printable

    report = project_status(root)
    if as_json:
        from devtool.cli.text import SCHEMA, to_json

        body = _object(report.runs, report.last, report.problems)
        print(to_json({"schema": SCHEMA, "root": str(project_root(root)), **body}))
        return
    for problem in report.problems:
        print(f"note: {printable(problem)}", file=sys.stderr)
    if not report.runs:
        print("nothing is running")
        for line in _how_it_ended(report.last):
            print(printable(line))
    for state in report.runs:
        for line in _lines(state):
            print(printable(line))


def _lines(state: RunState) -> Iterator[str]:
    import time

    now = time.time()
    width = max((len(each.name) for each in state.processes), default=0)
    for each in state.processes:
        parts = [f"{each.name:<{width}}", f"{each.status:<9}", each.url]
        if each.pid is not None:
            parts.append(f"pid {each.pid}")
            parts.append(f"up {_span(now - each.started_at)}" if each.started_at else "")
        if each.exit_code is not None and each.pid is None:
            parts.append(f"exit code {each.exit_code}")
        if each.restarts:
            parts.append(f"restarted {each.restarts} times")
        if each.last_error:
            parts.append(each.last_error)
        yield "  ".join(part for part in parts if part)
    yield f"devtool pid {state.supervisor_pid}, up {_span(now - state.started_at)}"


def _how_it_ended(last: RunState | None) -> Iterator[str]:
    """What is worth knowing of the last run: which service failed."""
    for each in last.processes if last else ():
        if each.status == "failed":
            code = f" with code {each.exit_code}" if each.exit_code is not None else ""
            yield f"last time {each.name} failed{code}"


def _span(seconds: float) -> str:
    """A duration as people say it."""
    whole = max(0, int(seconds))
    hours, rest = divmod(whole, 3600)
    minutes, left = divmod(rest, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {left} s" if minutes else f"{left} s"


def _object(
    runs: tuple[RunState, ...], last: RunState | None, problems: tuple[str, ...]
) -> dict[str, object]:
    """The first run as it is, with the processes of all; `runs` holds each of them."""
    import time

    now = time.time()
    first = runs[0] if runs else None
    return {
        "running": bool(runs),
        "supervisor_pid": first and first.supervisor_pid,
        "supervisor_started": first and first.supervisor_started,
        "started_at": first and first.started_at,
        "processes": [_service(each, state, now) for state in runs for each in state.processes],
        "runs": runs,
        "last": last,
        "problems": problems,
    }


def _service(process: ProcessState, state: RunState, now: float) -> dict[str, object]:
    from dataclasses import asdict

    lives = process.pid is not None and process.started_at is not None
    uptime = round(now - (process.started_at or now), 3) if lives else None
    return {**asdict(process), "uptime": uptime, "supervisor_pid": state.supervisor_pid}
