"""The page of a real run, asked over a real socket and shown by a real browser."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from devtool.web.server import WebServer
from tests.browser import browser, open_page
from tests.runner.conftest import DEADLINE, drive, mark, port, project

__all__ = [
    "Answer",
    "Asker",
    "asker",
    "browser",
    "drive",
    "mark",
    "open_page",
    "port",
    "project",
    "server",
]


class Answer(NamedTuple):
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def said(self) -> Any:
        return json.loads(self.body)


class Asker:
    """Asks a server, as a browser or as someone else would."""

    def __init__(self, server: WebServer) -> None:
        self.server = server
        self.host = f"127.0.0.1:{server.server_port}"
        self.known = {"Host": self.host, "Authorization": f"Bearer {server.entrance.token}"}

    def __call__(
        self,
        path: str,
        *,
        method: str = "GET",
        headers: dict[str, str] | None = None,
        body: bytes | None = None,
    ) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.server.server_port, timeout=60)
        try:
            connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            given = self.known if headers is None else headers
            if body is not None:
                given = {"Content-Length": str(len(body))} | given
            for name, value in given.items():
                connection.putheader(name, value)
            connection.endheaders(body)
            answer = connection.getresponse()
            return Answer(answer.status, dict(answer.getheaders()), answer.read())
        finally:
            connection.close()

    def act(self, **changes: Any) -> Answer:
        """Ask for a deed."""
        headers = {**self.known, "Content-Type": "application/json"}
        return self("/api/act", method="POST", headers=headers, body=json.dumps(changes).encode())

    def events(self, after: int = 0) -> Iterator[dict[str, Any]]:
        """The messages of the stream, until it ends."""
        connection = http.client.HTTPConnection("127.0.0.1", self.server.server_port, timeout=60)
        try:
            connection.request("GET", f"/api/events?after={after}", headers=self.known)
            answer = connection.getresponse()
            deadline = time.monotonic() + DEADLINE
            while line := answer.readline():
                yield json.loads(line)
                assert time.monotonic() < deadline, "what was waited for never came"
        finally:
            connection.close()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[WebServer]:
    """The page of the folder that `project` makes."""
    root = tmp_path / "a project"
    root.mkdir(exist_ok=True)
    served = WebServer(root)
    thread = threading.Thread(target=served.serve)
    thread.start()
    yield served
    served.shutdown()
    thread.join()


@pytest.fixture
def asker(server: WebServer) -> Asker:
    return Asker(server)
