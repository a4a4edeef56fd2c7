"""The protocol's session manager, started by the first call and stopped with the application."""

import asyncio
from importlib import import_module

from starlette.types import ASGIApp


class Sessions:
    """One application's session manager. Nothing of MCP is imported before it is asked for."""

    def __init__(self) -> None:
        self._started: asyncio.Future[ASGIApp] | None = None
        self._running: asyncio.Task[None] | None = None
        self._stop = asyncio.Event()

    async def application(self) -> ASGIApp:
        """What answers requests. The first callers wait until it is loaded."""
        if self._started is None:
            self._started = asyncio.get_running_loop().create_future()
            self._running = asyncio.create_task(self._run(self._started))
        # The first request may be gone before it is loaded; the second needs it all the same.
        return await asyncio.shield(self._started)

    async def close(self) -> None:
        """End what is running."""
        self._stop.set()
        if self._running is not None:
            await self._running

    async def _run(self, started: asyncio.Future[ASGIApp]) -> None:
        try:
            # In a thread: the import takes a second, in which others are to be answered.
            http = await asyncio.to_thread(import_module, "app.ai.mcp.http")
        except BaseException as error:
            started.set_exception(error)
            raise
        # A manager can be run once, and has to be left by the task that entered it.
        async with http.manager() as application:
            started.set_result(application)
            await self._stop.wait()
