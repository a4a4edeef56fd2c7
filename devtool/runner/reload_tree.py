"""The living processes of a warm reloader: made, heard, and let go."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Callable, Iterable, Iterator
from functools import cache, partial

from devtool.inproc import devtool_channel as words
from devtool.inproc.devtool_channel import Channel, Message
from devtool.inproc.devtool_imports import digest_of
from devtool.inproc.devtool_reads import state_of
from devtool.runner.reload_nodes import Kind, Node, deepest, overtaken, stale
from devtool.runner.reload_turns import Turns


class Tree:
    """The processes that devtool talks to, and what they hold of the project.

    Args:
        turns: The thread that all of this belongs to.
        on_message: Called with what a process says.
        on_end: Called with a process that has ended, which is forgotten by then.
        on_files: Called with project files as they are imported.

    Attributes:
        nodes: All of them.
        changed: The digest of every file that was ever said to have changed.
    """

    def __init__(
        self,
        turns: Turns,
        on_message: Callable[[Node, Message], None],
        on_end: Callable[[Node], None],
        on_files: Callable[[Iterable[str]], None],
    ) -> None:
        self._turns = turns
        self._on_message = on_message
        self._on_end = on_end
        self._on_files = on_files
        self.nodes: list[Node] = []
        self.changed: dict[str, str] = {}
        # Files are known by their real paths, and were imported by these.
        self._imported_as: dict[str, str] = {}
        self._real: dict[str, str] = {}

    # Files

    def real(self, path: str) -> str:
        """The real path of a file that a process names."""
        found = self._real.get(path)
        if found is None:
            found = self._real[path] = os.path.realpath(path)
            self._imported_as[found] = path
        return found

    def imported_as(self, path: str) -> str:
        """The path that a file was imported by, as far as it was."""
        return self._imported_as.get(path, path)

    def note_changes(self, paths: Iterable[str]) -> dict[str, str]:
        """Look at files that may have changed; what each holds now, empty for one that is gone."""
        paths = set(paths)
        moved = self._forget_moved(paths)
        files = {self._real.get(path, path) for path in paths}
        digests = {path: digest_of(self.imported_as(path)) for path in sorted(files)} | moved
        self.changed |= digests
        self.drop_all(overtaken(self.nodes, [path for path, now in digests.items() if now]))
        return digests

    def _forget_moved(self, paths: set[str]) -> dict[str, str]:
        """The files that were imported by links which lead elsewhere now, and what those lead to."""
        moved: dict[str, str] = {}
        for path, real in list(self._real.items()):
            now = os.path.realpath(path) if path != real or path in paths else real
            if now != real:
                moved[real] = self.changed[now] = digest_of(path)
                del self._real[path], self._imported_as[real]
        return moved

    # Processes

    def of_kind(self, *kinds: Kind) -> list[Node]:
        """The processes of these kinds."""
        return [node for node in self.nodes if node.kind in kinds]

    def add(self, node: Node) -> Node:
        """Listen to a process."""
        self.nodes.append(node)
        self._turns.listen(node.channel, partial(self._hear, node))
        return node

    def fork(self, source: Node, *, ahead: bool) -> Node:
        """A child of a paused process, which waits.

        Args:
            source: The process.
            ahead: The child copies at once what its forerunners have written to.
        """
        wake(source)
        near, far = Channel.pair()
        copied = source.touched if ahead else ()
        source.channel.send({"do": words.DO_FORK, "touched": copied}, [far.fileno()])
        far.close()
        files = dict(source.files)
        return self.add(
            Node(
                near,
                Kind.STANDBY,
                files=files,
                reads=source.reads,
                before=source.before,
                source=source,
                copied=bool(copied),
            )
        )

    def hold(self, node: Node, message: Message) -> None:
        """Keep the copy that an importing process has left behind, if it is of use."""
        (fd,) = message["fds"]
        held = Node(
            Channel.from_fd(fd),
            Kind.CHECKPOINT,
            generation=node.generation,
            pid=node.pid,
            files=dict(node.files),
            reads=node.reads,
            before=self.real(message["before"]),
        )
        # The rest of it is another process, which says who it is.
        node.pid = 0
        node.source = held
        if held.is_valid(self.changed):
            self.add(held)
        else:
            held.channel.close()

    def deepest(self, *, but: Iterable[Node] = (), before: Iterable[str] = ()) -> Node | None:
        """The process from which a version has least to do.

        Args:
            but: Not one of these.
            before: It must not have executed these files.
        """
        left_out, later = list(but), set(before)
        usable = [
            node for node in self.nodes if node not in left_out and later.isdisjoint(node.files)
        ]
        return deepest(usable, self.changed)

    def drop(self, node: Node, *, kill: bool = False) -> None:
        """Forget a process; all but servers end when their channel does."""
        if node not in self.nodes:
            return
        _signal(node, signal.SIGKILL if kill else signal.SIGCONT)  # who is stopped hears no end
        self.nodes.remove(node)
        self._turns.ignore(node.channel)
        node.channel.close()

    def end(self, node: Node) -> None:
        """Kill a process that has not ended by itself, as if it had."""
        if node in self.nodes:
            self.drop(node, kill=True)
            self._on_end(node)

    def drop_stale(self) -> None:
        """Forget the copies that hold what has changed since."""
        for node in stale(self.nodes, self.changed, cache(state_of)):
            self.drop(node)

    def drop_all(self, nodes: Iterable[Node] | None = None) -> None:
        """Forget these, or all."""
        for node in list(self.nodes if nodes is None else nodes):
            self.drop(node)

    # Hearing

    def _hear(self, node: Node) -> None:
        if node not in self.nodes:
            return
        messages = node.channel.receive(wait=False)
        if messages is None:
            self.drop(node)
            self._on_end(node)
            return
        for message in self._while_known(node, messages):
            files = message.get("files")
            if files:
                node.files.update({self.real(path): held for path, held in files.items()})
                self._on_files(files)
            node.reads = {**node.reads, **message.get("reads", {})}
            self._on_message(node, message)

    def _while_known(self, node: Node, messages: Iterable[Message]) -> Iterator[Message]:
        """What a process says, until what it said made devtool forget it."""
        for message in messages:
            if node in self.nodes:
                yield message


def wake(node: Node) -> None:
    """Let a process go on that someone has stopped: it is needed, and would never say so."""
    _signal(node, signal.SIGCONT)


def _signal(node: Node, signum: int) -> None:
    if node.pid:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(node.pid, signum)
