"""From one version to the next: connections are handed over, and the old one ends when it may."""

from __future__ import annotations

import math
import socket
import time
from collections.abc import Callable
from functools import partial

from devtool.inproc import devtool_channel as words
from devtool.runner.reload_nodes import Node
from devtool.runner.reload_tree import Tree
from devtool.runner.reload_turns import Turns

# A version that lives this long has started well; until then the one before stands ready to go on.
SETTLE_SECONDS = 0.5
# An old version that is stuck in a request cannot say that it takes no more connections.
ACCEPT_SECONDS = 0.05
DRAIN_SECONDS = 0.1
# What a version needs to end after its grace, before it is killed.
END_SECONDS = 3.0


class Relay:
    """The version that takes connections, the one that is to follow, and the one before.

    Args:
        turns: The thread that all of this belongs to.
        tree: The processes.
        grace: Seconds that requests of an old version may take to end.
        on_served: Called with a new version once it takes connections, and the old one no more.

    Attributes:
        starting: It will serve when it is ready.
        serving: It takes connections, or has made way for the next.
        parked: It served before, and goes on if its successor dies young.
        has_made_way: What serves was asked to end before there is another.
    """

    def __init__(
        self, turns: Turns, tree: Tree, grace: float, on_served: Callable[[Node], None]
    ) -> None:
        self._turns = turns
        self._tree = tree
        self._grace = grace
        self._on_served = on_served
        self.starting: Node | None = None
        self.serving: Node | None = None
        self.parked: Node | None = None
        self.has_made_way = False
        # Our hold on what carries connections from the one to the other.
        self._heir: socket.socket | None = None
        # The same, while it is given back to the version that they came from.
        self._returned: list[socket.socket] = []
        self._is_drained = False
        self._is_unsaid = False

    def abandon(self) -> None:
        """Let what is starting be."""
        if self.starting is not None:
            self._tree.drop(self.starting, kill=True)
            self.starting = None

    def ready(self, node: Node) -> None:
        """A version can take connections: it does when the one before takes no more.

        So no answer of the new version is followed by one of the old.
        """
        node.is_ready = True
        if self.serving is None:
            self._accept(node)
            return
        self._drain(self.serving)
        self._turns.after(ACCEPT_SECONDS, partial(self._accept, node))

    def make_way(self) -> None:
        """End the version that serves before there is another; its idle connections wait for that."""
        if self.serving is not None and not self.has_made_way:
            self.has_made_way = True
            self._drain(self.serving)
            self.ask_to_end(self.serving)

    def _drain(self, old: Node) -> None:
        """Let it take no more connections, and hand over those that are idle."""
        self._is_drained = False
        self._heir, ancestor = socket.socketpair()
        old.channel.send({"do": words.DO_DRAIN}, [ancestor.fileno()])
        ancestor.close()

    def drained(self) -> None:
        """The old version takes no more connections."""
        self._is_drained = True
        if self.starting is not None:
            self._accept(self.starting)
        self._say()

    def _accept(self, node: Node) -> None:
        """Let a new version take connections, and those that the old one has handed over."""
        if node is not self.starting or node.accepts or not node.is_ready:
            return
        node.accepts = True
        fds = [each.fileno() for each in (self._heir, *self._returned) if each is not None]
        node.channel.send({"do": words.DO_ACCEPT}, fds)
        self.close()

    def serves(self, node: Node) -> bool:
        """Note who takes connections; True if it is a new version."""
        if node is self.serving:
            node.is_leaving = False  # it went on
            self._close_returned()
            return False
        if node is self.parked:
            self.serving, self.parked = node, None
            return False
        self.parked, self.serving, self.starting = self.serving, node, None
        self.has_made_way = False
        self._is_unsaid = True
        old = self.parked
        if old is not None:
            self._turns.after(SETTLE_SECONDS, partial(self._finish, old))
            self._turns.after(DRAIN_SECONDS, self._say)
        if old is None or self._is_drained:
            self._say()
        return True

    def _say(self) -> None:
        if self._is_unsaid and self.serving is not None:
            self._is_unsaid = False
            self._on_served(self.serving)

    def _finish(self, old: Node) -> None:
        """Let an old version end: its last requests have the grace."""
        if self.parked is old:
            self.parked = None
        if old is not self.serving:
            self.ask_to_end(old)

    def ask_to_end(self, node: Node) -> None:
        """Have a version end within the grace, or by force."""
        node.channel.send({"do": words.DO_FINISH, "seconds": self._grace})
        node.is_leaving = True
        node.ends_at = time.monotonic() + self._grace + END_SECONDS
        self._turns.after(self._grace + END_SECONDS, partial(self._end_if_due, node))

    def _end_if_due(self, node: Node) -> None:
        if time.monotonic() >= node.ends_at:
            self._tree.end(node)

    def resume(self, node: Node) -> None:
        """Have a version that was drained take connections again, and those that it has handed over.

        One that ends already cannot, and says nothing: then the next version gets them.
        """
        if self._heir is not None:
            self._returned.append(self._heir)
            self._heir = None
        fds = [each.fileno() for each in self._returned]
        node.channel.send({"do": words.DO_RESUME}, fds)
        node.ends_at = math.inf
        self.has_made_way = False

    def close(self) -> None:
        """Hang up on whoever hands connections over; those under way are closed."""
        if self._heir is not None:
            self._heir.close()
            self._heir = None
        self._close_returned()

    def _close_returned(self) -> None:
        for each in self._returned:
            each.close()
        self._returned.clear()
