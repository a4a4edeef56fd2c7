"""One thread that does one thing after another: what others order, what is heard, what is due."""

from __future__ import annotations

import contextlib
import queue
import selectors
import socket
import threading
import time
from collections.abc import Callable

from devtool.inproc.devtool_channel import Channel

Deed = Callable[[], None]


class Turns:
    """A thread, and what it waits for.

    Args:
        name: What the thread is called.
        goes_on: Asked before each turn.
        at_end: Called from the thread when it has gone on for the last time.
    """

    def __init__(self, name: str, goes_on: Callable[[], bool], at_end: Deed) -> None:
        self._goes_on = goes_on
        self._at_end = at_end
        self._orders: queue.SimpleQueue[Deed] = queue.SimpleQueue()
        self._near, self._far = socket.socketpair()
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._near, selectors.EVENT_READ, self._woken)
        self._timers: list[tuple[float, Deed]] = []
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    # From any thread

    def start(self) -> None:
        """Begin; what is listened to before is listened to from now on."""
        self._thread.start()

    def order(self, deed: Deed) -> None:
        """Have something done in the thread, as soon as may be."""
        self._orders.put(deed)
        with contextlib.suppress(OSError):
            self._far.send(b".")

    def join(self, seconds: float) -> None:
        """Wait for the end of the thread."""
        self._thread.join(seconds)

    # From the thread, or before it starts

    def after(self, seconds: float, deed: Deed) -> None:
        """Have something done later."""
        self._timers.append((time.monotonic() + seconds, deed))

    def listen(self, channel: Channel, heard: Deed) -> None:
        """Call back whenever a channel has something to read."""
        self._selector.register(channel, selectors.EVENT_READ, heard)

    def ignore(self, channel: Channel) -> None:
        """Listen to a channel no longer; what was heard in this turn is still called back."""
        self._selector.unregister(channel)

    # The thread

    def _run(self) -> None:
        try:
            while self._goes_on():
                self._turn()
        finally:
            self._at_end()
            self._selector.close()
            self._near.close()
            self._far.close()

    def _turn(self) -> None:
        due = min((at for at, _ in self._timers), default=None)
        timeout = None if due is None else max(0.0, due - time.monotonic())
        for key, _ in self._selector.select(timeout):
            key.data()
        while not self._orders.empty():
            self._orders.get()()
        now = time.monotonic()
        ripe = [timer for timer in self._timers if timer[0] <= now]
        self._timers = [timer for timer in self._timers if timer[0] > now]
        for _, deed in ripe:
            deed()

    def _woken(self) -> None:
        self._near.recv(4096)
