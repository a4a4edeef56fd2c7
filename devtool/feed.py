"""What runs, and what it prints, as it changes: for views that stay open.

One poll of the state files and the logs serves every viewer. What is kept is bounded: the last lines
and the last moments; a viewer that falls behind is told how much it has missed.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from devtool.api_control import log_reader, project_logs, project_status
from devtool.mcp.lines import levelled
from devtool.model.state import ProcessState, Report, RunState, Status

TYPE_CHECKING = False
if TYPE_CHECKING:
    from devtool.api_control import Line, LogFolder, Reader

POLL_EVERY = 0.2
MAX_LINES = 4000
MAX_MOMENTS = 300
MAX_LINE = 4000

_DOWN = {Status.EXITED, Status.FAILED}


class Entry(NamedTuple):
    """One line of a service, fit for display: without colours and control characters, not too long."""

    number: int
    at: float
    service: str
    level: str
    text: str


class Moment(NamedTuple):
    """Something that happened to a service; `ms` is how long it took, where that is known."""

    number: int
    at: float
    service: str
    kind: str
    text: str
    ms: float | None = None
    is_bad: bool = False


class Feed(threading.Thread):
    """Keeps looking at a project.

    Args:
        root: The project's folder.
        pid: Show the run of this supervisor, with its logs, and no other.
        since: Leave out what was printed before this time.
        on_change: Called after something has changed.
    """

    def __init__(
        self,
        root: Path,
        *,
        pid: int | None = None,
        since: float = 0.0,
        on_change: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__(name="feed", daemon=True)
        self.root = root
        self.report = Report()
        self.version = 0
        self._pid = pid
        self._since = since
        self._on_change = on_change
        self._changed = threading.Condition()
        self._closed = threading.Event()
        self._lines: deque[Entry] = deque(maxlen=MAX_LINES)
        self._moments: deque[Moment] = deque(maxlen=MAX_MOMENTS)
        self._numbers = itertools.count(1)
        self._moment_numbers = itertools.count(1)
        self._readers: dict[tuple[Path, str], _Follower] = {}
        self._pushed: deque[Line] = deque()
        # A level may be that of the line before, so one generator sees every line.
        self._levelled = levelled(self._pop())

    def run(self) -> None:
        """Look again and again until it is closed."""
        while not self._closed.wait(POLL_EVERY):
            self.look()

    def close(self) -> None:
        """Look no more, and wake whoever waits."""
        self._closed.set()
        with self._changed:
            self.version += 1
            self._changed.notify_all()

    @property
    def is_closed(self) -> bool:
        """True once nothing more will come."""
        return self._closed.is_set()

    def look(self) -> None:
        """Take in what has changed since the last look."""
        report = self._chosen(project_status(self.root))
        moments = list(_moments(self.report, report))
        lines = self._new_lines()
        if report == self.report and not lines:
            return
        with self._changed:
            self.report = report
            self._moments.extend(m._replace(number=next(self._moment_numbers)) for m in moments)
            self._lines.extend(lines)
            self.version += 1
            self._changed.notify_all()
        self._on_change()

    def wait(self, version: int, seconds: float) -> int:
        """The present version, once it is another than this or the time has passed."""
        with self._changed:
            self._changed.wait_for(lambda: self.version != version, seconds)
            return self.version

    def lines_after(self, number: int) -> tuple[list[Entry], int]:
        """The kept lines with a higher number, and how many before them are kept no more."""
        with self._changed:
            newer = [entry for entry in self._lines if entry.number > number]
        return newer, newer[0].number - number - 1 if newer else 0

    def moments_after(self, number: int) -> list[Moment]:
        """The kept moments with a higher number."""
        with self._changed:
            return [moment for moment in self._moments if moment.number > number]

    def _chosen(self, report: Report) -> Report:
        if self._pid is None:
            return report
        runs = tuple(each for each in report.runs if each.supervisor_pid == self._pid)
        last = report.last if report.last and report.last.supervisor_pid == self._pid else None
        return report._replace(runs=runs, last=last)

    # Logs

    def _new_lines(self) -> list[Entry]:
        found: list[Line] = []
        missed = 0
        for follower in self._followed():
            lines, left_out = follower.lines()
            found += lines
            missed += left_out
        found = sorted((line for line in found if line.at >= self._since), key=lambda line: line.at)
        missed += max(0, len(found) - MAX_LINES)
        for _ in range(missed):
            next(self._numbers)
        return [self._entry(line) for line in found[-MAX_LINES:]]

    def _entry(self, line: Line) -> Entry:
        self._pushed.append(line._replace(text=line.text[: 4 * MAX_LINE]))
        said = next(self._levelled)
        cut = said.text[:MAX_LINE] + ("…" if len(said.text) > MAX_LINE else "")
        return Entry(next(self._numbers), said.at, said.service, said.level, cut)

    def _pop(self) -> Iterator[Line]:
        while True:
            yield self._pushed.popleft()

    def _followed(self) -> list[_Follower]:
        folders = self._folders()
        wanted = {(folder.path, name): folder for folder in folders for name in folder.services}
        for key in wanted.keys() - self._readers.keys():
            self._readers[key] = _Follower(*key)
        return [self._readers[key] for key in sorted(wanted)]

    def _folders(self) -> list[LogFolder]:
        """The logs of what runs, or of what ran last."""
        folders = [each for each in project_logs(self.root) if each.services]
        if self._pid is not None:
            return [each for each in folders if each.pid == self._pid]
        return [each for each in folders if each.is_alive()] or folders[:1]


class _Follower:
    """Reads the log of one service where it has grown."""

    def __init__(self, folder: Path, name: str) -> None:
        self._path = folder / f"{name}.log"
        self._reader: Reader = log_reader(folder, name)
        self._seen: tuple[int, int, int] | None = None

    def lines(self) -> tuple[deque[Line], int]:
        """The last of the lines that came, and how many are left out before them."""
        kept: deque[Line] = deque(maxlen=MAX_LINES)
        look = None
        with suppress(OSError):
            found = self._path.lstat()
            look = (found.st_ino, found.st_size, found.st_mtime_ns)
        if look == self._seen:
            return kept, 0
        self._seen = look
        count = 0
        for line in self._reader.lines():
            kept.append(line)
            count += 1
        return kept, count - len(kept)


# Moments


def _moments(before: Report, after: Report) -> Iterator[Moment]:
    """What must have happened between two looks."""
    former = {run.run: run for run in before.runs}
    for run in after.runs:
        known = former.pop(run.run, None)
        processes = {each.name: each for each in known.processes} if known else {}
        for process in run.processes:
            yield from _of_process(processes.get(process.name), process)
    for run in former.values():
        yield from _of_end(run, after.last)


def _of_process(before: ProcessState | None, now: ProcessState) -> Iterator[Moment]:
    at = time.time()
    if before is None:
        before = now._replace(status=Status.PENDING, pid=None, reloads=0, restarts=0, ready_ms=None)
        if now.started_at and now.status is not Status.PENDING:
            at = now.started_at
    if now.reloads > before.reloads:
        yield _reload(now, at if now.reloads == before.reloads + 1 else time.time(), before.reloads)
    if now.restarts > before.restarts:
        times = "" if now.restarts == 1 else f" ({now.restarts} times so far)"
        yield _moment(at, now, "restart", f"restarted{times}")
    if now.status is before.status:
        if now.last_error and now.last_error != before.last_error:
            yield _moment(at, now, "error", now.last_error, is_bad=True)
        return
    yield from _of_status(before, now, at)


def _of_status(before: ProcessState, now: ProcessState, at: float) -> Iterator[Moment]:
    match now.status:
        case Status.READY if before.status is Status.UNHEALTHY:
            yield _moment(at, now, "ready", "answers again")
        case Status.READY if before.status is not Status.RELOADING:
            ready_at = now.started_at + (now.ready_ms or 0) / 1000 if now.started_at else at
            yield _moment(ready_at, now, "ready", "ready", ms=now.ready_ms)
        case Status.STARTING:
            yield _moment(now.started_at or at, now, "start", "starting")
        case Status.UNHEALTHY:
            yield _moment(at, now, "error", now.last_error or "does not answer", is_bad=True)
        case Status.FAILED:
            code = f" with exit code {now.exit_code}" if now.exit_code is not None else ""
            yield _moment(at, now, "failed", now.last_error or f"failed{code}", is_bad=True)
        case Status.EXITED:
            code = f" with exit code {now.exit_code}" if now.exit_code else ""
            yield _moment(at, now, "stopped", f"ended{code}")
        case Status.STOPPING:
            yield _moment(at, now, "stopping", "stopping")
        case _:
            return


def _of_end(run: RunState, last: RunState | None) -> Iterator[Moment]:
    """A run that is over: how its services ended, as far as it could still write that down."""
    final = {each.name: each for each in last.processes} if last and last.run == run.run else {}
    for process in run.processes:
        now = final.get(process.name)
        if process.status in _DOWN:
            continue
        if now is None or now.status not in _DOWN:
            yield _moment(time.time(), process, "stopped", "the run is over")
        else:
            yield from _of_status(process, now, time.time())


def _reload(now: ProcessState, at: float, known: int) -> Moment:
    more = now.reloads - known
    text = "reloaded" if more == 1 else f"reloaded {more} times"
    return _moment(at, now, "reload", text, ms=now.reload_ms, is_bad=False)


def _moment(
    at: float,
    process: ProcessState,
    kind: str,
    text: str,
    *,
    ms: float | None = None,
    is_bad: bool = False,
) -> Moment:
    return Moment(0, at, process.name, kind, text, ms, is_bad)
