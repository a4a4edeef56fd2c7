"""Sockets that listen before anything is started, and go on while servers come and go."""

from __future__ import annotations

import contextlib
import os
import socket
import stat

from devtool.errors import ServiceError
from devtool.runner.ports import addresses

BACKLOG = 2048


def listen(host: str, port: int) -> list[socket.socket]:
    """A socket for each address that a host stands for, IPv4 and IPv6.

    Raises:
        ServiceError: None of them can be listened on.
    """
    listeners: list[socket.socket] = []
    problem: OSError | None = None
    try:
        for family, address in addresses(host, port):
            try:
                listeners.append(_listener(family, address))
            except OSError as error:
                problem = error
    except OSError as error:
        problem = error
    if not listeners:
        reason = problem.strerror or problem if problem else "it has no address"
        raise ServiceError(
            f"cannot listen on {host}, port {port}: {reason}",
            hint="pass --port, or --host with an address of this machine",
        )
    return listeners


def _listener(family: int, address: tuple[object, ...]) -> socket.socket:
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            # IPv4 has a socket of its own.
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.bind(address)
        listener.listen(BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener


def listen_locally(path: str) -> list[socket.socket]:
    """A Unix socket at a path; one that a former server has left there is replaced.

    Raises:
        ServiceError: Someone listens there, or it cannot be made.
    """
    if _answers(path):
        raise ServiceError(f"someone listens on {path} already", hint="stop it, or name another")
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        with contextlib.suppress(FileNotFoundError):
            if stat.S_ISSOCK(os.stat(path).st_mode):  # noqa: PTH116
                os.unlink(path)  # noqa: PTH108
        listener.bind(path)
        os.chmod(path, 0o666)  # noqa: PTH101, S103  # as uvicorn does: who may pass the folder may ask
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise ServiceError(
            f"cannot listen on {path}: {error.strerror or error}", hint="name another path"
        ) from error
    return [listener]


def _answers(path: str) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as caller:
        return caller.connect_ex(path) == 0
