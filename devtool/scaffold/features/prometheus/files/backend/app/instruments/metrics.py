"""Count requests and measure them, by route: never by address, which would have no end."""

import time

from fastapi import FastAPI
from prometheus_client import Counter, Gauge, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LABELS = ("method", "route")
METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
REQUESTS = Counter("http_requests", "Requests that were answered.", (*LABELS, "status"))
SECONDS = Histogram("http_request_seconds", "How long answers took.", LABELS)
RUNNING = Gauge("http_requests_running", "Requests that are being answered.")


class MetricsMiddleware:
    """Counts what passes."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, and note how that went."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        status = 500

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        started = time.perf_counter()
        try:
            with RUNNING.track_inprogress():
                await self.app(scope, receive, answer)
        finally:
            labels = (_method(scope), _route(scope))
            REQUESTS.labels(*labels, str(status)).inc()
            SECONDS.labels(*labels).observe(time.perf_counter() - started)


def install(app: FastAPI) -> None:
    """Watch an application."""
    app.add_middleware(MetricsMiddleware)


def _method(scope: Scope) -> str:
    method: str = scope["method"]
    return method if method in METHODS else "other"


def _route(scope: Scope) -> str:
    return str(getattr(scope.get("route"), "path", "none"))
