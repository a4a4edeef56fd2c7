"""The tools over MCP. Only imported when somebody speaks it: the SDK takes a second to import."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.shared.exceptions import MCPError
from mcp_types import (
    INVALID_PARAMS,
    CallToolRequestParams,
    CallToolResult,
    ListToolsResult,
    PaginatedRequestParams,
    TextContent,
    Tool,
    ToolAnnotations,
)
from starlette.types import ASGIApp, Scope

from .calls import call
from .operations import Operation, operations

INSTRUCTIONS = (
    "Every tool acts for the signed-in user; whose data it is, the token decides."
)
Context = ServerRequestContext[Any]


@asynccontextmanager
async def serving(app: FastAPI) -> AsyncIterator[ASGIApp]:
    """What answers MCP while it runs. It keeps nothing between two calls."""
    sessions = StreamableHTTPSessionManager(
        server(app), json_response=True, stateless=True
    )
    async with sessions.run():
        yield sessions.handle_request


def server(
    app: FastAPI, scope_of: Callable[[Context], Scope] | None = None
) -> Server[Any]:
    """A server that offers the application's routes."""
    tools = operations(app)
    listed = ListToolsResult(tools=[_offered(tool) for tool in tools.values()])
    schemas = {tool.name: tool.input_schema for tool in listed.tools}

    async def list_tools(
        _context: Context, _params: PaginatedRequestParams | None
    ) -> ListToolsResult:
        return listed

    async def call_tool(
        context: Context, params: CallToolRequestParams
    ) -> CallToolResult:
        tool = tools.get(params.name)
        if tool is None:
            raise MCPError(INVALID_PARAMS, f"there is no tool {params.name!r}")
        caller = (scope_of or _scope)(context)
        outcome = await call(app, tool, params.arguments or {}, caller)
        text = TextContent(text=outcome.text or "done")
        return CallToolResult(content=[text], is_error=outcome.is_error)

    return Server(
        app.title,
        version=app.version,
        instructions=INSTRUCTIONS,
        get_tool_input_schema=schemas.get,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
    )


def _scope(context: Context) -> Scope:
    if context.request is None:
        raise LookupError("a request over HTTP has a caller")
    scope: Scope = context.request.scope
    return scope


def _offered(tool: Operation) -> Tool:
    return Tool(
        name=tool.name,
        description=tool.description,
        input_schema=tool.schema,
        annotations=ToolAnnotations(
            read_only_hint=tool.is_reading,
            destructive_hint=tool.is_destructive,
            idempotent_hint=tool.method in ("PUT", "DELETE"),
            open_world_hint=False,
        ),
    )
