"""What the page shows, as plain values for JSON."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

from devtool.api import detect_project, diagnose_project
from devtool.api_control import ask_run
from devtool.errors import ConfigError, DevtoolError
from devtool.feed import Entry, Feed, Moment
from devtool.mcp.requests import service_of
from devtool.mcp.routes import METHODS, document_of
from devtool.model.detection import Component, Evidence
from devtool.model.state import ProcessState, RunState

SCHEMA = 1
MAX_ROUTES = 500
MAX_EVIDENCE = 12
# One message holds no more lines than a browser can show at once.
MAX_BATCH = 1000

Object = dict[str, object]


def text(value: str) -> str:
    """Text that is valid Unicode: undecodable bytes of file names are lone surrogates."""
    return value.encode("utf-8", "backslashreplace").decode("utf-8")


# What changes


class Viewer:
    """One open page: what it has been told already.

    Args:
        feed: What it looks at.
        after: The number of the last line it has from before, when it comes back.
    """

    def __init__(self, feed: Feed, *, after: int = 0) -> None:
        self._feed = feed
        self._line = after
        self._moment = 0
        self._state: Object | None = None

    def news(self) -> Iterator[Object]:
        """Messages that bring the page up to date."""
        now = state(self._feed)
        if now != self._state:
            self._state = now
            yield {"kind": "state", "now": time.time(), **now}
        moments = self._feed.moments_after(self._moment)
        if moments:
            self._moment = moments[-1].number
            yield {"kind": "moments", "moments": [_moment(each) for each in moments]}
        lines, missed = self._feed.lines_after(self._line)
        for start in range(0, len(lines), MAX_BATCH):
            batch = lines[start : start + MAX_BATCH]
            self._line = batch[-1].number
            told = [_line(each) for each in batch]
            yield {"kind": "lines", "missed": missed if not start else 0, "lines": told}


def state(feed: Feed) -> Object:
    """The runs of the project, how the last one ended, and what is wrong with state files."""
    report = feed.report
    return {
        "schema": SCHEMA,
        "root": text(str(feed.root)),
        "runs": [_run(each) for each in report.runs],
        "last": _run(report.last) if report.last else None,
        "problems": [text(each) for each in report.problems],
    }


def _run(run: RunState) -> Object:
    return {
        "run": text(run.run),
        "pid": run.supervisor_pid,
        "started_at": run.started_at,
        "ended_at": run.ended_at,
        "services": [_service(each) for each in run.processes],
    }


def _service(process: ProcessState) -> Object:
    return {
        key: text(value) if isinstance(value, str) else value
        for key, value in process._asdict().items()
        if key != "pid_started"
    }


def _moment(moment: Moment) -> Object:
    return {
        **moment._asdict(),
        "service": text(moment.service),
        "text": text(moment.text),
    }


def _line(entry: Entry) -> list[object]:
    """A line as a list: there are many of them."""
    return [entry.number, round(entry.at, 3), text(entry.service), entry.level, text(entry.text)]


# What is asked for


def project(root: Path) -> Object:
    """What the project is, with its evidence."""
    found = detect_project(root)
    return {
        "schema": SCHEMA,
        "phase": int(found.phase),
        "description": text(found.description),
        "default": found.default,
        "components": [_component(each) for each in found.components],
        "evidence": [_fact(each) for each in found.evidence[:MAX_EVIDENCE]],
        "notes": [text(each.text) for each in (*found.near_misses, *found.notes)][:MAX_EVIDENCE],
        "refusal": text(found.refusal_reason),
        "hint": text(found.refusal_hint),
    }


def _component(component: Component) -> Object:
    toolchain = component.toolchain
    return {
        "role": text(component.role),
        "framework": text(component.framework),
        "entry": text(component.entry),
        "folder": text(component.root),
        "manager": text(toolchain.manager) if toolchain else "",
        "ready": toolchain.ready if toolchain else None,
        "evidence": [_fact(each) for each in component.evidence[:MAX_EVIDENCE]],
    }


def _fact(fact: Evidence) -> Object:
    return {
        "fact": text(fact.fact),
        "path": text(fact.path),
        "line": fact.line,
        "strength": text(fact.strength),
        "source": text(fact.source),
    }


def routes(root: Path) -> Object:
    """The routes that the running backend describes.

    Raises:
        DevtoolError: When nothing runs, or it describes none.
    """
    service = service_of(root)
    document = document_of(service)
    paths = document.get("paths")
    found = [
        each
        for path, item in (paths.items() if isinstance(paths, dict) else ())
        for each in _operations(str(path), item)
    ]
    about = document.get("info")
    title = about.get("title") if isinstance(about, dict) else ""
    return {
        "schema": SCHEMA,
        "service": text(service.name),
        "url": text(service.url),
        "title": text(str(title or "")),
        "routes": found[:MAX_ROUTES],
        "more": max(0, len(found) - MAX_ROUTES),
    }


def _operations(path: str, item: object) -> Iterator[Object]:
    for method, operation in item.items() if isinstance(item, dict) else ():
        if method not in METHODS or not isinstance(operation, dict):
            continue
        tags = operation.get("tags")
        yield {
            "method": method.upper(),
            "path": text(path),
            "summary": text(str(operation.get("summary") or operation.get("operationId") or "")),
            "tags": [text(str(tag)) for tag in tags][:4] if isinstance(tags, list) else [],
            "locked": bool(operation.get("security")),
            "deprecated": operation.get("deprecated") is True,
        }


def checks(root: Path) -> Object:
    """What an examination of the project finds, migrations that are not applied among it."""
    found = diagnose_project(root)
    findings = [
        {
            "check": text(each.check),
            "level": text(each.level),
            "text": text(each.text),
            "fix": text(each.fix),
            "path": text(each.path),
            "line": each.line,
        }
        for each in found.findings
    ]
    return {"schema": SCHEMA, "findings": findings}


def act(root: Path, asked: object) -> Object:
    """Stop or restart a service; the state tells what comes of it.

    Raises:
        DevtoolError: When the run is over, or refuses.
        ConfigError: When that is not what was asked for.
    """
    if not isinstance(asked, dict):
        raise ConfigError("the request is no object")
    pid, name, deed = (asked.get(key) for key in ("pid", "service", "do"))
    if not isinstance(pid, int) or not isinstance(name, str) or deed not in ("stop", "restart"):
        raise ConfigError("a request names a pid, a service, and stop or restart")
    ask_run(root, pid, name, str(deed))
    return {"schema": SCHEMA, "ok": True}


def error(problem: DevtoolError) -> Object:
    """An error as the page shows it."""
    return {"schema": SCHEMA, "error": text(problem.message), "hint": text(problem.hint)}
