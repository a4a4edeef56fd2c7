"""Serving ASGI with the project's own uvicorn, and handing connections from one version to the next.

uvicorn reads its own options, makes its own configuration and runs as always. Two of its classes are
replaced: the configuration pauses this process once it is made, and the server listens on inherited
sockets when devtool says so.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import inspect
import logging
import os
import socket
import sys
from typing import TYPE_CHECKING, Any, Dict, Iterator, List, Optional, Tuple

import devtool_channel as words
import devtool_faults
from devtool_channel import Channel, Message

if TYPE_CHECKING:
    from devtool_zygote import Node

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
PROBE = b"OPTIONS / HTTP/1.1\r\nHost: localhost\r\nUser-Agent: devtool\r\nConnection: close\r\n\r\n"
PROBE_SECONDS = 2.0
# How often a version that takes no more connections looks whether its last ones have ended.
DRAIN_TICK = 0.1
SHUTDOWN_SECONDS = 2
# Loaded by the first start of a server; no harm in having them before the fork.
USUAL = (
    "asyncio",
    "ssl",
    "uvicorn.lifespan.on",
    "uvicorn.protocols.http.auto",
    "uvicorn.protocols.websockets.auto",
    "uvicorn.loops.auto",
)


def serve(node: Node) -> None:
    """Run uvicorn's own command; `node.pause` is called inside."""
    main = importlib.import_module("uvicorn.main")
    sys.argv = ["uvicorn", *node.words]
    main.Config = _paused_config(main.Config, node)
    main.Server = _warm_server(main.Server, node)
    # One worker whatever the environment says: devtool owns the processes.
    main.main.main(args=[*node.words, "--workers", "1"], standalone_mode=False)


def _paused_config(base: Any, node: Node) -> Any:
    class Config(base):  # type: ignore[misc]
        """A configuration after whose making the process waits for its orders."""

        def __init__(self, app: Any, *args: Any, **options: Any) -> None:
            super().__init__(app, *args, **options)
            _import_usual(self)
            node.pause()
            if isinstance(app, str):
                importlib.import_module(app.partition(":")[0])
            node.mark("imported")

        def load(self) -> None:
            """Also make what is left of the application."""
            super().load()
            node.imported()
            node.mark("loaded")

    return Config


def _import_usual(config: Any) -> None:
    module = sys.modules["uvicorn.config"]
    tables = ("HTTP_PROTOCOLS", "WS_PROTOCOLS", "LIFESPAN", "LOOP_FACTORIES", "LOOP_SETUPS")
    chosen = (config.http, config.ws, config.lifespan, config.loop, config.loop)
    named = [
        str(getattr(module, table, {}).get(choice, "")).partition(":")[0]
        for table, choice in zip(tables, chosen)
        if isinstance(choice, str)
    ]
    for name in (*USUAL, *named):
        if name:
            with contextlib.suppress(ImportError):
                importlib.import_module(name)


def _warm_server(base: Any, node: Node) -> Any:
    class Server(base):  # type: ignore[misc]
        """uvicorn's server, which takes connections when it is told to, and gives them away."""

        def __init__(self, config: Any) -> None:
            super().__init__(config)
            self.servers: List[Any] = []
            self.voice = _Voice(aloud=node.generation == 1)
            self.may_accept: Any = None
            self.asked: Any = None
            self.drain_ends: Optional[float] = None
            self.heirs: Optional[Channel] = None
            self.loop: Any = None

        async def startup(self, sockets: Any = None) -> None:
            del sockets
            self.loop = asyncio.get_running_loop()
            self.may_accept = self.loop.create_future()
            self.asked = asyncio.Event()
            inner = self.lifespan.startup

            async def gated() -> None:
                node.mark("loop")
                await inner()
                node.mark("started")
                if not self.lifespan.should_exit:
                    await self._wait_for_turn()

            self.lifespan.startup = gated
            await super().startup(sockets=[each.dup() for each in node.listeners])
            self.voice.starts = False
            if self.may_accept.result():
                node.tell(words.EV_SERVING)
            self.loop.call_soon(node.tell_outsiders)

        async def _wait_for_turn(self) -> None:
            await self._probe()
            node.mark("probed")
            node.is_serving = True
            self.loop.add_reader(node.channel.fileno(), self._hear)
            node.tell_ready()
            if not await self.may_accept:
                self.should_exit = True

        async def _probe(self) -> None:
            """Answer a request as a client would send it, over a socket of our own."""
            near, far = _loopback()
            near.setblocking(False)
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
            messages = node.channel.receive(wait=False)
            if messages is None:
                self.loop.remove_reader(node.channel.fileno())
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
            elif order == words.DO_REVIEW:
                node.review()
            elif order == words.DO_RESUME:
                self.loop.create_task(self._resume())
            elif order == words.DO_FINISH:
                self.drain_ends = self.loop.time() + message["seconds"]
                self.asked.set()

        def _accept(self, message: Message) -> None:
            if not self.may_accept.done():
                self.may_accept.set_result(True)
            for fd in message["fds"]:
                ancestors = Channel.from_fd(fd)
                self.loop.add_reader(fd, self._inherit, ancestors)

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
            connection.setblocking(False)
            _, protocol = await self.loop.connect_accepted_socket(self._protocol, connection)
            expire = getattr(protocol, "timeout_keep_alive_handler", None)
            if expire is not None and protocol.timeout_keep_alive_task is None:
                seconds = self.config.timeout_keep_alive
                protocol.timeout_keep_alive_task = self.loop.call_later(seconds, expire)

        def _protocol(self) -> Any:
            made = self.config.http_protocol_class
            options: Dict[str, Any] = {
                "config": self.config,
                "server_state": self.server_state,
                "app_state": self.lifespan.state,
                "_loop": self.loop,
            }
            accepted = inspect.signature(made).parameters
            return made(**{name: each for name, each in options.items() if name in accepted})

        def _drain(self, message: Message) -> None:
            """Take no more connections; the idle ones go on in the next version."""
            for server in self.servers:
                server.close()
            if message["fds"]:
                self.heirs = Channel.from_fd(message["fds"][0])
            self.server_state.default_headers.append((b"connection", b"close"))
            self._hand_over()
            node.tell(words.EV_DRAINED)

        def _hand_over(self) -> None:
            for protocol in list(self.server_state.connections):
                if self.heirs is None or self.config.is_ssl or not _is_idle(protocol):
                    continue
                fd = os.dup(protocol.transport.get_extra_info("socket").fileno())
                if self.heirs.send({}, [fd]):
                    protocol.transport.abort()
                os.close(fd)

        async def _resume(self) -> None:
            self.drain_ends = None
            if self.heirs is not None:
                self.heirs.close()
                self.heirs = None
            self.server_state.default_headers = []
            for each in node.listeners:
                server = await self.loop.create_server(
                    self._protocol, sock=each.dup(), ssl=self.config.ssl, backlog=self.config.backlog
                )
                self.servers.append(server)
            node.tell(words.EV_SERVING)

        # The end

        def handle_exit(self, sig: int, frame: Any) -> None:
            """Note a signal, and wake who waits."""
            super().handle_exit(sig, frame)
            if self.loop is not None:
                self.loop.call_soon_threadsafe(self._told_to_stop, sig)

        def _told_to_stop(self, sig: int) -> None:
            node.tell(words.EV_STOPPING, signum=int(sig))
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
                    await asyncio.wait_for(
                        self.asked.wait(), 1.0 if self.heirs is None else DRAIN_TICK
                    )
                node.tell_outsiders()
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
            self.voice.aloud = self.heirs is None
            await super().shutdown(sockets)

    return Server


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
    connection = getattr(protocol, "conn", None)
    if connection is None or (cycle is not None and not cycle.response_complete):
        return False
    states = {str(connection.our_state), str(connection.their_state)}  # h11
    return states == {"IDLE"} and not connection.trailing_data[0]


def _loopback() -> Tuple[socket.socket, socket.socket]:
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
        return self.aloud or record.levelno > logging.INFO or not self.starts and _is_of_use(record)


def _is_of_use(record: logging.LogRecord) -> bool:
    return record.msg not in LIFE


@contextlib.contextmanager
def _without(logger: logging.Logger) -> Iterator[None]:
    logger.disabled = True
    try:
        yield
    finally:
        logger.disabled = False
