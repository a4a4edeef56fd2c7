"""A project that an agent works on, and the SDK's real client."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client, StdioServerParameters

from tests.e2e.running import DEVTOOL, free_port

# A small server that answers as a FastAPI application would: it describes its routes, and it fails.
SERVER = '''
"""A shop."""
import json, logging, sys, traceback
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ROUTES = {
    "paths": {
        "/tasks": {
            "get": {"summary": "List tasks", "responses": {"200": {"description": "ok"}}},
            "post": {
                "summary": "Add a task",
                "security": [{"bearer": []}],
                "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Task"}}}},
            },
        }
    },
    "components": {
        "schemas": {"Task": {"title": "Task", "type": "object", "properties": {"title": {"type": "string", "title": "Title"}}}}
    },
}


def price(item):
    return 1 / item


class Handler(BaseHTTPRequestHandler):
    def answer(self, status, body, kind="application/json", **headers):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        if self.path == "/openapi.json":
            self.answer(200, json.dumps(ROUTES).encode())
        elif self.path == "/boom":
            try:
                price(0)
            except ZeroDivisionError:
                print("ERROR:    Exception in the application", flush=True)
                traceback.print_exc(file=sys.stdout)
                sys.stdout.flush()
            self.answer(500, b"{}")
        elif self.path == "/away":
            self.answer(302, b"", Location="http://example.com/")
        elif self.path == "/picture":
            self.answer(200, bytes(10), "image/png")
        else:
            self.answer(200, b'{"path": "/"}')

    def do_POST(self):
        text = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.answer(201, json.dumps({"got": text.decode(), "kind": self.headers["Content-Type"]}).encode())

    def log_message(self, *words):
        print("INFO:     " + words[0] % words[1:], flush=True)


print("WARNING:  this is a test", flush=True)
ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
'''

CONFIG = """
[services.backend]
command = [{python}, "server.py", "{port}"]
role = "backend"
port = {port}
ready = {{ http = "/" }}

[services.jobs]
command = [{python}, "-c", "import time; print('ERROR job failed', flush=True); time.sleep(1000)"]
"""


class Agent:
    """The SDK's client, talking to `devtool mcp`."""

    def __init__(self, client: Client) -> None:
        self.client = client

    async def text(self, tool: str, **arguments: object) -> str:
        """What a tool answers; it did not fail."""
        text, is_error = await self.answer(tool, **arguments)
        assert not is_error, text
        return text

    async def json(self, tool: str, **arguments: object) -> Any:
        """What a tool answers, as JSON."""
        return json.loads(await self.text(tool, **arguments))

    async def refusal(self, tool: str, **arguments: object) -> str:
        """What a tool refuses with."""
        text, is_error = await self.answer(tool, **arguments)
        assert is_error, text
        return text

    async def answer(self, tool: str, **arguments: object) -> tuple[str, bool]:
        result = await self.client.call_tool(tool, arguments)
        (content,) = result.content
        assert content.type == "text"
        return content.text, bool(result.is_error)


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state"


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def root(tmp_path: Path, state: Path, port: int) -> Iterator[Path]:
    """A project with declared services; whatever runs of it has ended after the test."""
    folder = tmp_path / "my shop"
    folder.mkdir()
    (folder / "server.py").write_text(SERVER, encoding="utf-8")
    python = json.dumps(sys.executable)
    text = CONFIG.format(python=python, port=port)
    (folder / "devtool.toml").write_text(text, encoding="utf-8")
    yield folder
    devtool(folder, state, "stop")


def devtool(root: Path, state: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a command of devtool in a project to its end."""
    return subprocess.run(
        (DEVTOOL, *words),
        cwd=root,
        env=os.environ | {"XDG_STATE_HOME": str(state)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@asynccontextmanager
async def agent_in(root: Path, state: Path, mode: Any = "auto") -> AsyncIterator[Agent]:
    """A client of `devtool mcp` for a project."""
    env = {**os.environ, "XDG_STATE_HOME": str(state)}
    parameters = StdioServerParameters(
        command=DEVTOOL, args=["mcp", "--root", str(root)], env=env, cwd=root.parent
    )
    async with Client(parameters, mode=mode, read_timeout_seconds=120) as client:
        yield Agent(client)


Session = Callable[[Agent], Awaitable[None]]
Talk = Callable[..., None]


@pytest.fixture
def talk(root: Path, state: Path) -> Talk:
    """Let an agent talk to `devtool mcp` in the project."""

    def run(session: Session, mode: Any = "auto") -> None:
        async def whole() -> None:
            async with agent_in(root, state, mode) as agent:
                await session(agent)

        anyio.run(whole)

    return run
