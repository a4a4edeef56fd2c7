"""Serve ASGI applications on loopback: beside the tests, or by workers of their own."""

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx2
import uvicorn
from fastapi.testclient import TestClient
from starlette.types import Receive, Scope, Send

from app.settings import BACKEND

SECONDS = 60.0


@contextmanager
def beside(client: TestClient) -> Iterator[str]:
    """The address of the application of a test client, served by the same event loop."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await client.app({**scope, "state": client.app_state}, receive, send)

    assert client.portal is not None
    server = uvicorn.Server(uvicorn.Config(app, lifespan="off", log_level="error"))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        running = client.portal.start_task_soon(server.serve, [listener])
        wait_until(lambda: server.started or running.done())
        yield f"http://localhost:{listener.getsockname()[1]}"
        server.should_exit = True
        running.result(SECONDS)


@contextmanager
def served(app: Any) -> Iterator[str]:
    """The address of another application, which a thread serves."""
    server = uvicorn.Server(uvicorn.Config(app, log_level="error"))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        wait_until(lambda: server.started or not thread.is_alive())
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        server.should_exit = True
        thread.join(SECONDS)


@contextmanager
def workers(count: int, **environment: str) -> Iterator[str]:
    """The address of this application, served by so many processes."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    options = ("--port", str(port), "--workers", str(count), "--log-level", "error")
    process = subprocess.Popen(  # noqa: S603  (our own application)
        (sys.executable, "-m", "uvicorn", "main:app", *options),
        cwd=BACKEND,
        env={**os.environ, **environment},
        stdout=subprocess.DEVNULL,
    )
    url = f"http://localhost:{port}"
    try:
        wait_until(lambda: process.poll() is not None or _answers(f"{url}/health/ready"))
        yield url
    finally:
        process.terminate()
        process.wait(SECONDS)


def wait_until(happened: Callable[[], bool]) -> None:
    """Return when something has happened."""
    deadline = time.monotonic() + SECONDS
    while not happened():
        if time.monotonic() > deadline:
            raise TimeoutError("it did not happen")
        time.sleep(0.02)


def _answers(url: str) -> bool:
    try:
        return httpx2.get(url, timeout=5).is_success
    except httpx2.TransportError:
        return False
