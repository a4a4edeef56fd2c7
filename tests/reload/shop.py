"""A small ASGI project under the warm reloader, and clients that ask it."""

from __future__ import annotations

import http.client
import socket
import sys
import textwrap
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

from devtool.runner.reload import News, Reloaded, ReloadFailed
from devtool.runner.reload_warm import Application, WarmReloader

DEADLINE = 60.0

# Answers with what `views.py` returns for the path; writes what happens to it into a file.
MAIN = """
    import os
    import traceback

    def note(text):
        with open("log.txt", "a") as log:
            log.write(f"{text} {os.getpid()}\\n")

    note("import main")
    import early
    import views
    import late

    async def app(scope, receive, send):
        if scope["type"] == "lifespan":
            await receive()
            try:
                await views.begin()
            except OSError:
                text = traceback.format_exc()
                await send({"type": "lifespan.startup.failed", "message": text})
                return
            note("startup")
            await send({"type": "lifespan.startup.complete"})
            await receive()
            note("shutdown")
            await send({"type": "lifespan.shutdown.complete"})
            return
        body = str(await views.answer(scope, send)).encode()
        length = (b"content-length", str(len(body)).encode())
        await send({"type": "http.response.start", "status": 200, "headers": [length]})
        await send({"type": "http.response.body", "body": body})
"""
VIEWS = """
VERSION = "{version}"

async def begin():
    pass

async def answer(scope, send):
    return VERSION
"""

Each = TypeVar("Each", bound=News)


class Shop:
    """The project, its reloader and the news of it."""

    def __init__(
        self,
        root: Path,
        *words: str,
        env: Mapping[str, str] | None = None,
        listener: socket.socket | None = None,
        files: Mapping[str, str] | None = None,
        **options: object,
    ) -> None:
        self.root = root
        self.env = {"PATH": "/usr/bin:/bin", **(env or {})}
        self.news: list[News] = []
        self.changed = threading.Condition()
        self.listener = listener or socket.create_server(("127.0.0.1", 0), backlog=512)
        self.write(root, files)
        self.reloader = WarmReloader(
            Application(
                python=sys.executable,
                cwd=str(root),
                kind="uvicorn",
                words=("main:app", "--no-access-log", "--log-level", "warning", *words),
                env_files=(str(root / ".env"),),
            ),
            [self.listener],
            environment=lambda: self.env,
            on_news=self._hear,
            **{"grace": 2.0, **options},  # type: ignore[arg-type]
        )

    def _hear(self, news: News) -> None:
        with self.changed:
            self.news.append(news)
            self.changed.notify_all()

    @property
    def port(self) -> int:
        """Where it listens."""
        number: int = self.listener.getsockname()[1]
        return number

    def start(self) -> Shop:
        """Start it, and wait until it serves and has learned what to have ready."""
        self.reloader.start()
        self.wait_for(Reloaded)
        return self

    def stop(self) -> None:
        """End it."""
        self.reloader.stop()
        self.listener.close()

    @classmethod
    def write(cls, root: Path, files: Mapping[str, str] | None = None) -> None:
        """Write a project."""
        usual = {"main.py": MAIN, "early.py": "", "late.py": "", "views.py": VIEWS}
        for name, text in {**usual, **(files or {})}.items():
            put(root / name, text.replace("{version}", "1"))

    def put(self, name: str, text: str) -> Path:
        """Write a file, as an editor does."""
        return put(self.root / name, text)

    def save(self, name: str, text: str) -> None:
        """Write a file and tell the reloader."""
        path = self.put(name, text)
        self.reloader.reload([str(path)])

    def save_version(self, version: str) -> None:
        """Write another version of the views."""
        self.save("views.py", VIEWS.replace("{version}", version))

    def update(self, name: str, text: str) -> Reloaded:
        """Write a file, and wait for the version with it."""
        known = len(self.news)
        self.save(name, text)
        return self.wait_for(Reloaded, after=known)

    def update_version(self, version: str) -> Reloaded:
        """Write another version of the views, and wait for it."""
        return self.update("views.py", VIEWS.replace("{version}", version))

    def fail(self, name: str, text: str) -> ReloadFailed:
        """Write a file with which no version can serve, and wait for the reason."""
        known = len(self.news)
        self.save(name, text)
        return self.wait_for(ReloadFailed, after=known)

    def wait_for(self, kind: type[Each], *, after: int = 0) -> Each:
        """The first news of a kind, after those that were known."""
        deadline = time.monotonic() + DEADLINE
        with self.changed:
            while True:
                found = [each for each in self.news[after:] if isinstance(each, kind)]
                if found:
                    return found[0]
                left = deadline - time.monotonic()
                assert left > 0, f"no {kind.__name__} came: {self.news}"
                self.changed.wait(left)

    def connect(self) -> http.client.HTTPConnection:
        """A connection that is kept."""
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=DEADLINE)

    def get(self, path: str = "/", connection: http.client.HTTPConnection | None = None) -> str:
        """What it answers."""
        used = connection or self.connect()
        used.request("GET", path)
        text: str = used.getresponse().read().decode()
        if connection is None:
            used.close()
        return text

    @property
    def log(self) -> list[str]:
        """What the project noted, without the process ids."""
        return [line.rpartition(" ")[0] for line in self.entries]

    @property
    def entries(self) -> list[str]:
        """What the project noted."""
        path = self.root / "log.txt"
        return path.read_text().splitlines() if path.exists() else []


def put(path: Path, text: str) -> Path:
    """Write a file, as an editor does: another one takes its place."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".new")
    fresh.write_text(textwrap.dedent(text), encoding="utf-8")
    fresh.replace(path)
    return path


def eventually(claim: object, what: str) -> None:
    """Wait until a claim holds."""
    deadline = time.monotonic() + DEADLINE
    while not claim():  # type: ignore[operator]
        assert time.monotonic() < deadline, f"never: {what}"
        time.sleep(0.02)
