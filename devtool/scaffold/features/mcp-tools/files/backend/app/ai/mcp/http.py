"""The server over streamable HTTP, both revisions of the protocol at one address."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from starlette.types import ASGIApp

from app.ai.caller import CALLER, Caller
from app.ai.mcp.server import Context, server


@asynccontextmanager
async def manager() -> AsyncIterator[ASGIApp]:
    """The application behind `/mcp`, while it runs.

    It keeps nothing between two calls, so any worker can answer any of them, and answers in plain
    JSON, so nothing is left open when the server reloads. Hosts, origins, tokens and the length of
    bodies were checked before it (`app/middleware.py`, `app/ai/mcp/endpoint.py`).
    """
    sessions = StreamableHTTPSessionManager(server(_caller), json_response=True, stateless=True)
    async with sessions.run():
        yield sessions.handle_request


def _caller(context: Context) -> Caller:
    if context.request is None:
        raise LookupError("a request over HTTP has a caller")
    caller: Caller = context.request.scope[CALLER]
    return caller
