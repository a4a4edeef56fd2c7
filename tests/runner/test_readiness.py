"""Does it answer? Real sockets, with servers that are slow, stuck, stopped or odd."""

from __future__ import annotations

import os
import queue
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

from devtool.model.launch import Probe, ProbeKind
from devtool.runner.readiness import Health, Place, Readiness, hangs_up, place_of


class Asked:
    """A readiness probe under way, and what it said."""

    def __init__(self, probe: Probe) -> None:
        self.said: queue.SimpleQueue[str] = queue.SimpleQueue()
        self.asker = Readiness(
            probe,
            env=os.environ,
            cwd="/",
            on_ready=lambda: self.said.put("ready"),
            on_silent=lambda: self.said.put("silent"),
        )
        self.asker.start()

    def next(self) -> str:
        return self.said.get(timeout=60)

    def end(self) -> None:
        self.asker.cancel()
        self.asker.join(60)
        assert not self.asker.is_alive()


def answer(server: socket.socket, text: bytes) -> None:
    """Answer one request with these bytes."""
    connection, _ = server.accept()
    with connection:
        connection.recv(4096)
        connection.sendall(text)


@pytest.fixture
def server() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener


def url(server: socket.socket) -> str:
    return f"http://127.0.0.1:{server.getsockname()[1]}/"


@pytest.mark.parametrize("status", [b"200 OK", b"404 Not Found", b"500 Oh"])
def test_any_http_answer_means_ready(server: socket.socket, status: bytes) -> None:
    asked = Asked(Probe(kind=ProbeKind.HTTP, target=url(server)))
    answer(server, b"HTTP/1.1 " + status + b"\r\n\r\n")
    assert asked.next() == "ready"
    asked.end()


def test_what_speaks_no_http_is_not_ready(server: socket.socket) -> None:
    asked = Asked(Probe(kind=ProbeKind.HTTP, target=url(server), timeout=0.2))
    threading.Thread(target=answer, args=(server, b"220 mail\r\n")).start()
    assert asked.next() == "silent"
    asked.end()


def test_asking_goes_on_after_the_timeout(port: int) -> None:
    asked = Asked(Probe(kind=ProbeKind.PORT, target=f"127.0.0.1:{port}", timeout=0.1))
    assert asked.next() == "silent"
    with socket.create_server(("127.0.0.1", port)):
        assert asked.next() == "ready"
    asked.end()


def test_a_cancelled_probe_does_not_wait_for_a_slow_answer(server: socket.socket) -> None:
    asked = Asked(Probe(kind=ProbeKind.HTTP, target=url(server), timeout=3600))
    connection, _ = server.accept()
    asked.end()
    connection.close()
    assert asked.said.empty()


@pytest.mark.parametrize(
    ("kind", "target", "place"),
    [
        (ProbeKind.HTTP, "http://127.0.0.1:8000/x", Place("127.0.0.1", 8000)),
        (ProbeKind.HTTP, "http://0.0.0.0:8000", Place("127.0.0.1", 8000)),
        (ProbeKind.HTTP, "http://[::]:8000/", Place("::1", 8000)),
        (ProbeKind.HTTP, "https://localhost", Place("localhost", 443)),
        (ProbeKind.PORT, "127.0.0.1:5", Place("127.0.0.1", 5)),
        (ProbeKind.PORT, "[::1]:5", Place("::1", 5)),
        (ProbeKind.LOG, "ready", None),
    ],
)
def test_where_a_probe_asks(kind: ProbeKind, target: str, place: Place | None) -> None:
    assert place_of(Probe(kind=kind, target=target)) == place


SERVER = """
import http.server, sys
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler)
print(server.server_port, flush=True)
server.serve_forever()
"""


def test_a_stopped_server_is_noticed_and_so_is_its_return() -> None:
    with subprocess.Popen((sys.executable, "-c", SERVER), stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        place = Place("127.0.0.1", int(process.stdout.readline()))
        said: queue.SimpleQueue[bool] = queue.SimpleQueue()
        health = Health(place, on_change=said.put, every=0.1, patience=2.0)
        assert hangs_up(place, 60)
        health.start()
        assert health.begun.wait(60)
        process.send_signal(signal.SIGSTOP)
        assert said.get(timeout=60) is False
        process.send_signal(signal.SIGCONT)
        assert said.get(timeout=60) is True
        health.cancel()
        process.kill()
