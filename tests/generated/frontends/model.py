"""A model behind OpenAI's protocol that says its words when the test lets it."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

WORDS = ("First ", "words, ", "and ", "then ", "the ", "last ", "ones.")
HELD_BACK = 2


class Model(ThreadingHTTPServer):
    """Streams its words, and holds all but the first ones back until `go_on` is set."""

    def __init__(self) -> None:
        self.go_on = threading.Event()
        super().__init__(("127.0.0.1", 0), Handler)


class Handler(BaseHTTPRequestHandler):
    """Answers every request with the words."""

    server: Model

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        for place, chunk in enumerate(chunks()):
            if place == HELD_BACK:
                self.server.go_on.wait(60)
            self.wfile.write(f"data: {json.dumps(chunk)}\n\n".encode())
            self.wfile.flush()
        self.wfile.write(b"data: [DONE]\n\n")

    def log_message(self, *_: object) -> None:
        """Nothing."""


def chunks() -> Iterator[dict[str, object]]:
    """The words as the chunks of a completion."""
    for word in WORDS:
        yield chunk({"role": "assistant", "content": word}, None)
    yield chunk({}, "stop")


def chunk(delta: dict[str, str], end: str | None) -> dict[str, object]:
    return {
        "id": "c1",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "words",
        "choices": [{"index": 0, "delta": delta, "finish_reason": end}],
    }
