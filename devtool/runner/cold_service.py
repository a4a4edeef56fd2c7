"""A service under the cold reloader: its socket, and the process that starts its servers."""

from __future__ import annotations

import contextlib
import os
import socket
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

from devtool.inproc import devtool_channel as words
from devtool.inproc import script_path
from devtool.inproc.devtool_channel import Channel, Message
from devtool.model.launch import Service
from devtool.runner.binding import listen
from devtool.runner.handover import server_of
from devtool.runner.reload import Spawn
from devtool.runner.reload_cold import ColdReloader, Command
from devtool.runner.reloading_service import ReloadingService, Tell


class ColdService(ReloadingService):
    """Keeps one service on the code that is on disk, by starting its server anew.

    Args:
        service: What is started.
        root: The folder that paths are shown relative to.
        environment: Asked for the environment of each new server.
        last_lines: What the service has written last.

    Raises:
        ServiceError: Its address cannot be listened on.
    """

    def __init__(
        self,
        service: Service,
        root: str,
        environment: Callable[[], Mapping[str, str]],
        last_lines: Callable[[], str],
    ) -> None:
        super().__init__(service, root, environment, _listeners(service))
        self._last_lines = last_lines
        self._line: _Line | None = None

    def start(self, spawn: Spawn, tell: Tell) -> None:
        """Start a life of the service."""
        self.rest()
        near, far = Channel.pair()
        try:
            spawn((sys.executable, script_path("devtool_launch"), str(far.fileno())), far.fileno())
        finally:
            far.close()
        service = self._service
        env_files = tuple(
            os.path.realpath(Path(service.cwd, file))
            for file in dict.fromkeys((*service.env_files, ".env"))
        )
        self._line = _Line(near, self._environment, self._last_lines)
        self._reloader = ColdReloader(
            Command(
                argv=service.argv,
                cwd=service.cwd,
                python=_python(service.argv),
                probe=service.probe,
                env_files=env_files,
            ),
            self._listeners,
            environment=self._environment,
            launch=self._line.launch,
            on_news=lambda news: tell(self._shown(news)),
            grace=service.grace,
            serial=service.serial,
        )
        self._watcher = self._watch((service.cwd,), env_files, tell)
        self._watcher.start()
        self._reloader.start()

    def rest(self) -> None:
        """What ends from now on was meant to end."""
        super().rest()
        if self._line is not None:
            self._line.rest()
            self._line = None


def _listeners(service: Service) -> list[socket.socket]:
    """The socket that a server which can take one is given."""
    if not (server_of(service.argv) and service.port):
        return []
    # A server takes one; nobody would answer on the others.
    first, *others = listen(service.host or "127.0.0.1", service.port)
    for other in others:
        other.close()
    return [first]


class _Line:
    """The conversation with the process that starts the servers.

    Args:
        channel: Our end of it; it belongs to the conversation.
        environment: Asked for the environment of each server.
        last_lines: What servers have written last.
    """

    def __init__(
        self,
        channel: Channel,
        environment: Callable[[], Mapping[str, str]],
        last_lines: Callable[[], str],
    ) -> None:
        self._channel = channel
        self._environment = environment
        self._last_lines = last_lines
        self._servers: dict[int, _Server] = {}
        self._is_resting = False
        self._thread = threading.Thread(target=self._listen, name="launcher", daemon=True)
        self._thread.start()

    def launch(
        self, argv: tuple[str, ...], fds: tuple[int, ...], on_end: Callable[[int], None]
    ) -> _Server:
        """Have a server started."""
        number = len(self._servers) + 1
        server = self._servers[number] = _Server(self, number, on_end, self._last_lines)
        env = dict(self._environment())
        self.send({"do": words.DO_START, "number": number, "argv": argv, "env": env}, fds)
        return server

    def send(self, message: Message, fds: tuple[int, ...] = ()) -> None:
        """Send an order; nobody may be there any more."""
        self._channel.send(message, fds)

    def rest(self) -> None:
        """Hang up as soon as no server is left."""
        self._is_resting = True
        if not any(server.lives for server in self._servers.values()):
            self._hang_up()

    def _listen(self) -> None:
        while (messages := self._channel.receive()) is not None:
            for message in messages:
                self._note(message)
        self._channel.close()

    def _note(self, message: Message) -> None:
        server = self._servers[message["number"]]
        if message["ev"] == words.EV_PROCESS:
            server.pid = message["pid"]
            return
        server.ended(message["code"], message["text"])
        if self._is_resting:
            self.rest()

    def _hang_up(self) -> None:
        with contextlib.suppress(OSError):
            self._channel.sock.shutdown(socket.SHUT_RDWR)


class _Server:
    """A server that another process has started."""

    def __init__(
        self, line: _Line, number: int, on_end: Callable[[int], None], last_lines: Callable[[], str]
    ) -> None:
        self.pid = 0
        self.lives = True
        self._line = line
        self._number = number
        self._on_end = on_end
        self._last_lines = last_lines
        self._text = ""

    def signal(self, signum: int) -> None:
        """Signal it, and what it started."""
        order = {"do": words.DO_SIGNAL, "number": self._number, "signum": int(signum)}
        self._line.send(order)

    def kill(self) -> None:
        """End it at once."""
        self.signal(9)

    def tail(self) -> str:
        """The last lines that it has written."""
        return self._text or self._last_lines()

    def ended(self, code: int, text: str) -> None:
        """Note its end."""
        self.lives = False
        self._text = text
        self._on_end(code)


def _python(argv: tuple[str, ...]) -> str:
    """The interpreter that a command names, or ours: it says whether a file compiles."""
    program = Path(argv[0])
    if program.name.startswith("python"):
        return argv[0]
    beside = program.with_name("python")
    return str(beside) if program.is_absolute() and beside.exists() else sys.executable
