"""Asking a running supervisor for something, through a socket that only its user can reach."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import struct
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from devtool.errors import DevtoolError
from devtool.runner.events import Event, RestartService, StopService

MAX_REQUEST = 1 << 16
TIMEOUT = 5.0


class Control(threading.Thread):
    """Answers requests until the run ends.

    A request is one line of JSON, `{"do": "restart", "service": "web"}`; the answer is another,
    `{"ok": true}` or `{"error": "..."}`.

    Args:
        path: Where the socket is made; it lies in a folder that only this user may enter.
        names: The services that may be asked for.
        put: Takes the event that a request stands for.

    Raises:
        OSError: The socket cannot be made; the state file still tells the truth without it.
    """

    def __init__(self, path: Path, names: list[str], put: Callable[[Event], None]) -> None:
        super().__init__(name="control", daemon=True)
        self._path = path
        self._names = names
        self._put = put
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        with contextlib.suppress(FileNotFoundError):
            path.unlink()
        try:
            with _short(path) as name:
                self._socket.bind(name)
            path.chmod(0o600)
            self._socket.listen(16)
        except OSError:
            self._socket.close()
            raise

    def close(self) -> None:
        """Stop answering, and take the socket away."""
        with contextlib.suppress(OSError):
            self._path.unlink()
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def run(self) -> None:
        """Answer one request after the other."""
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            # Someone who asks and goes away before the answer is no trouble of ours.
            with connection, contextlib.suppress(OSError):
                connection.settimeout(TIMEOUT)
                answer = self._answer(connection)
                connection.sendall(json.dumps(answer).encode() + b"\n")

    def _answer(self, connection: socket.socket) -> dict[str, object]:
        if not _is_same_user(connection):
            return {"error": "only the user who runs this may ask"}
        try:
            request = json.loads(_line(connection))
        except (ValueError, RecursionError):
            return {"error": "the request is no JSON"}
        if not isinstance(request, dict):
            return {"error": "the request is no object"}
        name = request.get("service")
        if name not in self._names:
            return {"error": f"no service is called {name!r}; there are {', '.join(self._names)}"}
        match request.get("do"):
            case "stop":
                self._put(StopService(str(name)))
            case "restart":
                self._put(RestartService(str(name)))
            case other:
                return {"error": f"nobody knows how to {other!r}"}
        return {"ok": True}


def ask(path: Path, request: dict[str, str]) -> None:
    """Hand a request to the supervisor behind a socket.

    Raises:
        DevtoolError: It cannot be reached, or it refused.
    """
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as caller, _short(path) as name:
            caller.settimeout(TIMEOUT)
            caller.connect(name)
            caller.sendall(json.dumps(request).encode() + b"\n")
            answer: Any = json.loads(_line(caller))
    except (OSError, ValueError) as error:
        raise DevtoolError(
            f"the running devtool cannot be asked: {error}",
            hint="devtool stop and devtool status work without it",
        ) from error
    if not isinstance(answer, dict) or not answer.get("ok"):
        reason = answer.get("error") if isinstance(answer, dict) else answer
        raise DevtoolError(f"the running devtool refused: {reason}")


def _line(connection: socket.socket) -> bytes:
    received = b""
    while b"\n" not in received and len(received) < MAX_REQUEST:
        piece = connection.recv(4096)
        if not piece:
            break
        received += piece
    return received.partition(b"\n")[0]


def _is_same_user(connection: socket.socket) -> bool:
    if sys.platform != "linux":
        return True  # the folder keeps others out
    raw = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    _, user, _ = struct.unpack("3i", raw)
    return bool(user == os.getuid())


@contextlib.contextmanager
def _short(path: Path) -> Iterator[str]:
    """A name for a socket's path that fits into the 107 bytes that the kernel allows."""
    if len(os.fsencode(path)) < 100 or sys.platform != "linux":
        yield str(path)
        return
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)
