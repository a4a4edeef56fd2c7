"""Puts the assistants into an application: the one function that it calls."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import import_module
from typing import Any
from urllib.parse import urlsplit

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from .chat import router
from .operations import is_protected

PATH = "/mcp"


def install_assistants(app: FastAPI) -> None:
    """Serve MCP at /mcp and the chat at /ai/chat. Call it after the other routes are there."""
    endpoint = Endpoint(app)
    # First: an application may answer everything else with a page or a redirect.
    app.router.routes.insert(0, Route(PATH, endpoint, include_in_schema=False))
    before = len(app.router.routes)
    app.include_router(router(app))
    added = app.router.routes[before:]
    app.router.routes[before:] = []
    app.router.routes[1:1] = added
    inner = app.router.lifespan_context

    @asynccontextmanager
    async def lifespan(application: FastAPI) -> AsyncIterator[Any]:
        async with inner(application) as state:
            yield state
        await endpoint.close()

    app.router.lifespan_context = lifespan


class Endpoint:
    """The ASGI application at /mcp; the protocol is loaded by the first call."""

    def __init__(self, app: FastAPI) -> None:
        self.app = app
        self._started: asyncio.Future[ASGIApp] | None = None
        self._running: asyncio.Task[None] | None = None
        self._stop = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        refusal = self._refusal(Request(scope))
        if refusal is not None:
            await refusal(scope, receive, send)
            return
        application = await self._application()
        await application(scope, receive, send)

    async def close(self) -> None:
        """End what is running; a new start begins anew."""
        self._stop.set()
        if self._running is not None:
            await self._running
        self._started, self._running, self._stop = None, None, asyncio.Event()

    def _refusal(self, request: Request) -> Response | None:
        origin = request.headers.get("origin")
        # A page of another site may have led a browser here (DNS rebinding).
        if origin and urlsplit(origin).netloc != request.headers.get("host"):
            return JSONResponse(
                {"detail": "pages of this origin may not call this"}, 403
            )
        if is_protected(self.app) and "authorization" not in request.headers:
            return JSONResponse(
                {"detail": "sign in first"}, 401, headers={"WWW-Authenticate": "Bearer"}
            )
        return None

    async def _application(self) -> ASGIApp:
        if self._started is None:
            self._started = asyncio.get_running_loop().create_future()
            self._running = asyncio.create_task(self._run(self._started))
        return await asyncio.shield(self._started)

    async def _run(self, started: "asyncio.Future[ASGIApp]") -> None:
        try:
            package = __name__.rpartition(".")[0]
            protocol = await asyncio.to_thread(import_module, f"{package}.protocol")
        except BaseException as error:
            started.set_exception(error)
            raise
        async with protocol.serving(self.app) as application:
            started.set_result(application)
            await self._stop.wait()
