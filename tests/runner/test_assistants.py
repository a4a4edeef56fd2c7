"""A backend that has an assistant says which; one that has none is not asked."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from devtool.runner.assistants import LONGEST, Assistant, assistant_at

TOLD = {
    "model": {"name": "local-rules", "provider": "local", "offline": True, "hint": "Set ..."},
    "tools": [{"name": "add_task"}, {"name": "list_tasks"}],
    "mcp": "/mcp",
    "running": 0,
}


@contextmanager
def backend(body: bytes, status: int = 200) -> Iterator[tuple[str, list[str]]]:
    """The address of a server that answers so, and what it was asked."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "backend" / "app" / "ai").mkdir(parents=True)
    return tmp_path


def test_it_says_its_model_and_its_tools(project: Path) -> None:
    with backend(json.dumps(TOLD).encode()) as (url, asked):
        found = assistant_at(project, url)
    assert found == Assistant("local-rules", "local", True, ("add_task", "list_tasks"), "/mcp")
    assert found.line() == (
        "assistant: no model connected, rules answer; 2 tools, over MCP at /mcp"
    )
    assert asked == ["/api/v1/chat/status"]


def test_a_model_is_named_with_its_provider() -> None:
    found = Assistant("gpt-x", "openai", False, ("add_task",), "/mcp")
    assert found.line() == "assistant: openai gpt-x; 1 tool, over MCP at /mcp"


def test_a_project_without_one_is_not_asked(tmp_path: Path) -> None:
    with backend(json.dumps(TOLD).encode()) as (url, asked):
        assert assistant_at(tmp_path, url) is None
    assert asked == []


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 200),
        (b"[]", 200),
        (b"<html>", 200),
        (b'{"model": 1}', 200),
        (json.dumps(TOLD).encode(), 404),
        (json.dumps(TOLD).encode() + b" " * LONGEST + b"x", 200),
    ],
)
def test_what_is_no_answer_is_none(project: Path, body: bytes, status: int) -> None:
    with backend(body, status) as (url, _):
        found = assistant_at(project, url)
    # What is longer than read is cut where only white space stood.
    assert (found is None) == (status != 200 or not body.startswith(b'{"model": {'))


def test_a_backend_that_does_not_answer_has_none(project: Path) -> None:
    with backend(b"") as (url, _):
        pass
    assert assistant_at(project, url) is None
    assert assistant_at(project, "") is None
