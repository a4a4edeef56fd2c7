"""The warm reloader: versions are forked from a process that has everything else imported."""

from __future__ import annotations

import contextlib
import os
import queue
import selectors
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from devtool.errors import DevtoolError
from devtool.inproc import devtool_channel as words
from devtool.inproc import script_path
from devtool.inproc.devtool_channel import Channel, Message
from devtool.inproc.devtool_imports import digest_of
from devtool.inproc.devtool_memory import mappings, touched
from devtool.runner.reload import (
    Crashed,
    News,
    Notice,
    OnNews,
    Reloaded,
    ReloadFailed,
    Reloading,
)
from devtool.runner.reload_memory import Learned, recall, remember
from devtool.runner.reload_nodes import (
    Kind,
    Node,
    deepest,
    is_dependency,
    pause_after,
    stale,
    that_matter,
    warmer,
)

# A version that lives this long has started well; until then the one before stands ready to go on.
SETTLE_SECONDS = 0.5
# After it, deaths are no longer counted as being in a row.
FORGIVEN_SECONDS = 10.0
# An old version that is stuck in a request cannot say that it takes no more connections.
ACCEPT_SECONDS = 0.05
DRAIN_SECONDS = 0.1
# What a version needs to end after its grace, before it is killed.
END_SECONDS = 3.0
# Learning waits until the first answers are out.
LEARN_AFTER = 0.3
STOP_SECONDS = 10.0
# An installation writes for a while.
QUIET_SECONDS = 0.5

Spawn = Callable[[tuple[str, ...], int], None]


class Application(NamedTuple):
    """What is served, and by what.

    Args:
        python: The project's interpreter.
        cwd: The folder it is served from; absolute.
        kind: The server: a key of the warm parent's table.
        words: Its command line, without host and port.
        env_files: Files whose change makes another environment.
    """

    python: str
    cwd: str
    kind: str
    words: tuple[str, ...]
    env_files: tuple[str, ...] = ()


class _Change(NamedTuple):
    paths: tuple[str, ...]
    declared: frozenset[str]
    at: float


class WarmReloader:
    """Serves an application on sockets that never close, and forks a new version when files change.

    Args:
        application: What is served.
        listeners: Bound and listening sockets; they stay the caller's.
        environment: Asked for the whole environment whenever the warm parent starts; ours if None.
        spawn: Starts the warm parent: gets its command line and the descriptor to pass on.
        on_news: Called from the reloader's thread.
        on_files: Called with project files as they are imported, from the same thread.
        grace: Seconds that requests of an old version may take to end.
        serial: The old version ends before the new one starts.
        explain: Tell from where each version started, and what is kept out of the warm parent.
        memory: A file for what is learned, so that the next run need not.
    """

    # The program that versions come from, and whether it can be copied on the way.
    script = "devtool_zygote"
    has_layers = True

    def __init__(
        self,
        application: Application,
        listeners: Sequence[socket.socket],
        *,
        environment: Callable[[], Mapping[str, str]] | None = None,
        spawn: Spawn | None = None,
        on_news: OnNews | None = None,
        on_files: Callable[[Iterable[str]], None] | None = None,
        grace: float = 5.0,
        serial: bool = False,
        explain: bool = False,
        memory: Path | None = None,
    ) -> None:
        self._application = application
        self._listeners = tuple(listeners)
        self._environment = environment or (lambda: os.environ)
        self._spawn = spawn or self._popen
        self._on_news = on_news or (lambda _: None)
        self._on_files = on_files or (lambda _: None)
        self._grace = grace
        self._serial = serial
        self._explain = explain
        self._orders: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._near, self._far = socket.socketpair()
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._near, selectors.EVENT_READ)
        self._timers: list[tuple[float, Callable[[], None]]] = []
        self._thread = threading.Thread(target=self._run, name="reload", daemon=True)
        self._process: subprocess.Popen[bytes] | None = None
        # Everything below belongs to the thread.
        self._nodes: list[Node] = []
        self._parent: Node | None = None
        self._serving: Node | None = None
        self._starting: Node | None = None
        self._parked: Node | None = None
        self._generation = 0
        self._changed: dict[str, str] = {}
        # Files are known by their real paths, and were imported by these.
        self._imported_as: dict[str, str] = {}
        self._real: dict[str, str] = {}
        self._hot: list[str] = []
        self._missing: set[str] = set()
        self._failed_files: dict[str, str] | None = None
        self._cause: _Change | None = None
        self._aim: dict[str, str] = {}
        self._passed_over: list[_Change] = []
        self._renew_at = 0.0
        self._names: dict[str, None] = {}
        self._tried: set[str] = set()
        self._deaths = 0
        self._served_since = 0.0
        self._began = time.monotonic()
        self._good: list[str] = []
        self._heir: socket.socket | None = None
        self._can_fork = False
        self._is_stopping = False
        self._is_unsaid = False
        self._is_drained = False
        self.unsafe: dict[str, str] = {}
        self._memory = memory
        if memory is not None:
            learned = recall(memory, application.python)
            self._good += learned.good
            self.unsafe |= dict(learned.unsafe)
            self._tried |= {*self._good, *self.unsafe}

    # From any thread

    def start(self) -> None:
        """Start the warm parent, and the first version as soon as it stands."""
        near, far = Channel.pair()
        application = self._application
        self._began = time.monotonic()
        argv = (application.python, script_path(self.script), str(far.fileno()))
        try:
            self._spawn((*argv, application.kind, *application.words), far.fileno())
        finally:
            far.close()
        self._parent = self._add(Node(near, Kind.PARENT, files={}))
        self._set_up(self._parent)
        self._thread.start()

    def reload(
        self, paths: Iterable[str], *, declared: Iterable[str] = (), at: float | None = None
    ) -> None:
        """These files may have changed: start a new version if that matters.

        Args:
            paths: Absolute real paths.
            declared: Those that count though nothing imports them.
            at: When the change was noticed, by `time.monotonic()`.
        """
        change = _Change(tuple(paths), frozenset(declared), time.monotonic() if at is None else at)
        self._order(lambda: self._take(change))

    def rest(self) -> None:
        """What ends from now on was meant to end."""
        self._order(self._rest)

    def stop(self) -> None:
        """End the service, and wait for it."""
        self._order(self._stop)
        self._thread.join(self._grace + STOP_SECONDS)
        if self._process is not None:
            self._process.wait(STOP_SECONDS)

    def _order(self, deed: Callable[[], None]) -> None:
        self._orders.put(deed)
        with contextlib.suppress(OSError):
            self._far.send(b".")

    def _popen(self, argv: tuple[str, ...], fd: int) -> None:
        self._process = subprocess.Popen(
            argv,
            cwd=self._application.cwd,
            env=dict(self._environment()),
            stdin=subprocess.DEVNULL,
            pass_fds=(fd,),
            start_new_session=True,
        )

    # The thread

    def _run(self) -> None:
        try:
            while self._parent is not None:
                self._turn()
        finally:
            for node in list(self._nodes):
                self._drop(node)
            self._selector.close()
            if self._heir is not None:
                self._heir.close()
            self._near.close()
            self._far.close()

    def _turn(self) -> None:
        due = min((at for at, _ in self._timers), default=None)
        timeout = None if due is None else max(0.0, due - time.monotonic())
        for key, _ in self._selector.select(timeout):
            if key.data is None:
                self._near.recv(4096)
            elif key.data in self._nodes:
                self._hear(key.data)
        while not self._orders.empty():
            self._orders.get()()
        now = time.monotonic()
        ripe = [timer for timer in self._timers if timer[0] <= now]
        self._timers = [timer for timer in self._timers if timer[0] > now]
        for _, deed in ripe:
            deed()

    def _after(self, seconds: float, deed: Callable[[], None]) -> None:
        self._timers.append((time.monotonic() + seconds, deed))

    def _add(self, node: Node) -> Node:
        self._nodes.append(node)
        self._selector.register(node.channel, selectors.EVENT_READ, node)
        return node

    def _drop(self, node: Node, *, kill: bool = False) -> None:
        """Forget a process; all but servers end when their channel does."""
        if node not in self._nodes:
            return
        if kill and node.pid:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(node.pid, signal.SIGKILL)
        self._nodes.remove(node)
        self._selector.unregister(node.channel)
        node.channel.close()

    def _hear(self, node: Node) -> None:
        messages = node.channel.receive(wait=False)
        if messages is None:
            self._drop(node)
            self._gone(node)
            return
        for message in messages:
            if node in self._nodes:
                self._note(node, message)

    def _note(self, node: Node, message: Message) -> None:
        files = message.get("files")
        if files:
            node.files.update({self._real_path(path): held for path, held in files.items()})
            self._on_files(files)
        react = getattr(self, _REACTIONS[message["ev"]])
        react(node, message)

    def _real_path(self, path: str) -> str:
        real = self._real.get(path)
        if real is None:
            real = self._real[path] = os.path.realpath(path)
            self._imported_as[real] = path
        return real

    def _introduce(self, node: Node, message: Message) -> None:
        node.pid = message["pid"]
        if node.kind is Kind.STANDBY:
            node.mappings = tuple(mappings(node.pid))

    def _stopping(self, node: Node, _: Message) -> None:
        node.was_asked = True

    def _renewing(self, node: Node, _: Message) -> None:
        self._set_up(node)

    # Starting versions

    def _set_up(self, parent: Node) -> None:
        parent.channel.send({}, [listener.fileno() for listener in self._listeners])

    def _parent_waits(self, node: Node, _: Message) -> None:
        """The warm parent stands: it gets what is known to be wanted, and the first version starts."""
        if node is not self._parent:
            return
        self._can_fork = True
        if self._good:
            self._preload(self._good)
        self._begin_version(self._cause)

    def _begin_version(self, change: _Change | None) -> None:
        """Start a version for what has changed; what is starting is dropped."""
        self._cause = change
        self._abandon()
        if self._parent is None or self._is_stopping or not self._can_fork:
            return
        if self._serial and self._serving is not None and change is not None:
            self._parent.channel.send({"do": words.DO_CHECK, "paths": change.paths})
        else:
            self._go()
        if change is not None:
            self._report(Reloading(change.paths))

    def _abandon(self) -> None:
        if self._starting is not None:
            self._drop(self._starting, kill=True)
            self._starting = None

    def _go(self) -> None:
        """Let a version start, from the deepest process that is valid."""
        for node in stale(self._nodes, self._changed):
            self._drop(node)
        source = deepest(self._nodes, self._changed)
        if source is None or self._is_stopping:
            return
        self._generation += 1
        held = {node.before for node in self._nodes if node.kind is Kind.CHECKPOINT}
        hot = self._hot if self.has_layers else []
        stops = [self._imported_as.get(file, file) for file in hot if file not in held]
        node = source if source.kind is Kind.STANDBY else self._fork(source)
        node.kind = Kind.SERVER
        node.generation = self._generation
        node.inherited = len(node.files)
        self._mention(_origin(source, len(node.files)))
        node.channel.send({"do": words.DO_GO, "generation": self._generation, "stops": stops})
        self._starting = node

    def _checked(self, _: Node, message: Message) -> None:
        """Go on where versions may not overlap: the old one ends first, unless the new one cannot be."""
        if message["fault"] is not None:
            self._fail({}, _failure(message["fault"]))
            return
        old = self._serving
        if old is None:
            self._go()
            return
        if self._heir is not None:
            return  # it is ending already
        self._drain(old)
        old.channel.send({"do": words.DO_FINISH, "seconds": self._grace})
        self._after(self._grace + END_SECONDS, lambda: self._kill(old))

    def _drain(self, old: Node) -> None:
        """Let it take no more connections; those that are idle wait for the next version."""
        self._is_drained = False
        self._heir, ancestor = socket.socketpair()
        old.channel.send({"do": words.DO_DRAIN}, [ancestor.fileno()])
        ancestor.close()

    def _fork(self, source: Node) -> Node:
        """A child of a paused process, which waits."""
        near, far = Channel.pair()
        order = {"do": words.DO_FORK, "touched": source.touched}
        source.channel.send(order, [far.fileno()])
        far.close()
        return self._add(Node(near, Kind.STANDBY, files=dict(source.files), source=source))

    def _checkpoint(self, node: Node, message: Message) -> None:
        (fd,) = message["fds"]
        held = Node(
            Channel.from_fd(fd),
            Kind.CHECKPOINT,
            generation=node.generation,
            pid=node.pid,
            files=dict(node.files),
            before=self._real_path(message["before"]),
        )
        node.pid = 0  # the rest of it is another process, which says who it is
        if held.is_valid(self._changed):
            self._add(held)
        else:
            held.channel.close()

    def _ready(self, node: Node, message: Message) -> None:
        if node is not self._starting:
            return
        self._missing = set(message["missing"])
        self._failed_files = None
        node.is_ready = True
        if self._serving is None:
            self._accept(node)
            return
        # Answers of the new version are not followed by such of the old one.
        self._drain(self._serving)
        self._after(ACCEPT_SECONDS, partial(self._accept, node))

    def _accept(self, node: Node) -> None:
        """Let a new version take connections, and those that the old one has handed over."""
        if node is not self._starting or node.accepts or not node.is_ready:
            return
        node.accepts = True
        fds = [] if self._heir is None else [self._heir.fileno()]
        node.channel.send({"do": words.DO_ACCEPT}, fds)
        if self._heir is not None:
            self._heir.close()
            self._heir = None

    def _now_serves(self, node: Node, _: Message) -> None:
        if node is self._serving:
            return
        if node is self._parked:
            self._serving, self._parked = node, None
            return
        self._parked, self._serving, self._starting = self._serving, node, None
        self._served_since = time.monotonic()
        self._is_unsaid = True
        old = self._parked
        if old is not None:
            self._after(SETTLE_SECONDS, lambda: self._finish(old))
            self._after(DRAIN_SECONDS, self._announce)
        if old is None or self._is_drained:
            self._announce()
        self._after(LEARN_AFTER, partial(self._review, node))
        self._look_again()

    def _review(self, node: Node) -> None:
        """Remember which memory a version writes to, for the next one from the same process."""
        source = node.source
        if source is not None and source in self._nodes and node in self._nodes:
            source.touched = tuple(touched(node.pid, node.mappings))
        self._stand_by(afresh=True)

    def _drained(self, _: Node, __: Message) -> None:
        self._is_drained = True
        if self._starting is not None:
            self._accept(self._starting)
        self._announce()

    def _announce(self) -> None:
        """Say that the new version serves, once the old one takes no more connections."""
        node = self._serving
        if not self._is_unsaid or node is None:
            return
        self._is_unsaid = False
        cause = self._cause
        since = self._began if cause is None else cause.at
        self._report(
            Reloaded(
                file=cause.paths[0] if cause else "",
                files=len(cause.paths) if cause else 0,
                modules=len(node.files) - node.inherited,
                ms=(time.monotonic() - since) * 1000,
                pid=node.pid,
            )
        )

    def _finish(self, old: Node) -> None:
        """Let an old version end: its last requests have the grace."""
        if self._parked is old:
            self._parked = None
        if old is self._serving or old not in self._nodes:
            return
        old.channel.send({"do": words.DO_FINISH, "seconds": self._grace})
        self._after(self._grace + END_SECONDS, partial(self._drop, old, kill=True))

    def _stand_by(self, *, afresh: bool = False) -> None:
        """Fork the next version before anyone asks for it.

        Args:
            afresh: The process that the one at hand was forked from holds more by now.
        """
        if self._is_stopping or self._starting is not None or not self._can_fork:
            return
        standbys = [each for each in self._nodes if each.kind is Kind.STANDBY]
        source = deepest([each for each in self._nodes if each not in standbys], self._changed)
        if source is None or (not afresh and any(each.source is source for each in standbys)):
            return
        for each in standbys:
            self._drop(each)
        self._fork(source)

    # Failing

    def _failed(self, node: Node, message: Message) -> None:
        if node.kind is Kind.STANDBY:
            self._drop(node)
        if self._is_stopping or node not in {self._starting, self._parent}:
            return
        if node is self._parent:
            self._can_fork = False
            if self._serving is None and not self._generation:
                self._report(_failure(message)._replace(has_served=False, is_final=True))
                self._close_parent()
                return
        else:
            self._drop(node)
        self._missing |= set(message["missing"])
        self._fail(node.files, _failure(message))

    def _fail(self, files: Mapping[str, str], failure: ReloadFailed) -> None:
        """Keep the version before; any source may be the cure."""
        self._starting = None
        self._failed_files = {**self._aim, **files}
        self._report(failure._replace(has_served=self._serving is not None))
        self._after(LEARN_AFTER, self._stand_by)
        self._look_again()

    def _gone(self, node: Node) -> None:
        """React to the end of a process."""
        if node is self._parent:
            self._parent = None
        elif node is self._starting:
            if node.accepts and self._serving is not None:
                # It had been given the connections; who drained for it takes them again.
                self._serving.channel.send({"do": words.DO_RESUME})
            self._fail(node.files, ReloadFailed("the new version ended while it started"))
        elif node is self._parked:
            self._parked = None
        elif node is self._serving:
            self._serving = None
            if self._heir is not None:
                self._go()  # it has made way
            else:
                self._server_gone(asked=node.was_asked)
        if self._is_stopping and not any(each.kind is Kind.SERVER for each in self._nodes):
            self._close_parent()

    def _server_gone(self, *, asked: bool) -> None:
        if self._is_stopping:
            return
        if self._parked is not None:
            self._parked.channel.send({"do": words.DO_RESUME})
            self._report(Crashed(0.0, resumed=True))
            return
        lived = time.monotonic() - self._served_since
        self._deaths = 1 if lived > FORGIVEN_SECONDS else self._deaths + 1
        # A signal from the terminal reaches the server before devtool hears that all is to end.
        pause = max(pause_after(self._deaths), 0.3 if asked else 0.0)
        self._report(Crashed(pause))
        self._after(pause, self._again)

    def _again(self) -> None:
        if self._serving is None and self._starting is None:
            self._began = time.monotonic()
            self._begin_version(None)

    def _mention(self, text: str) -> None:
        if self._explain:
            self._report(Notice(text))

    # Changes

    def _take(self, change: _Change) -> None:
        if self._starting is not None and self._starting.accepts:
            # It has connections already, and is not to be dropped.
            self._passed_over.append(change)
            return
        # A link that leads elsewhere now is a change of what was imported by it.
        changed = {self._real.get(path, path) for path in change.paths}
        digests = {path: digest_of(self._imported_as.get(path, path)) for path in sorted(changed)}
        self._changed |= digests
        is_declared = change.declared & set(self._application.env_files)
        if is_declared:
            self._renew(change)
            return
        if any(map(is_dependency, change.paths)):
            self._renew_at = time.monotonic() + QUIET_SECONDS
            self._after(QUIET_SECONDS, partial(self._renew_if_quiet, change))
            return
        has_failed = self._failed_files is not None and self._starting is None
        mattering = that_matter(
            digests, self._newest_files(), self._missing, after_failure=has_failed
        )
        mattering += [path for path in sorted(change.declared) if path not in mattering]
        if mattering:
            self._hot = warmer(self._hot, [path for path in mattering if path.endswith(".py")])
            self._aim = {path: self._changed.get(path, "") for path in mattering}
            self._begin_version(change._replace(paths=tuple(mattering)))
        elif self._starting is not None:
            self._passed_over.append(change)

    def _newest_files(self) -> dict[str, str]:
        """What the newest version holds, as far as it is known while it starts."""
        if self._starting is None:
            if self._failed_files is not None:
                return self._failed_files
            return self._serving.files if self._serving else {}
        before = self._serving.files if self._serving else self._failed_files or {}
        return {**before, **self._aim, **self._starting.files}

    def _look_again(self) -> None:
        """Judge again what came while a version started whose files were not known then."""
        passed_over, self._passed_over = self._passed_over, []
        for change in passed_over:
            self._take(change)

    def _renew_if_quiet(self, change: _Change) -> None:
        """Make the warm parent anew once nothing more is being installed."""
        if time.monotonic() >= self._renew_at:
            self._renew(change)

    def _renew(self, change: _Change) -> None:
        """Make the warm parent anew, in its place; the serving version goes on meanwhile."""
        self._cause = change
        self._abandon()
        if self._parent is None or self._is_stopping:
            return
        try:
            env = dict(self._environment())
        except DevtoolError as error:
            self._report(ReloadFailed(error.message, has_served=self._serving is not None))
            return
        for node in [each for each in self._nodes if each.kind in {Kind.CHECKPOINT, Kind.STANDBY}]:
            self._drop(node)
        self._can_fork = False
        self._report(Reloading(change.paths))
        self._parent.channel.send({"do": words.DO_RENEW, "env": env})

    # Learning

    def _learn(self, _: Node, message: Message) -> None:
        names = message.get("modules", [])
        if not names:
            return
        self._names.update(dict.fromkeys(names))
        for name in message.get("late", []):
            self.unsafe[name] = f"imported after the project has changed {message['changed']}"
        self._after(LEARN_AFTER, self._try_out)

    def _try_out(self) -> None:
        names = [name for name in self._names if name not in self._tried]
        if not names or self._parent is None or not self._can_fork or self._is_stopping:
            return
        self._tried.update(names)
        near, far = Channel.pair()
        self._parent.channel.send({"do": words.DO_TRY, "names": names}, [far.fileno()])
        far.close()
        self._add(Node(near, Kind.TRIAL, files={}))

    def _tried_out(self, _: Node, message: Message) -> None:
        self.unsafe |= message["unsafe"]
        for name, reason in message["unsafe"].items():
            self._mention(f"{name} is imported anew by every version: it {reason}")
        self._good += message["good"]
        if self._memory is not None:
            learned = Learned(tuple(self._good), tuple(self.unsafe.items()))
            remember(self._memory, self._application.python, learned)
        if self._parent is not None and self._can_fork:
            self._preload(message["good"])

    def _preloaded(self, node: Node, _: Message) -> None:
        if node is self._parent:
            self._stand_by(afresh=True)

    def _preload(self, names: Sequence[str]) -> None:
        if self._parent is not None:
            files = [self._imported_as[f] for f in self._serving.files] if self._serving else []
            self._parent.channel.send({"do": words.DO_PRELOAD, "names": names, "compile": files})

    # The end

    def _rest(self) -> None:
        self._is_stopping = True
        if not any(node.kind is Kind.SERVER for node in self._nodes):
            self._close_parent()

    def _stop(self) -> None:
        for node in self._nodes:
            if node.kind is Kind.SERVER:
                node.channel.send({"do": words.DO_FINISH, "seconds": self._grace})
                self._after(self._grace + END_SECONDS, partial(self._kill, node))
        self._rest()

    def _kill(self, node: Node) -> None:
        if node in self._nodes:
            self._drop(node, kill=True)
            self._gone(node)

    def _close_parent(self) -> None:
        if self._parent is not None:
            self._drop(self._parent)
            self._parent = None

    def _report(self, news: News) -> None:
        self._on_news(news)


def _origin(source: Node, modules: int) -> str:
    """Where a version starts, in words."""
    start = source.source or source
    if start.before:
        return f"starts before {start.before}, with {modules} modules of the project imported"
    return "starts from the warm parent, with no module of the project imported"


# What is done about each event.
_REACTIONS = {
    words.EV_CHECKED: "_checked",
    words.EV_CHECKPOINT: "_checkpoint",
    words.EV_DRAINED: "_drained",
    words.EV_FAILED: "_failed",
    words.EV_IMPORTED: "_learn",
    words.EV_PARENT: "_parent_waits",
    words.EV_PRELOADED: "_preloaded",
    words.EV_PROCESS: "_introduce",
    words.EV_READY: "_ready",
    words.EV_RENEWING: "_renewing",
    words.EV_SERVING: "_now_serves",
    words.EV_STOPPING: "_stopping",
    words.EV_TRIED: "_tried_out",
}


def _failure(fault: Mapping[str, Any]) -> ReloadFailed:
    return ReloadFailed(**{key: fault[key] for key in ("error", "file", "line", "source", "text")})
