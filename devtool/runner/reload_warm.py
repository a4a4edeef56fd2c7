"""The warm reloader: versions are forked from a process that has everything else imported."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from devtool.errors import DevtoolError
from devtool.inproc import devtool_channel as words
from devtool.inproc import script_path
from devtool.inproc.devtool_channel import Channel, Message
from devtool.inproc.devtool_memory import mappings, touched
from devtool.runner.reload import (
    Crashed,
    Notice,
    OnNews,
    Reloaded,
    ReloadFailed,
    Reloading,
    Spawn,
)
from devtool.runner.reload_changes import Change, Changes
from devtool.runner.reload_learning import Learning
from devtool.runner.reload_nodes import (
    Kind,
    Node,
    is_dependency,
    pause_after,
    that_save_little,
)
from devtool.runner.reload_relay import Relay
from devtool.runner.reload_tree import Tree, wake
from devtool.runner.reload_turns import Turns

# After it, deaths are no longer counted as being in a row.
FORGIVEN_SECONDS = 10.0
# Learning waits until the first answers are out.
LEARN_AFTER = 0.3
STOP_SECONDS = 10.0
# So long after the last save, memory counts for more than the next few milliseconds.
IDLE_SECONDS = 8.0
# An installation writes for a while.
QUIET_SECONDS = 0.5


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
        banner: HTML pages say so while the last save is broken.
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
        banner: bool = False,
        memory: Path | None = None,
    ) -> None:
        self._application = application
        self._listeners = tuple(listeners)
        self._environment = environment or (lambda: os.environ)
        self._spawn = spawn or self._popen
        self._report = on_news or (lambda _: None)
        self._grace = grace
        self._serial = serial
        self._explain = explain
        self._banner = banner
        self._process: subprocess.Popen[bytes] | None = None
        self._turns = Turns("reload", lambda: self._parent is not None, self._let_go)
        # Everything below belongs to the thread.
        self._tree = Tree(self._turns, self._note, self._gone, on_files or (lambda _: None))
        self._relay = Relay(self._turns, self._tree, grace, self._announce)
        self._learning = Learning(memory, application.python)
        self._changes = Changes()
        self._parent: Node | None = None
        self._generation = 0
        self._renew_at = 0.0
        self._deaths = 0
        self._served_since = 0.0
        self._began = time.monotonic()
        self._can_fork = False
        # No version of this warm parent has served yet.
        self._is_fresh = False
        self._is_stopping = False
        # For what the next version is started, once it is known to compile.
        self._unchecked: Change | None = None

    @property
    def unsafe(self) -> dict[str, str]:
        """The modules that every version imports anew, and why."""
        return self._learning.unsafe

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
        self._parent = self._tree.add(Node(near, Kind.PARENT, files={}))
        self._set_up(self._parent)
        self._turns.start()

    def reload(
        self, paths: Iterable[str], *, declared: Iterable[str] = (), at: float | None = None
    ) -> None:
        """These files may have changed: start a new version if that matters.

        Args:
            paths: Absolute real paths.
            declared: Those that count though nothing imports them.
            at: When the change was noticed, by `time.monotonic()`.
        """
        change = Change(tuple(paths), frozenset(declared), time.monotonic() if at is None else at)
        self._turns.order(lambda: self._take(change))

    def rest(self) -> None:
        """What ends from now on was meant to end."""
        self._turns.order(self._rest)

    def stop(self) -> None:
        """End the service, and wait for it."""
        self._turns.order(self._stop)
        self._turns.join(self._grace + STOP_SECONDS)
        if self._process is not None:
            self._process.wait(STOP_SECONDS)

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

    def _note(self, node: Node, message: Message) -> None:
        react = getattr(self, _REACTIONS[message["ev"]])
        react(node, message)

    def _introduce(self, node: Node, message: Message) -> None:
        node.pid = message["pid"]
        if node.source is not None and not node.mappings:
            node.mappings = tuple(mappings(node.pid))

    def _stopping(self, node: Node, _: Message) -> None:
        node.was_asked = True

    def _renewing(self, node: Node, _: Message) -> None:
        self._set_up(node)

    def _let_go(self) -> None:
        self._tree.drop_all()
        self._relay.close()

    # Starting versions

    def _set_up(self, parent: Node) -> None:
        parent.channel.send({}, [listener.fileno() for listener in self._listeners])

    def _parent_waits(self, node: Node, _: Message) -> None:
        """The warm parent stands: it gets what is known to be wanted, and the first version starts."""
        if node is not self._parent:
            return
        self._can_fork = self._is_fresh = True
        if self._learning.good:
            self._preload(self._learning.good)
        self._begin_version(self._changes.cause)

    def _begin_version(self, change: Change | None) -> None:
        """Start a version for what has changed; what is starting is dropped."""
        relay = self._relay
        if self._parent is None or self._is_stopping or not self._can_fork:
            self._changes.cause = change
            relay.abandon()
            return
        if self._serial and change is not None and (relay.serving or relay.starting):
            self._unchecked = change
            self._parent.channel.send({"do": words.DO_CHECK, "paths": change.paths})
        else:
            self._changes.cause = change
            relay.abandon()
            self._go()
        if change is not None:
            self._report(Reloading(change.paths))

    def _go(self) -> None:
        """Let a version start, from the deepest process that is valid."""
        self._tree.drop_stale()
        source = self._tree.deepest()
        if source is None or self._is_stopping:
            return
        self._generation += 1
        held = {node.before for node in self._tree.of_kind(Kind.CHECKPOINT)}
        hot = self._changes.edited_again() if self.has_layers else []
        stops = [self._tree.imported_as(file) for file in hot if file not in held]
        node = self._that_becomes(source, leaves_copies=bool(stops))
        wake(node)
        node.kind = Kind.SERVER
        node.generation = self._generation
        node.inherited = len(node.files)
        self._mention(_origin(source, len(node.files)))
        order = {"do": words.DO_GO, "generation": self._generation, "stops": stops}
        node.channel.send({**order, "banner": self._banner})
        self._relay.starting = node

    def _checked(self, _: Node, message: Message) -> None:
        """Go on where versions may not overlap: the old one ends first, unless the new one cannot be."""
        relay = self._relay
        if message["fault"] is not None:
            if relay.serving is not None and relay.has_made_way:
                relay.resume(relay.serving)
            self._refuse({}, _failure(message["fault"]))
            return
        self._changes.cause = self._unchecked
        relay.abandon()
        if relay.serving is None:
            self._go()
        else:
            relay.make_way()

    def _that_becomes(self, source: Node, *, leaves_copies: bool) -> Node:
        """The process that is going to be a version.

        One that leaves copies of itself behind has copied nothing ahead of time: they would hold it too.
        """
        origin = source.source
        if source.kind is not Kind.STANDBY:
            return self._fork(source, ahead=False)
        if leaves_copies and source.copied and origin in self._tree.nodes:
            return self._fork(origin, ahead=False)
        return source

    def _fork(self, source: Node, *, ahead: bool) -> Node:
        """A process that waits to become a version."""
        return self._tree.fork(source, ahead=ahead)

    def _checkpoint(self, node: Node, message: Message) -> None:
        self._tree.hold(node, message)

    def _ready(self, node: Node, message: Message) -> None:
        if node is self._relay.starting:
            self._changes.started(message["missing"])
            self._relay.ready(node)

    def _drained(self, _: Node, __: Message) -> None:
        self._relay.drained()

    def _now_serves(self, node: Node, _: Message) -> None:
        if not self._relay.serves(node):
            return
        self._served_since = time.monotonic()
        self._turns.after(LEARN_AFTER, partial(self._review, node))
        self._look_again()

    def _announce(self, node: Node) -> None:
        cause = self._changes.cause
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

    def _review(self, node: Node) -> None:
        """Remember which memory a version writes to, for the next one from the same process."""
        self._tree.drop_all(self._changes.cold(self._tree.of_kind(Kind.CHECKPOINT)))
        source = node.source
        if source is not None and source in self._tree.nodes and node in self._tree.nodes:
            source.touched = tuple(touched(node.pid, node.mappings))
        if self._is_fresh and self.has_layers:
            # What serves is compiled in the warm parent, too: the next version finds its code there.
            self._is_fresh = False
            self._preload(())
        else:
            self._stand_by(afresh=True)

    def _stand_by(self, *, afresh: bool = False) -> None:
        """Fork the next version before anyone asks for it: the file edited last is edited again.

        Args:
            afresh: The process that the one at hand was forked from holds more by now.
        """
        if self._is_stopping or self._relay.starting is not None or not self._can_fork:
            return
        standbys = self._tree.of_kind(Kind.STANDBY)
        source = self._tree.deepest(but=standbys, before=self._changes.hot[:1])
        if source is None or (not afresh and any(each.source is source for each in standbys)):
            return
        self._tree.drop_all(standbys)
        node = self._fork(source, ahead=True)
        self._turns.after(IDLE_SECONDS, partial(self._lighten, node))

    def _lighten(self, node: Node) -> None:
        """Give memory back: the edits have come to an end for now."""
        source = node.source
        if node not in self._tree.of_kind(Kind.STANDBY):
            return
        self._tree.drop_all(that_save_little(self._tree.nodes))
        if node.copied and source in self._tree.nodes:
            self._tree.drop(node)
            self._fork(source, ahead=False)

    # Failing

    def _failed(self, node: Node, message: Message) -> None:
        if node.kind is Kind.STANDBY:
            self._tree.drop(node)
        if self._is_stopping or node not in {self._relay.starting, self._parent}:
            return
        if node is self._parent:
            self._can_fork = False
            if self._relay.serving is None and not self._generation:
                self._report(_failure(message)._replace(has_served=False, is_final=True))
                self._close_parent()
                return
        else:
            self._tree.drop(node)
        self._changes.missing |= set(message["missing"])
        self._fail(node.files, _failure(message))

    def _fail(self, files: Mapping[str, str], failure: ReloadFailed) -> None:
        """The version that was to start cannot."""
        self._relay.starting = None
        self._refuse(files, failure)

    def _refuse(self, files: Mapping[str, str], failure: ReloadFailed) -> None:
        """Keep the version before; any source may be the cure."""
        self._changes.failed(files)
        serving = self._relay.serving
        before = serving or self._relay.starting
        self._report(failure._replace(has_served=before is not None))
        if self._banner and serving is not None:
            text = _banner_text(failure, self._application.cwd)
            serving.channel.send({"do": words.DO_TELL, "text": text})
        self._turns.after(LEARN_AFTER, self._stand_by)
        self._look_again()

    def _gone(self, node: Node) -> None:
        """React to the end of a process."""
        relay = self._relay
        if node is self._parent:
            self._parent = None
        elif node is relay.starting:
            if node.is_ready and relay.serving is not None:
                # It was to be given the connections; who drained for it takes them again.
                relay.resume(relay.serving)
            if node.pid or node.source is None or node.source.kind is not Kind.CHECKPOINT:
                self._fail(node.files, ReloadFailed("the new version ended while it started"))
            else:
                # It never lived: the process that it was to be forked from has ended.
                relay.starting = None
                self._tree.drop(node.source)
                self._go()
        elif node is relay.parked:
            relay.parked = None
        elif node is relay.serving:
            relay.serving = None
            if node.is_leaving:
                relay.has_made_way = False
                self._go()
            else:
                self._server_gone(asked=node.was_asked)
        if self._is_stopping and not self._tree.of_kind(Kind.SERVER):
            self._close_parent()

    def _server_gone(self, *, asked: bool) -> None:
        if self._is_stopping:
            return
        if self._relay.parked is not None:
            self._relay.resume(self._relay.parked)
            self._report(Crashed(0.0, resumed=True))
            return
        lived = time.monotonic() - self._served_since
        self._deaths = 1 if lived > FORGIVEN_SECONDS else self._deaths + 1
        # A signal from the terminal reaches the server before devtool hears that all is to end.
        pause = max(pause_after(self._deaths), 0.3 if asked else 0.0)
        self._report(Crashed(pause))
        self._turns.after(pause, self._again)

    def _again(self) -> None:
        if self._relay.serving is None and self._relay.starting is None:
            self._began = time.monotonic()
            self._begin_version(None)

    def _mention(self, text: str) -> None:
        if self._explain:
            self._report(Notice(text))

    # Changes

    def _take(self, change: Change) -> None:
        relay = self._relay
        if self._is_taking_over():
            self._changes.pass_over(change)
            return
        if self._parent is not None:
            wake(self._parent)
        digests = self._tree.note_changes(change.paths)
        if change.declared & set(self._application.env_files):
            self._renew(change)
            return
        if any(map(is_dependency, change.paths)):
            self._renew_at = time.monotonic() + QUIET_SECONDS
            self._turns.after(QUIET_SECONDS, partial(self._renew_if_quiet, change))
            return
        if self._changes.fill_gaps(digests, relay.serving):
            self._tree.drop_all(self._tree.of_kind(Kind.CHECKPOINT, Kind.STANDBY))
        paths = self._changes.that_matter(change, digests, relay.serving, relay.starting)
        if paths:
            self._begin_version(change._replace(paths=tuple(paths)))
        elif relay.starting is not None:
            self._changes.pass_over(change)

    def _is_taking_over(self) -> bool:
        """True while connections are on their way to a new version, which is not to be dropped then."""
        starting = self._relay.starting
        return starting is not None and starting.is_ready

    def _look_again(self) -> None:
        """Judge again what came while a version started whose files were not known then."""
        for change in self._changes.passed_over():
            self._take(change)

    def _renew_if_quiet(self, change: Change) -> None:
        """Make the warm parent anew once nothing more is being installed."""
        if self._is_taking_over():
            self._changes.pass_over(change)
        elif time.monotonic() >= self._renew_at:
            self._renew(change)

    def _renew(self, change: Change) -> None:
        """Make the warm parent anew, in its place; the serving version goes on meanwhile."""
        self._changes.cause = change
        self._relay.abandon()
        if self._parent is None or self._is_stopping:
            return
        try:
            env = dict(self._environment())
        except DevtoolError as error:
            has_served = self._relay.serving is not None
            self._report(ReloadFailed(error.message, has_served=has_served))
            return
        self._tree.drop_all(self._tree.of_kind(Kind.CHECKPOINT, Kind.STANDBY))
        self._can_fork = False
        self._report(Reloading(change.paths))
        self._parent.channel.send({"do": words.DO_RENEW, "env": env})

    # Learning

    def _learn(self, _: Node, message: Message) -> None:
        names = message.get("modules", [])
        if not names:
            return
        self._learning.saw(names)
        reason = f"imported after the project has changed {message['changed']}"
        self._learning.blame(message.get("late", []), reason)
        self._turns.after(LEARN_AFTER, self._try_out)

    def _try_out(self) -> None:
        if self._parent is None or not self._can_fork or self._is_stopping:
            return
        names = self._learning.untried()
        if not names:
            return
        near, far = Channel.pair()
        self._parent.channel.send({"do": words.DO_TRY, "names": names}, [far.fileno()])
        far.close()
        self._tree.add(Node(near, Kind.TRIAL, files={}))

    def _tried_out(self, _: Node, message: Message) -> None:
        for name, reason in message["unsafe"].items():
            self._mention(f"{name} is imported anew by every version: it {reason}")
        self._learning.found(message["good"], message["unsafe"])
        if self._parent is not None and self._can_fork:
            self._preload(message["good"])

    def _preloaded(self, node: Node, _: Message) -> None:
        if node is self._parent:
            self._stand_by(afresh=True)

    def _preload(self, names: Sequence[str]) -> None:
        if self._parent is not None:
            serving = self._relay.serving
            files = [self._tree.imported_as(file) for file in serving.files] if serving else []
            self._parent.channel.send({"do": words.DO_PRELOAD, "names": names, "compile": files})

    # The end

    def _rest(self) -> None:
        self._is_stopping = True
        if not self._tree.of_kind(Kind.SERVER):
            self._close_parent()

    def _stop(self) -> None:
        for node in self._tree.of_kind(Kind.SERVER):
            self._relay.ask_to_end(node)
        self._rest()

    def _close_parent(self) -> None:
        if self._parent is not None:
            self._tree.drop(self._parent)
            self._parent = None


def _origin(source: Node, modules: int) -> str:
    """Where a version starts, in words."""
    start = source.source or source
    if start.before:
        return f"starts before {start.before}, with {modules} modules of the project imported"
    return "starts from the warm parent, with no module of the project imported"


def _banner_text(failure: ReloadFailed, folder: str) -> str:
    """What pages say of a broken save."""
    inside = failure.file.startswith(folder + os.sep)
    shown = failure._replace(file=os.path.relpath(failure.file, folder)) if inside else failure
    lines = ("The last save is broken; this is the version before it.", shown.error, shown.place)
    return "\n".join(line for line in (*lines, shown.source) if line)


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
