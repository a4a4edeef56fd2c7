"""A model behind OpenAI's protocol that says its words when the test lets it."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
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


@contextmanager
def held_model() -> Iterator[Model]:
    """A model that says its first words, and the others when it is let go on."""
    with Model() as model:
        thread = threading.Thread(target=model.serve_forever)
        thread.start()
        try:
            yield model
        finally:
            model.go_on.set()
            model.shutdown()
            thread.join()


def connected_to(model: Model, seconds: int) -> dict[str, str]:
    """The settings of a backend that asks this model, and waits so long for an answer."""
    address = f"http://127.0.0.1:{model.server_port}/v1"
    return {"AI_BASE_URL": address, "AI_MODEL": "words", "AI_TURN_SECONDS": str(seconds)}


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
