"""uvicorn's server, made to take connections when it is told to, and to give them away."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import logging
import os
import socket
from typing import TYPE_CHECKING, Any

import devtool_channel as words
import devtool_faults
from devtool_banner import Banner
from devtool_channel import Channel, Message

if TYPE_CHECKING:
    from collections.abc import Iterator

    from devtool_zygote import Node

# Put in front of the class of the project's own uvicorn.
_Base: Any = object

# What the server says of its own life; a reload prints one line instead.
LOGGER = "uvicorn.error"
LIFE = frozenset(
    {
        "Shutting down",
        "Waiting for application shutdown.",
        "Application shutdown complete.",
        "Waiting for connections to close. (CTRL+C to force quit)",
        "Waiting for background tasks to complete. (CTRL+C to force quit)",
        "Finished server process [%d]",
    }
)
# FastAPI answers it from a constant, before it has built what it needs to find the project's routes,
# half a millisecond for each; of other applications it is as good as any path that is not there.
PROBE = b"GET /docs/oauth2-redirect HTTP/1.1\r\nHost: localhost\r\nUser-Agent: devtool\r\nConnection: close\r\n\r\n"
PROBE_SECONDS = 2.0
# How often a version that takes no more connections looks whether its last ones have ended.
DRAIN_TICK = 0.1
SHUTDOWN_SECONDS = 2


class WarmServer(_Base):  # type: ignore[misc]
    """uvicorn's server, which takes connections when it is told to, and gives them away."""

    node: Node

    def __init__(self, config: Any) -> None:
        super().__init__(config)
        self.servers: list[Any] = []
        self.voice = _Voice(aloud=self.node.generation == 1)
        self.may_accept: Any = None
        self.asked: Any = None
        self.drain_ends: float | None = None
        self.heirs: Channel | None = None
        self.is_ending = False
        self.was_signalled = False
        self.loop: Any = None
        self.banner: Any = None

    async def startup(self, sockets: Any = None) -> None:
        """Start the application, answer a probe, and take connections once devtool says so."""
        del sockets
        self.node.imported()
        if self.node.has_banner:
            self.banner = self.config.loaded_app = Banner(self.config.loaded_app)
        self.loop = asyncio.get_running_loop()
        self.may_accept = self.loop.create_future()
        self.asked = asyncio.Event()
        inner = self.lifespan.startup

        async def gated() -> None:
            self.node.mark("loop")
            await inner()
            self.node.mark("started")
            if not self.lifespan.should_exit:
                await self._wait_for_turn()

        self.lifespan.startup = gated
        await super().startup(sockets=self.node.listening())
        self.voice.starts = False
        if self.may_accept.result():
            self.node.tell(words.EV_SERVING)
        self.loop.call_soon(self.node.tell_outsiders)

    async def _wait_for_turn(self) -> None:
        await self._probe()
        self.node.mark("probed")
        self.node.begin_serving()
        self.loop.add_reader(self.node.channel.fileno(), self._hear)
        self.node.tell_ready()
        if not await self.may_accept:
            self.should_exit = True

    async def _probe(self) -> None:
        """Answer a request as a client would send it, over a socket of our own."""
        near, far = _loopback()
        near.setblocking(False)  # noqa: FBT003
        await self._take(far)
        access = logging.getLogger("uvicorn.access")
        with near, _without(access):
            await self.loop.sock_sendall(near, PROBE)
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._all_of(near), PROBE_SECONDS)

    async def _all_of(self, near: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while await self.loop.sock_recv(near, 1 << 16):
                pass

    # Orders

    def _hear(self) -> None:
        messages = self.node.channel.receive(wait=False)
        if messages is None:
            self.loop.remove_reader(self.node.channel.fileno())
            self._leave()
            return
        for message in messages:
            self._obey(message)

    def _obey(self, message: Message) -> None:
        order = message["do"]
        if order == words.DO_ACCEPT:
            self._accept(message)
        elif order == words.DO_DRAIN:
            self._drain(message)
        elif order == words.DO_RESUME:
            self.loop.create_task(self._resume(message["fds"]))
        elif order == words.DO_TELL:
            self.banner.text = message["text"]
        elif order == words.DO_FINISH:
            self.drain_ends = self.loop.time() + message["seconds"]
            self.asked.set()

    def _accept(self, message: Message) -> None:
        if not self.may_accept.done():
            self.may_accept.set_result(True)
        self._listen_to_ancestors(message["fds"])

    def _listen_to_ancestors(self, fds: list[int]) -> None:
        for fd in fds:
            self.loop.add_reader(fd, self._inherit, Channel.from_fd(fd))

    def _inherit(self, ancestors: Channel) -> None:
        """Take the connections that the version before hands over."""
        messages = ancestors.receive(wait=False)
        if messages is None:
            self.loop.remove_reader(ancestors.fileno())
            ancestors.close()
            return
        for message in messages:
            for fd in message["fds"]:
                taken = self._take(socket.socket(fileno=fd))
                task = self.loop.create_task(taken)
                self.server_state.tasks.add(task)
                task.add_done_callback(self.server_state.tasks.discard)

    async def _take(self, connection: socket.socket) -> None:
        connection.setblocking(False)  # noqa: FBT003
        _, protocol = await self.loop.connect_accepted_socket(self._protocol, connection)
        expire = getattr(protocol, "timeout_keep_alive_handler", None)
        if expire is not None and protocol.timeout_keep_alive_task is None:
            seconds = self.config.timeout_keep_alive
            protocol.timeout_keep_alive_task = self.loop.call_later(seconds, expire)

    def _protocol(self) -> Any:
        made = self.config.http_protocol_class
        options: dict[str, Any] = {
            "config": self.config,
            "server_state": self.server_state,
            "app_state": self.lifespan.state,
            "_loop": self.loop,
        }
        accepted = inspect.signature(made).parameters
        return made(**{name: each for name, each in options.items() if name in accepted})

    def _drain(self, message: Message) -> None:
        """Take no more connections; the idle ones go on in the next version."""
        self._stop_listening()
        if message["fds"]:
            self.heirs = Channel.from_fd(message["fds"][0])
        self.server_state.default_headers.append((b"connection", b"close"))
        # asyncio makes a transport one turn after it has accepted, and drops the connection if the
        # server was closed in between.
        closing, self.servers = self.servers, []
        self.loop.call_soon(self.loop.call_soon, self._drained, closing)

    def _stop_listening(self) -> None:
        if not isinstance(self.loop, asyncio.SelectorEventLoop):
            return
        for server in self.servers:
            for listener in server.sockets:
                self.loop.remove_reader(listener.fileno())

    def _drained(self, closing: list[Any]) -> None:
        for server in closing:
            server.close()
        self._hand_over()
        self.node.tell(words.EV_DRAINED)

    def _hand_over(self) -> None:
        for protocol in list(self.server_state.connections):
            if self.heirs is None or self.config.is_ssl or not _is_idle(protocol):
                continue
            fd = os.dup(protocol.transport.get_extra_info("socket").fileno())
            if self.heirs.send({}, [fd]):
                protocol.transport.abort()
            os.close(fd)

    async def _resume(self, fds: list[int]) -> None:
        if self.is_ending:
            return
        self.drain_ends = None
        if self.banner is not None:
            self.banner.text = ""
        if self.heirs is not None:
            self.heirs.close()
            self.heirs = None
        self._listen_to_ancestors(fds)
        self.server_state.default_headers = []
        for each in self.node.listening():
            server = await self.loop.create_server(
                self._protocol,
                sock=each,
                ssl=self.config.ssl,
                backlog=self.config.backlog,
            )
            self.servers.append(server)
        self.node.tell(words.EV_SERVING)

    # The end

    def handle_exit(self, sig: int, frame: Any) -> None:
        """Note a signal, and wake who waits."""
        if not self.was_signalled:
            # If devtool has hung up before, this is not yet the second call, which would be urgent.
            self.was_signalled, self.should_exit = True, False
        super().handle_exit(sig, frame)
        if self.loop is not None:
            self.loop.call_soon_threadsafe(self._told_to_stop, sig)

    def _told_to_stop(self, sig: int) -> None:
        self.node.tell(words.EV_STOPPING, signum=int(sig))
        self._leave()

    def _leave(self) -> None:
        self.should_exit = True
        self.asked.set()
        if not self.may_accept.done():
            self.may_accept.set_result(False)

    async def main_loop(self) -> None:
        """Sleep until there is something to do; uvicorn itself looks ten times a second."""
        while not self._is_over() and not await self.on_tick(0):
            self.asked.clear()
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self.asked.wait(), 1.0 if self.heirs is None else DRAIN_TICK)
            self.node.tell_outsiders()
        if self.heirs is not None:
            self.config.timeout_graceful_shutdown = SHUTDOWN_SECONDS

    def _is_over(self) -> bool:
        """True once a version that others have followed has nothing left to do."""
        if self.heirs is not None:
            self._hand_over()
        if self.drain_ends is None:
            return False
        return not self.server_state.connections or self.loop.time() >= self.drain_ends

    async def on_tick(self, counter: int) -> bool:
        """As ever, but what is being drained says so in every answer."""
        is_over: bool = await super().on_tick(counter)
        if self.heirs is not None:
            self.server_state.default_headers.append((b"connection", b"close"))
        return is_over

    async def shutdown(self, sockets: Any = None) -> None:
        """End as uvicorn does, without a word if a newer version serves."""
        self.is_ending = True
        self.voice.aloud = self.heirs is None
        await super().shutdown(sockets)


def _is_idle(protocol: Any) -> bool:
    """True if nothing of a request or an answer is on its way in this process."""
    transport = getattr(protocol, "transport", None)
    if transport is None or transport.is_closing() or transport.get_write_buffer_size():
        return False
    cycle = getattr(protocol, "cycle", None)
    if hasattr(protocol, "parser"):  # httptools
        if cycle is None:
            return protocol.scope is None
        return cycle.response_complete and not cycle.more_body and protocol.scope is cycle.scope
    connection: Any = getattr(protocol, "conn", None)  # of h11; those of WebSockets have one, too
    if not hasattr(connection, "our_state") or (cycle is not None and not cycle.response_complete):
        return False
    states = {str(connection.our_state), str(connection.their_state)}  # h11
    return states == {"IDLE"} and not connection.trailing_data[0]


def _loopback() -> tuple[socket.socket, socket.socket]:
    """Two ends of a TCP connection, since applications expect clients to have an address."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        near = socket.create_connection(listener.getsockname())
        return near, listener.accept()[0]


class _Voice(logging.Filter):
    """What a server says of its own life: left out but for the first start and the last end.

    The errors of a start are remembered, and left out as well: devtool tells them with their place.
    """

    def __init__(self, *, aloud: bool) -> None:
        super().__init__()
        self.aloud = aloud
        self.starts = True
        logging.getLogger(LOGGER).addFilter(self)

    def filter(self, record: logging.LogRecord) -> bool:
        """Decide whether a record is shown."""
        if self.starts and record.levelno >= logging.ERROR:
            devtool_faults.remember(record)
            return False
        return (
            self.aloud or record.levelno > logging.INFO or (not self.starts and _is_of_use(record))
        )


def _is_of_use(record: logging.LogRecord) -> bool:
    return record.msg not in LIFE


@contextlib.contextmanager
def _without(logger: logging.Logger) -> Iterator[None]:
    logger.disabled = True
    try:
        yield
    finally:
        logger.disabled = False
