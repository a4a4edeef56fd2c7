"""Is a port free, who holds it, and nobody else takes it between the check and the child's bind."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from devtool.errors import ConfigError
from devtool.model.launch import Service
from devtool.runner.locks import IS_LINUX, Lock, holder
from devtool.runner.state import make_private, state_folder

_SOMEONE = "a process that cannot be seen from here"


class PortTakenError(ConfigError):
    """A port of the plan is in use; nothing was started."""


class Reservation:
    """Ports that no other devtool run takes while this process lives or until they are released."""

    def __init__(self, locks: Sequence[Lock]) -> None:
        self._locks = tuple(locks)

    def release(self) -> None:
        """Give the ports back."""
        for lock in self._locks:
            lock.release()


def reserve(services: Sequence[Service]) -> Reservation:
    """Reserve every port of these services, or none.

    Raises:
        PortTakenError: A port is in use; the message names who holds it.
        ConfigError: A host is no address of this machine, or a port may not be used.
    """
    locks: list[Lock] = []
    try:
        for service in services:
            if service.port is not None:
                locks.extend(_reserve(service.name, service.host, service.port))
    except ConfigError:
        Reservation(locks).release()
        raise
    return Reservation(locks)


def _reserve(name: str, host: str, port: int) -> list[Lock]:
    folder = _lock_folder()
    lock = None
    if folder is not None:
        with contextlib.suppress(OSError):
            path = folder / f"{port}.lock"
            lock = Lock.take(path)
            if lock is None:
                raise _taken(name, host, port, _by_another_run(path))
    problem = why_not(host, port)
    if problem is None:
        return [lock] if lock else []
    if lock:
        lock.release()
    if problem.errno == errno.EADDRINUSE:
        raise _taken(name, host, port, describe_holder(port))
    raise _impossible(name, host, port, problem)


def _taken(name: str, host: str, port: int, by: str) -> PortTakenError:
    return PortTakenError(
        f"port {port} on {host or '127.0.0.1'}, wanted by {name}, is in use by {by}; nothing was started",
        hint="stop it, or pass --port N, or --port auto for a free one",
    )


def _impossible(name: str, host: str, port: int, problem: OSError) -> ConfigError:
    if isinstance(problem, PermissionError):
        return ConfigError(
            f"{name}: port {port} needs privileges that you do not have",
            hint="pass --port with a number of 1024 or more",
        )
    return ConfigError(
        f"{name}: cannot listen on {host}, port {port}: {problem.strerror or problem}",
        hint="pass --host 127.0.0.1, or an address of this machine",
    )


def is_free(host: str, port: int) -> bool:
    """True if a server could listen there now and no other devtool run is about to."""
    if any(holder(folder / f"{port}.lock") for folder in _lock_folders()):
        return False
    return why_not(host, port) is None


def why_not(host: str, port: int) -> OSError | None:
    """What stands in the way of listening there, or None.

    Binding alone is not enough: two sockets may be bound to one port while neither listens.
    """
    try:
        places = list(addresses(host, port))
    except OSError as error:
        return error
    problem: OSError | None = None
    for family, address in places:
        try:
            with socket.socket(family, socket.SOCK_STREAM) as listener:
                if sys.platform != "win32":
                    # As servers do: connections that linger from the last run are no obstacle.
                    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                listener.bind(address)
                listener.listen(1)
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return error
            problem = error
        else:
            if not _answers_elsewhere(family, address):
                continue
            return OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE))
    # `localhost` may be two addresses, one of which this machine does not have.
    return problem if len(places) == 1 else None


def addresses(host: str, port: int) -> Iterator[tuple[int, tuple[object, ...]]]:
    """Every address that a host stands for, with its family."""
    name = host or "127.0.0.1"
    # Text would be encoded by a codec that takes a millisecond to load.
    found = socket.getaddrinfo(
        name.encode() if name.isascii() else name,
        port,
        type=socket.SOCK_STREAM,
        flags=socket.AI_PASSIVE,
    )
    seen = set()
    for family, _, _, _, address in found:
        if (family, address) not in seen:
            seen.add((family, address))
            yield family, address


def _answers_elsewhere(family: int, address: tuple[object, ...]) -> bool:
    """True if a listener on all addresses answers here: macOS lets us bind beside it."""
    if IS_LINUX:
        return False
    with socket.socket(family, socket.SOCK_STREAM) as caller:
        caller.settimeout(0.5)
        return caller.connect_ex(address) == 0


def describe_holder(port: int) -> str:
    """The process that listens on a port, in words."""
    import psutil

    with contextlib.suppress(psutil.Error, OSError):
        for connection in psutil.net_connections("tcp"):
            if connection.status == psutil.CONN_LISTEN and connection.laddr[1:2] == (port,):
                return _name(connection.pid) if connection.pid else _SOMEONE
    return _SOMEONE


def _name(pid: int) -> str:
    import psutil

    with contextlib.suppress(psutil.Error):
        process = psutil.Process(pid)
        return f"{_printable(process.name())} (pid {pid})"
    return f"pid {pid}"


def _printable(text: str) -> str:
    return "".join(each if each.isprintable() else "?" for each in text)


def _by_another_run(path: Path) -> str:
    pid = holder(path)
    return f"another devtool run (pid {pid})" if pid else "another devtool run"


def _lock_folders() -> tuple[Path, Path]:
    """Where the locks of ports lie: with the state, or apart where that cannot be written."""
    return state_folder() / "ports", Path(_temporary_folder()) / f"devtool-{_user()}"


def _temporary_folder() -> str:
    if os.name == "posix" and os.access("/tmp", os.W_OK) and "TMPDIR" not in os.environ:  # noqa: S108
        return "/tmp"  # noqa: S108  # what tempfile answers, without the 3 ms of loading it
    import tempfile

    return tempfile.gettempdir()


def _lock_folder() -> Path | None:
    """The first of these that can be made; without one, two runs may race for a port."""
    for folder in _lock_folders():
        with contextlib.suppress(OSError):
            folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            make_private(folder)
            return folder
    return None


def _user() -> str:
    return str(os.getuid()) if sys.platform != "win32" else "ports"
