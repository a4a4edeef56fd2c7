"""The cold reloader, with real servers: two small ones of our own, one of which takes a socket."""

from __future__ import annotations

import os
import queue
import socket
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from devtool.model.launch import Probe, ProbeKind
from devtool.runner.reload import Crashed, News, Reloaded, ReloadFailed, Reloading
from devtool.runner.reload_cold import ColdReloader, Command

DEADLINE = 60

# Takes a socket as uvicorn does, or opens one; /die ends it, /slow takes its time.
SERVER = """
import http.server, os, signal, socket, sys, threading, time
import code_of_it

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/die":
            os._exit(9)
        if self.path == "/slow":
            time.sleep(1)
        body = code_of_it.ANSWER.encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_):
        pass

class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 128
    daemon_threads = False
    def server_bind(self):
        if "--fd" in sys.argv:
            self.socket = socket.socket(fileno=os.dup(int(sys.argv[-1])))
            self.server_address = self.socket.getsockname()
        else:
            self.allow_reuse_address = True
            super().server_bind()

port = 0 if "--fd" in sys.argv else int(sys.argv[-1])
server = Server(("127.0.0.1", port), Handler)
signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
server.serve_forever()
server.server_close()
"""


class Cold:
    """A cold reloader of that server, and its news."""

    def __init__(self, root: Path, *, takes_socket: bool) -> None:
        self.root = root
        write(root / "uvicorn.py" if takes_socket else root / "server.py", SERVER)
        self.code = write(root / "code_of_it.py", "ANSWER = 'one'")
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = self.listener.getsockname()[1]
        if not takes_socket:
            self.listener.close()
        self.news: queue.SimpleQueue[News] = queue.SimpleQueue()
        module = "uvicorn" if takes_socket else "server"
        self.reloader = ColdReloader(
            Command(
                argv=(sys.executable, "-m", module, "--port", str(self.port)),
                cwd=str(root),
                probe=Probe(ProbeKind.HTTP, f"http://127.0.0.1:{self.port}/"),
            ),
            [self.listener] if takes_socket else [],
            environment=lambda: {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
            on_news=self.news.put,
        )
        self.reloader.start()
        first = self.next()
        assert isinstance(first, Reloaded)
        assert not first.file

    def next(self) -> News:
        return self.news.get(timeout=DEADLINE)

    def save(self, text: str) -> None:
        write(self.code, text)
        self.reloader.reload([str(self.code)])

    def get(self, path: str = "/") -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=DEADLINE) as got:
            return str(got.read().decode())

    def stop(self) -> None:
        self.reloader.stop()
        assert not self.reloader._thread.is_alive()
        self.listener.close()
        with pytest.raises(OSError, match="refused"):
            socket.create_connection(("127.0.0.1", self.port))


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture(params=[True, False], ids=["with the socket", "without"])
def cold(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Cold]:
    running = Cold(tmp_path, takes_socket=request.param)
    yield running
    running.stop()


@pytest.fixture
def holding(tmp_path: Path) -> Iterator[Cold]:
    running = Cold(tmp_path, takes_socket=True)
    yield running
    running.stop()


def test_a_save_is_served(cold: Cold) -> None:
    assert cold.get() == "one"
    cold.save("ANSWER = 'two'")
    assert cold.next() == Reloading((str(cold.code),))
    reloaded = cold.next()
    assert isinstance(reloaded, Reloaded)
    assert reloaded.file == str(cold.code)
    assert cold.get() == "two"


def test_what_does_not_compile_stops_nothing_and_is_shown_with_its_line(cold: Cold) -> None:
    cold.save("ANSWER = 'two'\ndef oops(:\n")
    failed = cold.next()
    assert isinstance(failed, ReloadFailed)
    assert failed.place == f"{cold.code}:2"
    assert failed.source == "def oops(:"
    assert failed.error.startswith("SyntaxError: ")
    assert failed.has_served
    assert cold.get() == "one"


def test_a_file_that_is_still_broken_is_told_again_with_the_next_save(cold: Cold) -> None:
    cold.save("def oops(:\n")
    assert isinstance(cold.next(), ReloadFailed)
    other = write(cold.root / "other.py", "x = 1")
    cold.reloader.reload([str(other)])
    again = cold.next()
    assert isinstance(again, ReloadFailed)
    assert again.file == str(cold.code)
    cold.save("ANSWER = 'three'")
    assert isinstance(cold.next(), Reloading)
    assert isinstance(cold.next(), Reloaded)
    assert cold.get() == "three"


def test_an_error_at_import_is_shown_with_its_line_and_the_cure_recovers(cold: Cold) -> None:
    cold.save("ANSWER = 'two'\nimport no_such_module\n")
    assert isinstance(cold.next(), Reloading)
    failed = cold.next()
    assert isinstance(failed, ReloadFailed)
    assert failed.place == f"{cold.code}:2"
    assert failed.source == "import no_such_module"
    assert failed.error == "ModuleNotFoundError: No module named 'no_such_module'"
    assert not failed.has_served
    cold.save("ANSWER = 'four'")
    assert isinstance(cold.next(), Reloading)
    assert isinstance(cold.next(), Reloaded)
    assert cold.get() == "four"


def test_a_server_that_dies_is_started_again(cold: Cold) -> None:
    with pytest.raises((urllib.error.URLError, OSError)):
        cold.get("/die")
    assert cold.next() == Crashed(0.0)
    assert isinstance(cold.next(), Reloaded)
    assert cold.get() == "one"


def test_what_is_no_source_restarts_nothing(cold: Cold) -> None:
    cold.reloader.reload([str(write(cold.root / "page.html", "hello"))])
    cold.reloader.reload([str(write(cold.root / "data.csv", "1"))], declared=[])
    declared = str(write(cold.root / "declared.txt", "1"))
    cold.reloader.reload([declared], declared=[declared])
    assert cold.next() == Reloading((declared,))
    assert isinstance(cold.next(), Reloaded)


def test_with_the_socket_nobody_is_refused_and_requests_under_way_end(holding: Cold) -> None:
    slow: queue.SimpleQueue[str] = queue.SimpleQueue()
    import threading

    asking = threading.Thread(target=lambda: slow.put(holding.get("/slow")))
    asking.start()
    time.sleep(0.2)
    holding.save("ANSWER = 'two'")
    answers = [holding.get()]
    while answers[-1] != "two":
        answers.append(holding.get())
    assert set(answers) <= {"one", "two"}
    assert slow.get(timeout=DEADLINE) == "one"


def test_a_save_while_the_server_starts_is_the_one_that_serves(cold: Cold) -> None:
    for number in range(5):
        cold.save(f"ANSWER = 'try {number}'")
    while not isinstance(cold.next(), Reloaded) or cold.get() != "try 4":
        pass
    assert cold.get() == "try 4"
