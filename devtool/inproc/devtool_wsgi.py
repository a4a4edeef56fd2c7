"""Serving WSGI with the project's own development server: werkzeug's for Flask, Django's for Django.

Both build on `socketserver`: a thread for each connection. The main thread accepts, and listens to
devtool; a connection that is idle when a newer version takes over is passed on to it.
"""

from __future__ import annotations

import contextlib
import logging
import os
import select
import socket
import threading
import time
from typing import TYPE_CHECKING, Any

import devtool_channel as words
from devtool_channel import Channel, Message

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from devtool_zygote import Node

PROBE = b"OPTIONS / HTTP/1.1\r\nHost: localhost\r\nUser-Agent: devtool\r\nConnection: close\r\n\r\n"
PROBE_SECONDS = 2.0
DRAIN_TICK = 0.05
# Where these servers write a line for each request.
LOGGERS = ("werkzeug", "django.server", "django.request")


class Gate:
    """Tells the threads of idle connections when to pass them on."""

    def __init__(self) -> None:
        self.busy = 0
        self.heirs: Channel | None = None
        self._lock = threading.Lock()
        self._closed, self._close = os.pipe()

    def wait(self, connection: socket.socket) -> bool:
        """Wait for a request; False if the connection goes on in another process."""
        poll = select.poll()
        poll.register(connection, select.POLLIN)
        poll.register(self._closed, select.POLLIN)
        ready = dict(poll.poll())
        if connection.fileno() in ready:
            return True
        with self._lock:
            if self.heirs is None or not self.heirs.send({}, [connection.fileno()]):
                return True
        # What closes a connection also shuts it down, for everyone who has it.
        os.close(connection.detach())
        return False

    def shut(self, heirs: Channel) -> None:
        """Pass on every connection that is idle from now on."""
        self.heirs = heirs
        os.write(self._close, b".")

    def open(self) -> None:
        """Keep the connections again."""
        with self._lock:
            if self.heirs is not None:
                self.heirs.close()
                self.heirs = None
                os.read(self._closed, 1)

    @contextlib.contextmanager
    def passed(self) -> Iterator[None]:
        """Count a connection while it is here."""
        with self._lock:
            self.busy += 1
        try:
            yield
        finally:
            with self._lock:
                self.busy -= 1


def patient(handler: type[Any], gate: Gate) -> type[Any]:
    """A request handler that waits at a gate before each request."""

    class Patient(handler):  # type: ignore[misc]
        """Reads a request only once there is one."""

        def handle(self) -> None:
            """Serve a connection as ever."""
            with gate.passed():
                super().handle()

        def handle_one_request(self) -> None:
            """Serve a request, or leave the connection to a newer version."""
            if gate.wait(self.connection):
                super().handle_one_request()
            else:
                self.close_connection = True

    Patient.__name__ = handler.__name__
    return Patient


class Service:
    """Accepts for some servers, and obeys devtool.

    Args:
        node: This process.
        servers: One for each listening socket, with patient handlers.
        gate: Where those wait.
        banner: What pages are told through, if they are.
    """

    def __init__(self, node: Node, servers: Sequence[Any], gate: Gate, banner: Any = None) -> None:
        self._node = node
        self._servers = servers
        self._gate = gate
        self._banner = banner
        self._accepts = False
        self._finish_at: float | None = None
        self._ancestors: list[Channel] = []

    def run(self) -> None:
        """Answer a probe, and serve until devtool says that it is enough."""
        self._node.imported()
        self._probe()
        self._node.begin_serving()
        self._node.tell_ready()
        try:
            while not self._is_over():
                self._turn()
        except KeyboardInterrupt:
            self._node.tell(words.EV_STOPPING, signum=2)

    def _is_over(self) -> bool:
        if self._finish_at is None:
            return False
        return self._gate.busy == 0 or time.monotonic() >= self._finish_at

    def _turn(self) -> None:
        waited: list[Any] = [self._node.channel, *self._ancestors]
        if self._accepts:
            waited += self._servers
        timeout = 1.0 if self._finish_at is None else DRAIN_TICK
        for each in select.select(waited, (), (), timeout)[0]:
            if each is self._node.channel:
                self._hear()
            elif isinstance(each, Channel):
                self._inherit(each)
            else:
                each._handle_request_noblock()  # noqa: SLF001  # what serve_forever calls
        self._node.tell_outsiders()

    def _hear(self) -> None:
        messages = self._node.channel.receive(wait=False)
        if messages is None:
            self._finish_at = 0.0
            return
        for message in messages:
            self._obey(message)

    def _obey(self, message: Message) -> None:
        order = message["do"]
        if order == words.DO_ACCEPT:
            self._ancestors += [Channel.from_fd(fd) for fd in message["fds"]]
            self._accepts = True
            self._node.tell(words.EV_SERVING)
        elif order == words.DO_DRAIN:
            self._accepts = False
            self._gate.shut(Channel.from_fd(message["fds"][0]))
            self._node.tell(words.EV_DRAINED)
        elif order == words.DO_TELL:
            self._banner.text = message["text"]
        elif order == words.DO_RESUME:
            self._finish_at = None
            if self._banner is not None:
                self._banner.text = ""
            self._gate.open()
            self._ancestors += [Channel.from_fd(fd) for fd in message["fds"]]
            self._accepts = True
            self._node.tell(words.EV_SERVING)
        elif order == words.DO_FINISH:
            self._finish_at = time.monotonic() + message["seconds"]
            self._accepts = False

    def _inherit(self, ancestors: Channel) -> None:
        messages = ancestors.receive(wait=False)
        if messages is None:
            self._ancestors.remove(ancestors)
            ancestors.close()
            return
        for message in messages:
            for fd in message["fds"]:
                connection = socket.socket(fileno=fd)
                connection.setblocking(True)  # noqa: FBT003
                with contextlib.suppress(OSError):
                    self._servers[0].process_request(connection, connection.getpeername())

    def _probe(self) -> None:
        """Answer a request as a client would send it, over a connection of our own."""
        with socket.create_server(("127.0.0.1", 0)) as listener:
            near = socket.create_connection(listener.getsockname())
            far, where = listener.accept()
        with near, _silent():
            near.settimeout(PROBE_SECONDS)
            near.sendall(PROBE)
            self._servers[0].process_request(far, where)
            with contextlib.suppress(OSError):
                while near.recv(1 << 16):
                    pass


@contextlib.contextmanager
def _silent() -> Iterator[None]:
    loggers = [logging.getLogger(name) for name in LOGGERS]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels):  # noqa: B905  # strict came with 3.10
            logger.setLevel(level)
