"""The MCP server: the tools of this application in the protocol's words.

Only imported when somebody speaks MCP: the SDK takes as long to import as the rest.
"""

from collections.abc import Callable
from typing import Any

from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.shared.exceptions import MCPError
from mcp_types import (
    INVALID_PARAMS,
    CallToolRequestParams,
    CallToolResult,
    ListToolsResult,
    PaginatedRequestParams,
)

from app import NAME, VERSION
from app.ai.caller import Caller
from app.ai.calls import call
from app.ai.mcp.tools import offered, result
from app.ai.toolbox import TOOLS

INSTRUCTIONS = "Work with the signed-in user's own tasks. Whose they are is decided by the token."
Context = ServerRequestContext[Any]


def server(caller_of: Callable[[Context], Caller]) -> Server[Any]:
    """A server that runs every tool for the user that `caller_of` finds."""
    listed = ListToolsResult(tools=[offered(tool) for tool in TOOLS.values()])
    schemas = {tool.name: tool.input_schema for tool in listed.tools}

    async def list_tools(
        _context: Context, _params: PaginatedRequestParams | None
    ) -> ListToolsResult:
        return listed

    async def call_tool(context: Context, params: CallToolRequestParams) -> CallToolResult:
        if params.name not in schemas:
            raise MCPError(INVALID_PARAMS, f"there is no tool {params.name!r}")
        return result(await call(params.name, params.arguments or {}, caller_of(context)))

    return Server(
        NAME,
        version=VERSION,
        instructions=INSTRUCTIONS,
        # Without it, the SDK lists all tools again for every call.
        get_tool_input_schema=schemas.get,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
    )
