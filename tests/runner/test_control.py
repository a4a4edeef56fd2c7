"""The control socket: who may ask, what may be asked, and names too long for a socket."""

from __future__ import annotations

import json
import queue
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from devtool.errors import DevtoolError
from devtool.runner.control import Control, ask
from devtool.runner.events import Event, RestartService, StopService


class Answering:
    """A control socket, and what was asked through it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.asked: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self.control = Control(path, ["web"], self.asked.put)
        self.control.start()


@pytest.fixture
def answering(tmp_path: Path) -> Iterator[Answering]:
    found = Answering(tmp_path / "state.sock")
    yield found
    found.control.close()
    found.control.join(60)
    assert not found.path.exists()


def test_a_request_becomes_an_event(answering: Answering) -> None:
    ask(answering.path, {"do": "restart", "service": "web"})
    ask(answering.path, {"do": "stop", "service": "web"})
    assert answering.asked.get(timeout=60) == RestartService("web")
    assert answering.asked.get(timeout=60) == StopService("web")


@pytest.mark.parametrize(
    ("request_", "reason"),
    [
        ({"do": "stop", "service": "other"}, "no service is called 'other'; there are web"),
        ({"do": "dance", "service": "web"}, "nobody knows how to 'dance'"),
        ({}, "no service is called None"),
    ],
)
def test_what_cannot_be_done_is_refused(
    answering: Answering, request_: dict[str, str], reason: str
) -> None:
    with pytest.raises(DevtoolError, match=reason):
        ask(answering.path, request_)
    assert answering.asked.empty()


@pytest.mark.parametrize("noise", [b"", b"\n", b"{", b"[]\n", b"\xff\n", b"[" * 70_000])
def test_noise_is_survived(answering: Answering, noise: bytes) -> None:
    with socket.socket(socket.AF_UNIX) as caller:
        caller.connect(str(answering.path))
        caller.sendall(noise)
        caller.shutdown(socket.SHUT_WR)
        received = caller.recv(4096)
        assert not received or "error" in json.loads(received)
    ask(answering.path, {"do": "stop", "service": "web"})


def test_only_its_user_may_open_it(answering: Answering) -> None:
    assert stat.S_IMODE(answering.path.stat().st_mode) == 0o600


def test_a_long_path_works(tmp_path: Path) -> None:
    folder = tmp_path / ("x" * 120)
    folder.mkdir()
    answering = Answering(folder / "state.sock")
    ask(answering.path, {"do": "stop", "service": "web"})
    assert answering.asked.get(timeout=60) == StopService("web")
    answering.control.close()


def test_a_socket_that_a_killed_run_left_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "state.sock"
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))
    with pytest.raises(DevtoolError, match="cannot be asked"):
        ask(path, {"do": "stop", "service": "web"})
    answering = Answering(path)
    ask(path, {"do": "stop", "service": "web"})
    answering.control.close()
