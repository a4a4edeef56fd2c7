"""A note at the foot of HTML pages while the last save is broken, for those who asked for it.

Only a whole page that a browser asked for is changed, and only where that is safe: nothing streamed,
compressed, partial or signed, and nothing that is no HTML document. There is no script in the note, and a
content security policy stays as it is: one that forbids inline styles leaves the note plain.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any

Headers = list[tuple[bytes, bytes]]

STYLE = (
    "all:initial;position:fixed;left:0;right:0;bottom:0;z-index:2147483647;padding:8px 12px;"
    "font:13px/1.5 monospace;white-space:pre-wrap;color:#fff;background:#a4001d"
)
# Headers that say that the body is not simply a page, or that it must not be another.
UNTOUCHABLE = frozenset(
    {b"content-encoding", b"content-range", b"content-digest", b"digest", b"repr-digest"}
)
# What a browser would keep of a page that is to be seen once.
STALE = frozenset({b"cache-control", b"content-length", b"etag", b"expires", b"last-modified"})
# In other encodings, a note in ASCII would not be one.
CHARSET = re.compile(rb"charset\s*=\s*\"?(utf-8|us-ascii|iso-8859-|windows-125)", re.IGNORECASE)
DOCUMENT = re.compile(rb"\s*(<!doctype\s+html|<html[\s>])", re.IGNORECASE)
END = re.compile(rb"</body\s*>", re.IGNORECASE)


class Banner:
    """An ASGI application with a note on its pages.

    Args:
        app: The application.

    Attributes:
        text: What pages say; empty while all is well.
    """

    def __init__(self, app: Any) -> None:
        self._app = app
        self.text = ""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve as the application does."""
        if self.text and scope["type"] == "http" and is_visit(scope["method"], scope["headers"]):
            send = _Page(send, self.text).send
        await self._app(scope, receive, send)


class _Page:
    """Holds the start of an answer back until it is known whether the rest comes in one piece."""

    def __init__(self, send: Any, text: str) -> None:
        self._send = send
        self._text = text
        self._start: Any = None

    async def send(self, message: Any) -> None:
        """Pass a message on, or a page with the note in it."""
        if message["type"] == "http.response.start" and self._start is None:
            if can_change(message["status"], message.get("headers", ())):
                self._start = message
                return
        elif self._start is not None:
            start, self._start = self._start, None
            body = message.get("body", b"")
            if message["type"] == "http.response.body" and not message.get("more_body"):
                body, headers = with_note(body, start.get("headers", ()), self._text)
                start, message = {**start, "headers": headers}, {**message, "body": body}
            await self._send(start)
        await self._send(message)


class PlainBanner:
    """A WSGI application with a note on its pages.

    Args:
        app: The application.

    Attributes:
        text: What pages say; empty while all is well.
    """

    def __init__(self, app: Any) -> None:
        self._app = app
        self.text = ""

    def __call__(self, environ: Any, start_response: Any) -> Any:
        """Serve as the application does."""
        asked = [
            (name[5:].replace("_", "-").lower().encode(), value.encode("latin-1"))
            for name, value in environ.items()
            if name.startswith("HTTP_")
        ]
        if not self.text or not is_visit(environ["REQUEST_METHOD"], asked):
            return self._app(environ, start_response)
        return self._answer(environ, start_response)

    def _answer(self, environ: Any, start_response: Any) -> Any:
        start: list[Any] = []
        written: list[bytes] = []

        def hold(*words: Any) -> Any:
            start[:] = words
            return written.append

        answer = self._app(environ, hold)
        pieces = iter(answer)
        first = next(pieces, b"")  # by now, the application has begun to answer
        status, given, *rest = start
        headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in given]
        # Without a length, it is a stream.
        is_whole = not written and any(name.lower() == b"content-length" for name, _ in headers)
        if not is_whole or not can_change(int(status[:3]), headers):
            write = start_response(*start)
            for piece in written:
                write(piece)
            return _Rest(first, pieces, answer)
        body = b"".join((first, *pieces))
        _close(answer)
        body, headers = with_note(body, headers, self.text)
        told = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in headers]
        start_response(status, told, *rest)
        return [body]


class _Rest:
    """An answer whose first piece was taken out already."""

    def __init__(self, first: bytes, pieces: Iterator[bytes], answer: Any) -> None:
        self._pieces = chain((first,), pieces)
        self._answer = answer

    def __iter__(self) -> Iterator[bytes]:
        return self._pieces

    def close(self) -> None:
        """Tell the application that nobody listens any more."""
        _close(self._answer)


def _close(answer: Any) -> None:
    if hasattr(answer, "close"):
        answer.close()


def is_visit(method: str, headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """True for a request of a browser that shows the answer as a page."""
    named = {name.lower(): value for name, value in headers}
    place = named.get(b"sec-fetch-dest", b"document")
    return (
        method == "GET"
        and b"text/html" in named.get(b"accept", b"")
        and place in {b"document", b"iframe"}
    )


def can_change(status: int, headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """True if an answer with this head may be a page that a note can be added to."""
    named = {name.lower(): value for name, value in headers}
    kind = named.get(b"content-type", b"")
    return (
        status not in {204, 206, 304}
        and kind.lower().startswith(b"text/html")
        and (b"charset" not in kind.lower() or CHARSET.search(kind) is not None)
        and not UNTOUCHABLE.intersection(named)
    )


def with_note(
    body: bytes, headers: Iterable[tuple[bytes, bytes]], text: str
) -> tuple[bytes, Headers]:
    """A page with the note in it, and the head that goes with it; as it was if it is no document."""
    head = [(name, value) for name, value in headers]
    if not DOCUMENT.match(body):
        return body, head
    ends = list(END.finditer(body))
    at = ends[-1].start() if ends else len(body)
    body = body[:at] + note(text) + body[at:]
    head = [(name, value) for name, value in head if name.lower() not in STALE]
    head.append((b"content-length", str(len(body)).encode()))
    head.append((b"cache-control", b"no-store"))
    return body, head


def note(text: str) -> bytes:
    """The note, as HTML."""
    return f'<div role="alert" style="{STYLE}">{html.escape(text)}</div>'.encode(
        "ascii", "xmlcharrefreplace"
    )
