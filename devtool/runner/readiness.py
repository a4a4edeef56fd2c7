"""Does a service answer? One attempt at a time, without the standard library's HTTP client.

`http.client` costs more to import than a server takes to answer; only the first bytes count here.
"""

from __future__ import annotations

import contextlib
import shlex
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from typing import NamedTuple
from urllib.parse import urlsplit

from devtool.model.launch import Probe, ProbeKind

# First tries come fast, because a small server is up in a third of a second.
FIRST_PAUSE = 0.02
LAST_PAUSE = 0.25
CONNECT_TIMEOUT = 2.0
HEAR_OUT_SECONDS = 2.0
HEALTH_EVERY = 5.0
HEALTH_TIMEOUT = 5.0

_WILDCARDS = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104


class Place(NamedTuple):
    """Where a service listens."""

    host: str
    port: int


def place_of(probe: Probe) -> Place | None:
    """The address that a probe asks, or None if it asks none."""
    if probe.kind is ProbeKind.HTTP:
        url = urlsplit(probe.target)
        port = url.port or (443 if url.scheme == "https" else 80)
        return Place(reachable(url.hostname or ""), port)
    if probe.kind is ProbeKind.PORT:
        host, _, text = probe.target.rpartition(":")
        return Place(reachable(host.strip("[]")), int(text))
    return None


def reachable(host: str) -> str:
    """An address to connect to, for a host to listen on."""
    return _WILDCARDS.get(host, host)


class Readiness(threading.Thread):
    """Asks until the service answers, the time is up or it is called off.

    Args:
        probe: What to ask.
        env: The environment for a command.
        cwd: The folder for a command.
        on_ready: Called once, when it answers.
        on_silent: Called once, when the probe's timeout has passed; asking goes on.
    """

    def __init__(
        self,
        probe: Probe,
        *,
        env: Mapping[str, str],
        cwd: str,
        on_ready: Callable[[], None],
        on_silent: Callable[[], None],
    ) -> None:
        super().__init__(name="readiness", daemon=True)
        self._probe = probe
        self._env = dict(env)
        self._cwd = cwd
        self._on_ready = on_ready
        self._on_silent = on_silent
        self._cancelled = threading.Event()
        self._answering: socket.socket | None = None

    def cancel(self) -> None:
        """Stop asking."""
        self._cancelled.set()

    def run(self) -> None:
        """Ask, with growing pauses."""
        deadline = time.monotonic() + self._probe.timeout
        pause, told = FIRST_PAUSE, False
        while not self._cancelled.is_set():
            if self._ask():
                self._on_ready()
                self._hear_out()
                return
            if not told and time.monotonic() > deadline:
                told = True
                self._on_silent()
            self._cancelled.wait(pause)
            pause = min(pause * 1.25, LAST_PAUSE)

    def _ask(self) -> bool:
        if self._probe.kind is ProbeKind.COMMAND:
            return _succeeds(shlex.split(self._probe.target), self._env, self._cwd)
        place = place_of(self._probe)
        if place is None:
            return False
        url = urlsplit(self._probe.target)
        if self._probe.kind is ProbeKind.PORT or url.scheme == "https":
            return connects(place)
        target = (url.path or "/") + (f"?{url.query}" if url.query else "")
        return self._speaks_http(place, target)

    def _speaks_http(self, place: Place, target: str) -> bool:
        """True once any HTTP response has begun: a server that says 404 or 500 is up."""
        try:
            connection = _connect(place)
        except OSError:
            return False
        try:
            # One request is waited for as long as it takes: the first page of a frontend may take
            # ten seconds to compile, and asking again would compile it again.
            connection.settimeout(0.2)
            connection.sendall(_request(place, target))
            if self._first_bytes(connection).startswith(b"HTTP/"):
                self._answering = connection
                return True
        except OSError:
            pass
        connection.close()
        return False

    def _hear_out(self) -> None:
        """Read the rest of the answer, within reason: servers complain when they are cut short."""
        if self._answering is None:
            return
        deadline = time.monotonic() + HEAR_OUT_SECONDS
        with self._answering as connection, contextlib.suppress(OSError):
            while time.monotonic() < deadline and connection.recv(1 << 16):
                pass

    def _first_bytes(self, connection: socket.socket) -> bytes:
        deadline = time.monotonic() + self._probe.timeout
        while not self._cancelled.is_set() and time.monotonic() < deadline:
            try:
                return connection.recv(64)
            except TimeoutError:
                continue
        return b""


def _request(place: Place, target: str) -> bytes:
    host = f"[{place.host}]" if ":" in place.host else place.host
    return (
        f"GET {target} HTTP/1.1\r\nHost: {host}:{place.port}\r\n"
        "User-Agent: devtool\r\nAccept: */*\r\nConnection: close\r\n\r\n"
    ).encode("ascii", errors="replace")


def _connect(place: Place) -> socket.socket:
    return socket.create_connection((place.host, place.port), timeout=CONNECT_TIMEOUT)


def connects(place: Place) -> bool:
    """True if something accepts connections there."""
    try:
        _connect(place).close()
    except OSError:
        return False
    return True


def hangs_up(place: Place, seconds: float) -> bool:
    """True if the server closes a connection on which nothing is asked.

    Its event loop must turn for that, and no server logs it: an accepted connection alone proves
    nothing, because the kernel accepts for a process that is stuck or stopped.
    """
    try:
        with _connect(place) as connection:
            connection.settimeout(seconds)
            connection.shutdown(socket.SHUT_WR)
            return connection.recv(64) == b""
    except ConnectionResetError:
        return True
    except OSError:
        return False


def _succeeds(argv: list[str], env: dict[str, str], cwd: str) -> bool:
    try:
        done = subprocess.run(
            argv,
            env=env,
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=10,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


class Listening(threading.Thread):
    """Asks until whoever serves on a socket that was open before it has taken a connection.

    Args:
        place: Where it listens.
        on_ready: Called once, when it does.
    """

    def __init__(self, place: Place, on_ready: Callable[[], None]) -> None:
        super().__init__(name="listening", daemon=True)
        self._place = place
        self._on_ready = on_ready
        self._cancelled = threading.Event()

    def cancel(self) -> None:
        """Stop asking."""
        self._cancelled.set()

    def run(self) -> None:
        """Ask, patiently: a connection waits in the queue of the socket."""
        while not self._cancelled.is_set():
            if hangs_up(self._place, CONNECT_TIMEOUT):
                self._on_ready()
                return
            self._cancelled.wait(FIRST_PAUSE)


class Health(threading.Thread):
    """Watches a ready service and says when it stops answering, and when it answers again.

    Args:
        place: Where it listens.
        on_change: Called with True or False whenever that changes; it starts as True.
        every: Seconds between two questions.
        patience: Seconds that an answer may take.
    """

    def __init__(
        self,
        place: Place,
        *,
        on_change: Callable[[bool], None],
        every: float = HEALTH_EVERY,
        patience: float = HEALTH_TIMEOUT,
    ) -> None:
        super().__init__(name="health", daemon=True)
        self._every = every
        self._patience = patience
        self.begun = threading.Event()
        self._place = place
        self._on_change = on_change
        self._cancelled = threading.Event()

    def cancel(self) -> None:
        """Stop watching."""
        self._cancelled.set()

    def run(self) -> None:
        """Ask every few seconds, in the strongest way that this server has been seen to answer."""
        is_up = True
        hangs = hangs_up(self._place, self._patience)
        self.begun.set()
        while not self._cancelled.wait(self._every):
            # Once is no sign: a framework's own reloader may be between two workers.
            answers = self._asks(hangs=hangs) or (
                not self._cancelled.wait(self._every / 5) and self._asks(hangs=hangs)
            )
            if answers != is_up and not self._cancelled.is_set():
                is_up = answers
                self._on_change(answers)

    def _asks(self, *, hangs: bool) -> bool:
        return hangs_up(self._place, self._patience) if hangs else connects(self._place)
