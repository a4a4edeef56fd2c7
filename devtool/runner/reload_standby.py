"""The warm reloader without forks: each version starts in a process that was spawned ahead of time.

For macOS, where a fork of a process that has the system's libraries in it may crash or hang. A version
pays for all of the project's own modules, and the first one after another in quick succession for those
from outside as well; everything else is as with the warm reloader: sockets, errors, drained connections.
"""

from __future__ import annotations

from collections.abc import Sequence

from devtool.inproc import devtool_channel as words
from devtool.inproc.devtool_channel import Channel, Message
from devtool.runner.reload_nodes import Kind, Node
from devtool.runner.reload_warm import WarmReloader


class StandbyReloader(WarmReloader):
    """Serves an application on sockets that never close, from one process that stands by at a time."""

    script = "devtool_spawn"
    has_layers = False

    def _fork(self, source: Node, *, ahead: bool) -> Node:
        del ahead
        near, far = Channel.pair()
        source.channel.send({"do": words.DO_FORK}, [far.fileno()])
        far.close()
        node = self._tree.add(Node(near, Kind.STANDBY, files={}, source=source))
        self._set_up(node)
        names = self._learning.good
        node.channel.send({"do": words.DO_PRELOAD, "names": names, "compile": []})
        return node

    def _stand_by(self, *, afresh: bool = False) -> None:
        """Spawn the next version before anyone asks for it, once."""
        del afresh
        super()._stand_by()

    def _try_out(self) -> None:
        """Nothing that an import leaves behind does harm to a process that is not forked."""
        self._learning.trust_all()
        super()._stand_by(afresh=True)

    def _preload(self, names: Sequence[str]) -> None:
        """Who stands by was told when it was spawned."""

    def _preloaded(self, node: Node, message: Message) -> None:
        """What cannot be imported alone may be half imported now: start over without it."""
        if not message["failed"]:
            return
        self._learning.blame(message["failed"], "cannot be imported alone")
        if node.kind is Kind.STANDBY:
            self._tree.drop(node)
            super()._stand_by()
