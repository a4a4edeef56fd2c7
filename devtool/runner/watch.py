"""Changed files, in batches: what a save, a formatter or a checkout touched, and nothing else."""

from __future__ import annotations

import contextlib
import os
import queue
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple, Protocol

from devtool.runner.watch_contents import Contents, Verdict
from devtool.runner.watch_inotify import EventsUnavailableError, Inotify
from devtool.runner.watch_mounts import Mode, choose, mount_table
from devtool.runner.watch_native import Native
from devtool.runner.watch_pace import Pace
from devtool.runner.watch_poll import Poll
from devtool.runner.watch_rules import Rules
from devtool.runner.watch_tree import MOST_FOLDERS, Tree, real_folders

# What files hold is read after the application has had the processor for its start.
READ_AFTER = 1.0
READ_AT_ONCE = 16

PathLike = str | os.PathLike[str]


class Batch(NamedTuple):
    """What changed together.

    Attributes:
        paths: Real absolute paths, sorted. A path that is gone was there before.
        declared: Those of them that `include` or `extra` names.
        at: When the first of the changes was noticed, by `time.monotonic()`.
    """

    paths: tuple[str, ...]
    declared: frozenset[str]
    at: float


class Source(Protocol):
    """Tells which paths may have changed."""

    tree: Tree

    def wait(self, timeout: float | None) -> set[str]:
        """Paths that may have changed; none when time is up or someone woke it."""
        ...

    def wake(self) -> None:
        """Make `wait` return, from any thread."""
        ...

    def close(self) -> None:
        """Give back what the system holds for it."""
        ...


class Watcher:
    """Watches folders from a thread of its own.

    A first change is handed on at once, and those that follow it closely when 40 ms have passed
    without another: thirty files that are written together make one batch. A save that leaves the
    bytes as they were makes none.

    Args:
        roots: Folders to watch with all below, except what holds no source: environments, packages,
            caches, everything that begins with a dot, databases, logs, files of editors.
        extra: Further files, and folders with all below them, wherever they are: an editable
            installation, an env file above the root.
        shallow: Folders whose entries are watched, and nothing below: `site-packages`.
        include: Globs, as in `.gitignore`, of files to report as declared, ignored or not.
        exclude: Globs of what never to report, whatever else names it.
        on_batch: Called from the watching thread.
        on_notice: Called once with a sentence if changes must be looked for instead of awaited.
        env: Where `DEVTOOL_WATCH` may say `poll` or `events`.
        mounts: Where each file system is mounted.
        read_after: Seconds until the sources are read to know what they hold.

    Raises:
        ConfigError: `DEVTOOL_WATCH` says something else.
    """

    def __init__(
        self,
        roots: Iterable[PathLike],
        *,
        extra: Iterable[PathLike] = (),
        shallow: Iterable[PathLike] = (),
        include: Iterable[str] = (),
        exclude: Iterable[str] = (),
        on_batch: Callable[[Batch], None],
        on_notice: Callable[[str], None] = lambda _: None,
        env: Mapping[str, str] = os.environ,
        mounts: Mapping[str, str] | None = None,
        read_after: float = READ_AFTER,
    ) -> None:
        self._roots = real_folders(roots)
        self._rules = Rules(self._roots, include, exclude)
        self._choice = choose(self._roots, env, mount_table() if mounts is None else mounts)
        self._on_batch = on_batch
        self._on_notice = on_notice
        self._read_after = read_after
        self._shallow = real_folders(shallow)
        self._declared: set[str] = set()
        self._asked: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._source: Source | None = None
        self._lock = threading.Lock()
        self.add(*extra)
        self._pace = Pace()
        self._pending: set[str] = set()
        self._is_held = False
        self._contents = Contents()
        self._read_at: float | None = None
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)
        #: Set once every change that follows will be noticed.
        self.begun = threading.Event()
        #: Set once saves that change nothing are told from others in every source.
        self.remembers = threading.Event()

    def start(self) -> None:
        """Begin to watch."""
        self._thread.start()

    def stop(self) -> None:
        """End the watching; what was not handed on yet never is."""
        self._stopped.set()
        self._wake()
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join()

    def add(self, *paths: PathLike) -> None:
        """Watch these files and folders too, from any thread."""
        for path in paths:
            self._asked.put(os.path.realpath(path))
        self._wake()

    def _wake(self) -> None:
        with self._lock:
            if self._source is not None:
                self._source.wake()

    def _run(self) -> None:
        source, why = self._open()
        try:
            self._tell(source, why)
            self._read_at = time.monotonic() + self._read_after
            self._set_source(source)
            self.begun.set()
            while not self._stopped.is_set():
                source = self._turn(source)
        finally:
            self._set_source(None)
            source.close()

    def _set_source(self, source: Source | None) -> None:
        with self._lock:
            self._source = source

    def _tell(self, source: Source, why: str) -> None:
        if why:
            self._on_notice(f"changes are looked for, not awaited: {why}")
        if source.tree.is_full:
            self._on_notice(f"only the first {MOST_FOLDERS} folders are watched")

    def _open(self) -> tuple[Source, str]:
        """The best source that works, with the sentence that says why it is not a better one."""
        why = self._choice.why
        if self._choice.mode is Mode.EVENTS:
            try:
                return self._filled(Inotify if sys.platform == "linux" else Native), ""
            except EventsUnavailableError as error:
                why = _limit(error)
        return self._filled(Poll), why

    def _filled(self, kind: Callable[[Rules], Source]) -> Source:
        source = kind(self._rules)
        try:
            for folder in self._shallow:
                source.tree.only(folder)
            self._contents.expect(source.tree.scan(*self._roots, given=True))
            # From here on, nothing is missed.
            self._saw(source.wait(0))
        except EventsUnavailableError:
            source.close()
            raise
        return source

    def _turn(self, source: Source) -> Source:
        """Wait for what comes next and see to it; the source to go on with."""
        try:
            self._take_in(source)
            self._saw(source.wait(self._timeout()))
            now = time.monotonic()
            due = self._pace.due()
            if due is not None and due <= now:
                self._hand_on(now)
            elif not self._pending and self._read_at is not None and self._read_at <= now:
                self._read_some(source)
        except EventsUnavailableError as error:
            return self._without_events(source, error)
        return source

    def _saw(self, changed: set[str]) -> None:
        if changed:
            self._pending |= changed
            self._pace.saw(time.monotonic(), len(self._pending))

    def _without_events(self, source: Source, error: EventsUnavailableError) -> Source:
        self._set_source(None)
        source.close()
        poll = self._filled(Poll)
        self._tell(poll, _limit(error))
        self._set_source(poll)
        return poll

    def _timeout(self) -> float | None:
        # Nothing is read while changes are pending: it might be what they have made of a file.
        at = self._pace.due() if self._pending else self._read_at
        return None if at is None else max(0.0, at - time.monotonic())

    def _take_in(self, source: Source) -> None:
        """What others asked to be watched too."""
        with contextlib.suppress(queue.Empty):
            while True:
                path = self._asked.get_nowait()
                if os.path.isdir(path):
                    found = source.tree.scan(path, given=True)
                else:
                    self._declared.add(path)
                    source.tree.single(path)
                    found = [path] if os.path.exists(path) else []
                self._contents.expect(found)
                self._read_at = self._read_at or time.monotonic() + self._read_after

    def _read_some(self, source: Source) -> None:
        read = self._contents.read_some(READ_AT_ONCE)
        # A file that was saved a moment ago was read as it is now, not as it was before.
        changed = source.wait(0)
        self._contents.forget(changed.intersection(read))
        self._saw(changed)
        if not self._contents.has_unread:
            self._read_at = None
            self.remembers.set()

    def _hand_on(self, now: float) -> None:
        """Hand on what really changed, or wait a little where a save seems to be half done."""
        findings = {path: self._contents.judge(path) for path in self._pending}
        if not self._is_held and any(f.verdict is Verdict.DOUBTFUL for f in findings.values()):
            self._is_held = True
            self._pace.wait()
            return
        at = self._pace.began or now
        changed = {p: f for p, f in findings.items() if f.verdict is not Verdict.SAME}
        self._pending.clear()
        self._is_held = False
        if not changed:
            self._pace.dropped()
            return
        self._pace.fired(now)
        for path, finding in changed.items():
            self._contents.accept(path, finding.content)
        declared = frozenset(path for path in changed if self._declares(path))
        self._on_batch(Batch(tuple(sorted(changed)), declared, at))

    def _declares(self, path: str) -> bool:
        return path in self._declared or self._rules.declares(path)


def _limit(error: EventsUnavailableError) -> str:
    return f"{error}; a higher fs.inotify.max_user_watches would help"
