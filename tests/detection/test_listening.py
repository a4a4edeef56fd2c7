"""Programs that are started by file: their port, and whether they speak over standard input."""

from __future__ import annotations

from pathlib import Path

import pytest

from devtool import detect
from devtool.model.detection import Start

MCP = 'from mcp.server.fastmcp import FastMCP\n\nserver = FastMCP("x")\n\n'
AIOHTTP = "from aiohttp import web\n\napp = web.Application()\n\n"


def start_of(root: Path, text: str) -> Start:
    (root / "server.py").write_text(text)
    (component,) = detect(root).components
    assert component.entry == "server.py"
    return component.start


@pytest.mark.parametrize(
    ("text", "stdio", "port"),
    [
        (MCP + "server.run()\n", True, None),
        (MCP + 'server.run(transport="stdio")\n', True, None),
        (MCP + 'server.run(transport="streamable-http")\n', False, 8000),
        (MCP + "app = server.streamable_http_app()\n", False, 8000),
        (MCP + 'server.run(transport="sse", port=9001)\n', False, 9001),
        (AIOHTTP + "web.run_app(app)\n", False, 8080),
        (AIOHTTP + "web.run_app(app, port=9002)\n", False, 9002),
    ],
)
def test_the_port_is_what_the_code_says(
    text: str, stdio: bool, port: int | None, tmp_path: Path
) -> None:
    start = start_of(tmp_path, text)
    assert (start.tty, start.http, start.port) == (stdio, not stdio, port)


@pytest.mark.parametrize(
    ("text", "warm"),
    [
        (MCP + 'server.run(transport="streamable-http")\n', "script"),
        (MCP + "server.run()\n", ""),
        (AIOHTTP + "web.run_app(app)\n", ""),
    ],
)
def test_an_mcp_server_over_http_can_be_reloaded_warm(text: str, warm: str, tmp_path: Path) -> None:
    assert start_of(tmp_path, text).warm == warm


@pytest.mark.parametrize(
    "read", ['os.environ["PORT"]', "os.environ.get('PORT', 80)", 'os.getenv("PORT")']
)
def test_a_program_that_reads_its_port_can_be_moved(read: str, tmp_path: Path) -> None:
    start = start_of(tmp_path, f"import os\n{AIOHTTP}web.run_app(app, port=int({read}))\n")
    assert start.env == (("PORT", "{port}"),)


def test_a_program_that_does_not_cannot(tmp_path: Path) -> None:
    assert start_of(tmp_path, f"{AIOHTTP}web.run_app(app)\n").env == ()
