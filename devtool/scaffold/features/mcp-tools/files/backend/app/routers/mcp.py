"""Where MCP clients find the tools: `/mcp`, and the document about who may use it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TypedDict

from fastapi import APIRouter, FastAPI
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from app.ai.mcp.endpoint import METADATA, PATH, Endpoint, metadata
from app.ai.mcp.settings import get_mcp_settings


class State(TypedDict):
    """What requests share while the application runs."""

    mcp: Endpoint


@asynccontextmanager
async def lifespan(_app: FastAPI) -> AsyncIterator[State]:
    """Serve MCP while the application runs; an application may be started more than once."""
    endpoint = Endpoint(get_mcp_settings())
    try:
        yield {"mcp": endpoint}
    finally:
        await endpoint.sessions.close()


class Mcp:
    """Hands requests on: as an ASGI application, it gets every method at exactly this path."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        endpoint: Endpoint = scope["state"]["mcp"]
        await endpoint(scope, receive, send)


router = APIRouter(lifespan=lifespan)
# A mounted application would answer with a redirect to /mcp/, which clients do not follow.
router.routes.append(Route(PATH, Mcp(), include_in_schema=False))
router.add_route(METADATA, metadata, methods=["GET"], include_in_schema=False)
