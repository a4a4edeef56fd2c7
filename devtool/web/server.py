"""The server behind the page: the standard library's, on the loopback interface, for one project."""

from __future__ import annotations

import json
import secrets
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from devtool.errors import ConfigError, DevtoolError
from devtool.feed import Feed
from devtool.web import answers
from devtool.web.answers import Object
from devtool.web.entrance import Entrance, Refusal

HOST = "127.0.0.1"
MAX_BODY = 4096
MAX_CONNECTIONS = 48
READ_SECONDS = 20.0
# A viewer that takes nothing for so long is gone.
WRITE_SECONDS = 30.0
PING_SECONDS = 10.0

_HEADERS = {
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
_POLICY = (
    "default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; img-src data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)


class WebServer(ThreadingHTTPServer):
    """Serves the page of one project until it is closed.

    Args:
        root: The project's folder.
        port: Where to listen; the kernel chooses if 0.

    Raises:
        ConfigError: The port is taken.
    """

    daemon_threads = True
    block_on_close = False
    allow_reuse_port = False
    request_queue_size = 32

    def __init__(self, root: Path, *, port: int = 0) -> None:
        self.root = root
        self.work = threading.Lock()
        self._connections = threading.BoundedSemaphore(MAX_CONNECTIONS)
        try:
            super().__init__((HOST, port), _Handler)
        except (OSError, OverflowError) as error:
            raise ConfigError(
                f"the page cannot be served on port {port}: {error}", hint="leave --port out"
            ) from None
        self.feed = Feed(root)
        self.entrance = Entrance(self.server_port)

    @property
    def url(self) -> str:
        """The link that lets in. Browsers keep what follows `#` to themselves."""
        return f"http://{HOST}:{self.server_port}/#{self.entrance.token}"

    def serve(self) -> None:
        """Answer until `shutdown` is called from another thread, or an exception comes."""
        self.feed.look()
        self.feed.start()
        try:
            self.serve_forever(poll_interval=0.2)
        finally:
            self.feed.close()
            self.server_close()

    def process_request(self, request: object, client_address: object) -> None:
        """Answer in a thread of its own, unless there are too many already."""
        if not self._connections.acquire(blocking=False):
            self.shutdown_request(request)  # type: ignore[arg-type]  # a socket, as for the base
            return
        super().process_request(request, client_address)  # type: ignore[arg-type]

    def process_request_thread(self, request: object, client_address: object) -> None:
        """Answer, and make room for another."""
        try:
            super().process_request_thread(request, client_address)  # type: ignore[arg-type]
        finally:
            self._connections.release()

    def handle_error(self, _request: object, _client_address: object) -> None:
        """Nobody reads here what went wrong with a connection; who asked sees that it ended."""


class _Handler(BaseHTTPRequestHandler):
    server: WebServer
    protocol_version = "HTTP/1.1"
    timeout = READ_SECONDS
    error_content_type = "text/plain"
    error_message_format = "%(code)d %(message)s\n"

    def version_string(self) -> str:
        """What stands in the `Server` header."""
        return "devtool"

    def log_message(self, *_: object) -> None:
        """Requests are not worth a line."""

    def do_GET(self) -> None:
        """Give the page, or what it asks for."""
        place = urlsplit(self.path)
        if place.path == "/":
            self._answer_visit()
        elif place.path in _ASKED:
            self._answer_asking(_ASKED[place.path])
        elif place.path == "/api/events":
            self._answer_stream(place.query)
        else:
            self._refuse(Refusal(HTTPStatus.NOT_FOUND, "there is nothing here"))

    do_HEAD = do_GET  # noqa: N815

    def do_POST(self) -> None:
        """Do what a button says."""
        if urlsplit(self.path).path != "/api/act":
            self._refuse(Refusal(HTTPStatus.NOT_FOUND, "there is nothing here"))
            return
        refusal = self.server.entrance.refuses_asking(self.headers)  # type: ignore[arg-type]
        # Browsers ask first whether a page of another origin may send this kind.
        if refusal is None and self.headers.get_content_type() != "application/json":
            refusal = Refusal(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "a request is JSON")
        length = self.headers.get("Content-Length", "")
        if refusal is None and not (length.isdecimal() and int(length) <= MAX_BODY):
            refusal = Refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "a request is short")
        if refusal is not None:
            self._refuse(refusal)
            return
        body = self.rfile.read(int(length))
        try:
            asked = json.loads(body)
        except (ValueError, RecursionError):
            self._refuse(Refusal(HTTPStatus.BAD_REQUEST, "the request is no JSON"))
            return
        self._give(lambda root: answers.act(root, asked))

    def _answer_visit(self) -> None:
        refusal = self.server.entrance.refuses_visit(self.headers)  # type: ignore[arg-type]
        if refusal is not None:
            self._refuse(refusal)
            return
        nonce = secrets.token_urlsafe(16)
        policy = _POLICY.format(nonce=nonce)
        self._send(HTTPStatus.OK, page(nonce), "text/html", {"Content-Security-Policy": policy})

    def _answer_asking(self, work: Callable[[Path], Object]) -> None:
        refusal = self.server.entrance.refuses_asking(self.headers)  # type: ignore[arg-type]
        if refusal is not None:
            self._refuse(refusal)
            return
        with self.server.work:
            self._give(work)

    def _give(self, work: Callable[[Path], Object]) -> None:
        try:
            status, said = HTTPStatus.OK, work(self.server.root)
        except ConfigError as problem:
            status, said = HTTPStatus.BAD_REQUEST, answers.error(problem)
        except DevtoolError as problem:
            status, said = HTTPStatus.CONFLICT, answers.error(problem)
        self._send(status, json.dumps(said).encode(), "application/json")

    def _answer_stream(self, query: str) -> None:
        refusal = self.server.entrance.refuses_asking(self.headers)  # type: ignore[arg-type]
        if refusal is not None:
            self._refuse(refusal)
            return
        self.close_connection = True
        self._send_head(HTTPStatus.OK, "application/x-ndjson", {"Connection": "close"})
        if self.command == "HEAD":
            return
        self.connection.settimeout(WRITE_SECONDS)
        # Without a large buffer of the kernel's, a viewer that is too slow misses lines early.
        with suppress(OSError):
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 18)
        given = parse_qs(query).get("after", ["0"])[0]
        viewer = answers.Viewer(self.server.feed, after=int(given) if _is_number(given) else 0)
        with suppress(OSError):
            self._stream(viewer)

    def _stream(self, viewer: answers.Viewer) -> None:
        feed, version = self.server.feed, 0
        while not feed.is_closed:
            told = [*viewer.news()] or [{"kind": "ping"}]
            for message in told:
                self.wfile.write(json.dumps(message).encode() + b"\n")
            version = feed.wait(version, PING_SECONDS)

    def _refuse(self, refusal: Refusal) -> None:
        self.close_connection = True
        said = json.dumps({"error": refusal.reason, "hint": ""}).encode()
        self._send(refusal.status, said, "application/json", {"Connection": "close"})

    def _send(
        self, status: HTTPStatus, body: bytes, kind: str, more: dict[str, str] | None = None
    ) -> None:
        self._send_head(status, kind, {"Content-Length": str(len(body)), **(more or {})})
        if self.command != "HEAD":
            self.wfile.write(body)

    def _send_head(self, status: HTTPStatus, kind: str, more: dict[str, str]) -> None:
        self.send_response(status)
        headers = {"Content-Type": f"{kind}; charset=utf-8", **_HEADERS, **more}
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()


_ASKED: dict[str, Callable[[Path], Object]] = {
    "/api/project": answers.project,
    "/api/routes": answers.routes,
    "/api/checks": answers.checks,
}


def _is_number(given: str) -> bool:
    return given.isascii() and given.isdecimal() and len(given) < 16


def page(nonce: str) -> bytes:
    """The whole page, with the word that lets its own style and script in and no other."""
    folder = files("devtool.web") / "page"
    parts = {name: (folder / f"page.{name}").read_text("utf-8") for name in ("css", "js")}
    text = (folder / "page.html").read_text("utf-8")
    for name, part in parts.items():
        text = text.replace(f"/* page.{name} */", part)
    return text.replace("{{nonce}}", nonce).encode()
