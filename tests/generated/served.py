"""A generated backend that is served as in production, and a client that says just what it is told."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import time
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, NamedTuple

SECRET = "a key of the attacks that is long enough for anybody"
PASSWORD = "correct horse battery"
API = "/api/v1"
DEADLINE = 60.0


class Answer(NamedTuple):
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Server(NamedTuple):
    """A process that serves a backend."""

    port: int
    folder: Path
    env: dict[str, str]
    process: subprocess.Popen[bytes]

    def ask(
        self, method: str, path: str, body: object = None, token: str = "", **headers: str
    ) -> Answer:
        """One request on a connection of its own; a body of bytes is sent as it is."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if token:
            sent.setdefault("Authorization", f"Bearer {token}")
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
        if body is not None:
            sent.setdefault("Content-Type", "application/json")
        connection = HTTPConnection("127.0.0.1", self.port, timeout=DEADLINE)
        try:
            connection.request(method, path, body, sent)
            answer = connection.getresponse()
            names = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(answer.status, names, answer.read())
        finally:
            connection.close()

    def sign_up(self, name: str) -> None:
        """Make an account."""
        body = {"email": address(name), "password": PASSWORD}
        assert self.ask("POST", f"{API}/auth/signup", body).status == 201

    def log_in(self, name: str, password: str = PASSWORD) -> Answer:
        """The answer to a sign-in."""
        form = urllib.parse.urlencode({"username": address(name), "password": password})
        kind = "application/x-www-form-urlencoded"
        return self.ask("POST", f"{API}/auth/login", form.encode(), Content_Type=kind)

    def token(self, name: str) -> str:
        """The access token of somebody who has an account."""
        return str(self.log_in(name).json["access_token"])

    def add(self, token: str, title: str = "a task") -> int:
        """The number of a new task."""
        answer = self.ask("POST", f"{API}/tasks", {"title": title}, token)
        assert answer.status == 201, answer.body
        return int(answer.json["id"])

    def raw(self, data: bytes, seconds: float = 5.0) -> bytes:
        """The first bytes that come back after bytes that need not be HTTP."""
        with socket.create_connection(("127.0.0.1", self.port), DEADLINE) as sock:
            sock.sendall(data)
            sock.settimeout(seconds)
            with suppress(TimeoutError, ConnectionResetError):
                return sock.recv(65536)
        return b""


def address(name: str) -> str:
    """The e-mail address of somebody."""
    return f"{name}@example.com"


@contextmanager
def served(
    python: Path, backend: Path, database: str, entry: str = "main:app", **more: str
) -> Iterator[Server]:
    """Migrate a database and serve a backend with it, as in production."""
    env = dict(os.environ, ENVIRONMENT="production", SECRET_KEY=SECRET, DATABASE_URL=database)
    env |= {
        "ENV_FILE": os.devnull,
        "MAIL_URL": f"file:{backend}/mails",
        "DATABASE_WAIT": "5",
        **more,
    }
    migrate = (str(python), "-m", "alembic", "upgrade", "head")
    subprocess.run(migrate, cwd=backend, env=env, check=True, timeout=DEADLINE)
    port = _free_port()
    command = (str(python), "-m", "uvicorn", entry, "--port", str(port), "--no-access-log")
    with (backend / "served.log").open("ab") as log:
        process = subprocess.Popen(command, cwd=backend, env=env, stdout=log, stderr=log)
    server = Server(port, backend, env, process)
    try:
        _until_it_answers(server)
        yield server
    finally:
        process.terminate()
        process.wait(DEADLINE)


def _until_it_answers(server: Server) -> None:
    deadline = time.monotonic() + DEADLINE
    while time.monotonic() < deadline:
        log = server.folder / "served.log"
        assert server.process.poll() is None, log.read_text("utf-8", "replace")
        with suppress(OSError):
            if server.ask("GET", "/health/ready").status == 200:
                return
        time.sleep(0.1)
    raise AssertionError("the backend does not answer")


def _free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])
