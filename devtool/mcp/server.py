"""The tools behind the MCP Python SDK, over standard input and output.

While it serves, the SDK keeps the real standard output to itself and lets file descriptor 1 lead to
standard error, so that nothing but messages ever reaches the client.
"""

from __future__ import annotations

import json
import sys
import traceback
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
import mcp_types as types
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server

import devtool
from devtool.errors import DevtoolError
from devtool.mcp.tools import TOOLS, Tool, call

TYPE_CHECKING = False
if TYPE_CHECKING:
    from mcp.server.context import ServerRequestContext

ABOUT = "Runs this project's dev servers. Use start rather than a shell: it reuses a run."


def serve(root: Path) -> None:
    """Answer a client until it closes our standard input."""
    anyio.run(partial(_serve, root))


async def _serve(root: Path) -> None:
    server = server_for(root)
    async with stdio_server() as (received, sent):
        await server.run(received, sent, server.create_initialization_options())


def server_for(root: Path) -> Server[Any]:
    """The tools for one project, as a server of the SDK."""

    async def list_tools(
        _context: ServerRequestContext[Any], _params: types.PaginatedRequestParams | None
    ) -> types.ListToolsResult:
        return types.ListToolsResult(tools=[_described(tool) for tool in TOOLS])

    async def call_tool(
        _context: ServerRequestContext[Any], params: types.CallToolRequestParams
    ) -> types.CallToolResult:
        # Tools wait for processes and sockets: the client is answered meanwhile.
        work = partial(_answer, root, params.name, params.arguments or {})
        return await anyio.to_thread.run_sync(work, abandon_on_cancel=True)

    return Server(
        "devtool",
        version=devtool.__version__,
        instructions=ABOUT,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
    )


def _described(tool: Tool) -> types.Tool:
    hints = types.ToolAnnotations(read_only_hint=True) if tool.reads_only else None
    return types.Tool(
        name=tool.name, description=tool.about, input_schema=tool.schema, annotations=hints
    )


def _answer(root: Path, name: str, arguments: dict[str, Any]) -> types.CallToolResult:
    try:
        return _result(_text(call(root, name, arguments)))
    except DevtoolError as error:
        lines = [error.message, *(note.text for note in error.notes[:10])]
        lines += [f"hint: {error.hint}"] if error.hint else []
        return _result("\n".join(lines), is_error=True)
    except Exception as error:  # noqa: BLE001  # a bug must not end the server that an agent relies on
        traceback.print_exc(file=sys.stderr)
        return _result(f"a bug in devtool: {type(error).__name__}: {error}", is_error=True)


def _text(value: object) -> str:
    if isinstance(value, str):
        text = value
    else:
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)
    # Undecodable bytes of file names are lone surrogates, which no message can carry.
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _result(text: str, *, is_error: bool = False) -> types.CallToolResult:
    return types.CallToolResult(
        content=[types.TextContent(type="text", text=text)], is_error=is_error
    )
