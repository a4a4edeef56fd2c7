"""Servers that projects bring themselves, under the warm reloader: Flask's, Django's, and a script's."""

from __future__ import annotations

import http.client
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from devtool.runner.reload import News, Reloaded
from devtool.runner.reload_warm import Application, WarmReloader
from tests.reload.shop import DEADLINE, eventually

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="versions are forked on Linux alone"
)

FLASK = """
from flask import Flask
import views

app = Flask(__name__)
app.add_url_rule("/", view_func=lambda: views.VERSION)
"""
DJANGO_URLS = """
from django.http import HttpResponse
from django.urls import path
import views

urlpatterns = [path("", lambda request: HttpResponse(views.VERSION))]
"""
SCRIPT = """
import uvicorn
import views

HTML = [(b"content-type", b"text/html")]

async def app(scope, receive, send):
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": HTML})
        await send({"type": "http.response.body", "body": views.VERSION.encode()})

if __name__ == "__main__":
    uvicorn.run(app, port=1, log_level="warning")
"""


class Site:
    """An application of some kind, served and edited."""

    def __init__(self, python: Path, root: Path, kind: str, *words: str) -> None:
        self.root = root
        self.news: list[News] = []
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.write("1")
        self.reloader = WarmReloader(
            Application(python=str(python), cwd=str(root), kind=kind, words=words),
            [self.listener],
            on_news=self.news.append,
            banner=True,
        )

    def write(self, version: str) -> str:
        """Write a version of what is answered."""
        return self.write_text(f"VERSION = {version!r}\n")

    def write_text(self, text: str) -> str:
        """Write what makes up the answer."""
        path = self.root / "views.py"
        path.write_text(text)
        return str(path)

    def connect(self) -> http.client.HTTPConnection:
        """A connection that is kept."""
        port = self.listener.getsockname()[1]
        return http.client.HTTPConnection("127.0.0.1", port, timeout=DEADLINE)

    def visit(self) -> str:
        """What a browser is answered, over a connection of its own."""
        connection = self.connect()
        text = self.get(connection, Accept="text/html")
        connection.close()
        return text

    def get(self, connection: http.client.HTTPConnection, **headers: str) -> str:
        """What is answered."""
        connection.request("GET", "/", headers=headers)
        text: str = connection.getresponse().read().decode()
        return text


@pytest.fixture(params=["flask", "django", "script"])
def site(request: pytest.FixtureRequest, environment: Path, tmp_path: Path) -> Iterator[Site]:
    python = environment / "bin" / "python"
    words: tuple[str, ...] = ("main.py",)
    if request.param == "flask":
        (tmp_path / "main.py").write_text(FLASK)
        words = ("--app", "main:app", "run")
    elif request.param == "django":
        start = (python, "-m", "django", "startproject", "site1", str(tmp_path))
        subprocess.run(start, check=True, timeout=DEADLINE)
        (tmp_path / "site1" / "urls.py").write_text(DJANGO_URLS)
        words = ("manage.py", "runserver", "127.0.0.1:1", "--noreload")
    else:
        (tmp_path / "main.py").write_text(SCRIPT)
    made = Site(python, tmp_path, request.param, *words)
    made.reloader.start()
    yield made
    made.reloader.stop()
    made.listener.close()


def test_edits_are_served_and_no_request_fails(site: Site) -> None:
    ended = threading.Event()
    answers: list[str] = []
    errors: list[Exception] = []

    def ask() -> None:
        while not ended.wait(0.01):
            connection = site.connect()
            try:
                answers.append(site.get(connection))
            except Exception as error:  # noqa: BLE001  # each of them is a failed request
                errors.append(error)
            connection.close()

    kept = site.connect()
    assert site.get(kept) == "1"
    asking = threading.Thread(target=ask)
    asking.start()
    for version in "23":
        site.reloader.reload([site.write(version)])
        eventually(lambda version=version: answers[-1:] == [version], "the new version")
        eventually(lambda version=version: site.get(kept) == version, "the kept connection too")
        time.sleep(0.2)
    ended.set()
    asking.join(DEADLINE)
    kept.close()
    assert errors == []
    assert answers == sorted(answers)
    assert sum(isinstance(each, Reloaded) for each in site.news) == 3


def test_pages_tell_of_a_broken_save_until_it_is_mended(site: Site) -> None:
    page, mended = ("<html><body>" + text + "</body></html>" for text in ("page", "mended"))
    site.reloader.reload([site.write(page)])
    eventually(lambda: site.visit() == page, "the page")
    site.reloader.reload([site.write_text("VERSION = (\n")])
    eventually(lambda: "SyntaxError" in site.visit(), "the note")
    assert site.visit().replace("</body>", "").startswith(page.replace("</body></html>", ""))
    kept = site.connect()
    assert site.get(kept, Accept="*/*") == page
    kept.close()
    site.reloader.reload([site.write(mended)])
    eventually(lambda: site.visit() == mended, "the page without the note")
