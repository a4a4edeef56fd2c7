"""Serve ASGI applications on loopback: in a thread of the tests, or by workers of their own."""

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx2
import uvicorn

from app.settings import BACKEND

SECONDS = 60.0


@contextmanager
def served(app: Any) -> Iterator[str]:
    """The address of an application that a thread serves."""
    config = uvicorn.Config(app, log_level="error", timeout_graceful_shutdown=5)
    server = uvicorn.Server(config)
    listener = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        wait_until(lambda: server.started or not thread.is_alive())
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(SECONDS)
        listener.close()


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
    )
    url = f"http://127.0.0.1:{port}"
    try:
        wait_until(lambda: process.poll() is not None or _answers(f"{url}/health/ready"))
        yield url
    finally:
        process.terminate()
        process.wait(SECONDS)


def wait_until(happened: Any) -> None:
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
