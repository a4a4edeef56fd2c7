"""The note on pages while the last save is broken: where it stands, and where it must not."""

from __future__ import annotations

import asyncio
import gzip
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from devtool.inproc.devtool_banner import Banner, can_change, is_visit, with_note
from tests.reload.shop import Shop, eventually

PAGE = b"<!doctype html>\n<html><body><p>It is \xc3\xbc.</p></body></html>\n"
HTML = (b"content-type", b"text/html; charset=utf-8")
BROWSER = ((b"accept", b"text/html,application/xhtml+xml,*/*;q=0.8"),)


# --- decisions -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "headers", "expected"),
    [
        ("GET", BROWSER, True),
        ("GET", (*BROWSER, (b"Sec-Fetch-Dest", b"document")), True),
        ("GET", (*BROWSER, (b"sec-fetch-dest", b"empty")), False),  # fetch()
        ("POST", BROWSER, False),
        ("HEAD", BROWSER, False),
        ("GET", ((b"accept", b"*/*"),), False),
        ("GET", (), False),
    ],
)
def test_only_who_shows_a_page_gets_the_note(method: str, headers: Any, *, expected: bool) -> None:
    assert is_visit(method, headers) is expected


@pytest.mark.parametrize(
    ("status", "headers", "expected"),
    [
        (200, (HTML,), True),
        (500, (HTML,), True),
        (200, ((b"Content-Type", b"text/html"),), True),
        (200, ((b"content-type", b"text/html; charset=utf-16"),), False),
        (200, ((b"content-type", b"application/json"),), False),
        (200, ((b"content-type", b"text/event-stream"),), False),
        (200, (HTML, (b"content-encoding", b"gzip")), False),
        (200, (HTML, (b"Content-Digest", b"sha-256=:x:")), False),
        (206, (HTML, (b"content-range", b"bytes 0-9/20")), False),
        (304, (HTML,), False),
    ],
)
def test_only_a_plain_page_can_be_changed(status: int, headers: Any, *, expected: bool) -> None:
    assert can_change(status, headers) is expected


def test_the_note_stands_in_the_body_and_the_head_is_right() -> None:
    policy = (b"content-security-policy", b"default-src 'self'")
    head = (HTML, (b"Content-Length", b"1"), (b"ETag", b"x"), policy)
    body, headers = with_note(PAGE, head, "<broken> ü")
    before, _, after = body.partition(b"<div")
    assert before + after.partition(b"</div>")[2] == PAGE
    assert b"&lt;broken&gt; &#252;</div></body>" in body
    assert b"<script" not in body
    length = str(len(body)).encode()
    expected = [HTML, policy, (b"content-length", length), (b"cache-control", b"no-store")]
    assert headers == expected


@pytest.mark.parametrize("body", [b"<li>one row</li>", b"", b'{"html": "<html>"}'])
def test_what_is_no_document_stays_as_it_is(body: bytes) -> None:
    assert with_note(body, (HTML, (b"etag", b"x")), "broken") == (body, [HTML, (b"etag", b"x")])


# --- answers ---------------------------------------------------------------------------------------

START = {"type": "http.response.start", "status": 200, "headers": [HTML]}


def sent_of(*messages: Any, text: str = "broken") -> list[Any]:
    """What a client is sent of these messages."""
    sent: list[Any] = []

    async def app(_: Any, __: Any, send: Any) -> None:
        for message in messages:
            await send(message)

    async def send(message: Any) -> None:
        sent.append(message)

    banner = Banner(app)
    banner.text = text
    asyncio.run(banner({"type": "http", "method": "GET", "headers": BROWSER}, None, send))
    return sent


def test_streams_pass_untouched() -> None:
    first = {"type": "http.response.body", "body": PAGE, "more_body": True}
    last = {"type": "http.response.body", "body": PAGE}
    assert sent_of(START, first, last) == [START, first, last]
    path = {"type": "http.response.pathsend", "path": "/page.html"}
    assert sent_of(START, path) == [START, path]


def test_without_a_note_nothing_is_held_back() -> None:
    body = {"type": "http.response.body", "body": PAGE}
    assert sent_of(START, body, text="") == [START, body]
    assert sent_of(START, body) != [START, body]


# --- a whole reload --------------------------------------------------------------------------------

VIEWS = """
import gzip
VERSION = "{version}"
PAGE = b"<html><body>" + VERSION.encode() + b"</body></html>"

async def begin():
    pass

async def answer(scope, send):
    return VERSION
"""
MAIN = """
    import views

    HTML, JSON = b"text/html", b"application/json"

    async def app(scope, receive, send):
        if scope["type"] == "lifespan":
            await receive()
            await send({"type": "lifespan.startup.complete"})
            await receive()
            await send({"type": "lifespan.shutdown.complete"})
            return
        kind = JSON if scope["path"] == "/json" else HTML
        body = views.gzip.compress(views.PAGE) if scope["path"] == "/gzip" else views.PAGE
        headers = [(b"content-type", kind), (b"content-length", str(len(body)).encode())]
        if scope["path"] == "/gzip":
            headers.append((b"content-encoding", b"gzip"))
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})
"""


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    if sys.platform != "linux":
        pytest.skip("versions are forked on Linux alone")
    made = Shop(tmp_path, banner=True, files={"main.py": MAIN, "views.py": VIEWS})
    made.start()
    yield made
    made.stop()


def visit(shop: Shop, path: str = "/", accept: str = "text/html") -> bytes:
    """What a browser gets, to the last byte that was promised."""
    connection = shop.connect()
    connection.request("GET", path, headers={"Accept": accept})
    answer = connection.getresponse()
    body = answer.read()
    assert len(body) == int(answer.headers["content-length"])
    connection.close()
    return body


def test_pages_tell_of_a_broken_save_until_it_is_mended(shop: Shop) -> None:
    plain = b"<html><body>1</body></html>"
    assert visit(shop) == plain
    shop.fail("views.py", VIEWS + "\ndef oops(:\n")
    eventually(lambda: visit(shop) != plain, "the note")
    page = visit(shop).decode()
    assert "SyntaxError" in page
    assert "views.py:" in page
    assert "def oops(:" in page
    assert str(shop.root) not in page
    assert visit(shop, "/json") == plain
    assert visit(shop, accept="*/*") == plain
    assert gzip.decompress(visit(shop, "/gzip")) == plain
    shop.update("views.py", VIEWS.replace("{version}", "2"))
    assert visit(shop) == plain.replace(b"1", b"2")


def test_nobody_who_did_not_ask_for_it_gets_a_note(tmp_path: Path) -> None:
    if sys.platform != "linux":
        pytest.skip("versions are forked on Linux alone")
    shop = Shop(tmp_path, files={"main.py": MAIN, "views.py": VIEWS}).start()
    try:
        plain = visit(shop)
        shop.fail("views.py", VIEWS + "\ndef oops(:\n")
        assert visit(shop) == plain
    finally:
        shop.stop()
