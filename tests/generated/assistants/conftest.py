"""A generated backend with an assistant, served as in production, and people who use it."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.generated.installed import files_of, link_python, python_packages, write_files
from tests.generated.postgres import create_database, postgres
from tests.generated.served import API, Answer, Server, served

CHAT = f"{API}/chat"
CONVERSATIONS = f"{API}/conversations"
META = "io.modelcontextprotocol/"
OLDER, NEWER = "2025-11-25", "2026-07-28"
ENVELOPE = {
    f"{META}protocolVersion": NEWER,
    f"{META}clientCapabilities": {},
    f"{META}clientInfo": {"name": "attacker", "version": "1"},
}
# The suite asks more often than a person; the limits themselves are the backend's own tests'.
PATIENT = {
    "MCP_CALLS_PER_MINUTE": "100000",
    "AI_MESSAGES_PER_MINUTE": "10000",
    "AI_STREAMS": "200",
}


class World(NamedTuple):
    """A server, two people who have accounts there, and a task of the first."""

    server: Server
    ada: str
    eve: str
    task: int

    def post(self, body: object, token: str, **headers: str) -> Answer:
        """The answer of /mcp to a body."""
        accepted = {"Accept": "application/json, text/event-stream"}
        return self.server.ask("POST", "/mcp", body, token, **accepted | headers)

    def call(
        self, name: Any, arguments: Any, token: str, revision: str = OLDER, id_: Any = 1
    ) -> Answer:
        """The answer to the call of a tool."""
        params: dict[str, Any] = {"name": name, "arguments": arguments}
        headers = {"MCP_Protocol_Version": revision}
        if revision == NEWER:
            params["_meta"] = ENVELOPE
            headers |= {"Mcp_Method": "tools/call", "Mcp_Name": str(name)}
        message = {"jsonrpc": "2.0", "id": id_, "method": "tools/call", "params": params}
        return self.post(message, token, **headers)

    def titles(self, token: str) -> set[str]:
        """The titles of somebody's tasks."""
        items = self.server.ask("GET", f"{API}/tasks?limit=100", token=token).json["items"]
        return {item["title"] for item in items}

    def say(self, conversation: str, text: str, token: str, message: str = "m1") -> Answer:
        """The answer to something that is said."""
        return self.server.ask("POST", CHAT, said(conversation, text, message), token)

    def open(self, method: str, path: str, body: object, token: str) -> socket.socket:
        """A connection on which a request was sent, and nothing was read yet."""
        sent = json.dumps(body).encode() if body is not None else b""
        head = (
            f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            f"Authorization: Bearer {token}\r\nContent-Length: {len(sent)}\r\n\r\n"
        )
        sock = socket.create_connection(("127.0.0.1", self.server.port), 60)
        sock.sendall(head.encode() + sent)
        return sock

    def log(self) -> bytes:
        """All that the server has logged."""
        return (self.server.folder / "served.log").read_bytes()


def said(conversation: str, text: str, message: str = "m1") -> dict[str, Any]:
    """What a page sends when somebody says something."""
    part = {"type": "text", "text": text}
    return {"id": conversation, "messages": [{"id": message, "role": "user", "parts": [part]}]}


def events(answer: Answer) -> list[dict[str, Any]]:
    """The events of a stream, which was sent to its end."""
    assert answer.status == 200, (answer.status, answer.body[:300])
    *lines, end = [line for line in answer.body.decode().split("\n\n") if line]
    assert end == "data: [DONE]"
    return [json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data")]


def until_settled(world: World, conversation: str) -> str:
    """How the last answer of a conversation ended; `missing` if its request never arrived."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        path = f"{CONVERSATIONS}/{conversation}/messages"
        answer = world.server.ask("GET", path, token=world.eve)
        if answer.status == 404:
            return "missing"
        last = answer.json["items"][-1]
        if last["role"] == "assistant" and last["metadata"]["state"] != "running":
            return str(last["metadata"]["state"])
    raise AssertionError("it is still being written")


@pytest.fixture(scope="session")
def attacked(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The backend."""
    folder = tmp_path_factory.mktemp("attacked")
    write_files(files_of("auth", "tasks", "mcp-tools", "chat", phase=3), folder)
    link_python(python_packages(request.config), folder / "backend")
    return folder / "backend"


@pytest.fixture(scope="session")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of an empty database."""
    with postgres(tmp_path_factory.mktemp("postgres")) as server:
        yield create_database(server, "attacked")


@pytest.fixture(scope="module")
def settings() -> dict[str, str]:
    """What else the backend is told."""
    return {}


@pytest.fixture(scope="module")
def world(attacked: Path, database: str, settings: dict[str, str]) -> Iterator[World]:
    """The backend as it is served, and those who use it."""
    python = attacked / ".venv" / "bin" / "python"
    with served(python, attacked, database, **PATIENT | settings) as server:
        for name in ("ada", "eve"):
            server.sign_up(name)
        ada, eve = server.token("ada"), server.token("eve")
        yield World(server, ada, eve, server.add(ada, "Ada's own task"))
