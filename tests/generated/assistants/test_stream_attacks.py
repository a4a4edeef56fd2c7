"""What strangers try with open streams, while a model thinks; and whether its key stays a secret."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.generated.assistants.conftest import (
    CHAT,
    CONVERSATIONS,
    World,
    events,
    said,
    until_settled,
)
from tests.generated.attacks import refused
from tests.generated.frontends.model import WORDS, Model, connected_to, held_model

pytestmark = pytest.mark.generated

KEY = "sk-a-key-that-nobody-may-see"
MOST = 20


@pytest.fixture(scope="module")
def model() -> Iterator[Model]:
    """A model that thinks until it is let go on."""
    with held_model() as model:
        yield model


@pytest.fixture(scope="module")
def settings(model: Model) -> dict[str, str]:
    """What connects it."""
    return {**connected_to(model, 300), "AI_API_KEY": KEY, "AI_STREAMS": str(MOST)}


@pytest.fixture(scope="module")
def streams(world: World) -> Iterator[list[socket.socket]]:
    """As many streams as one user may listen to, each with its first words."""
    with ExitStack() as stack:
        opened = [
            stack.enter_context(
                world.open("POST", CHAT, said(f"open-{number}", "hello"), world.eve)
            )
            for number in range(MOST)
        ]
        for sock in opened:
            until(sock, b"First")
        yield opened


def until(sock: socket.socket, word: bytes) -> bytes:
    """What comes on a connection up to a word."""
    heard = b""
    while word not in heard:
        more = sock.recv(65536)
        assert more, heard
        heard += more
    return heard


def test_open_streams_of_one_user_are_bounded(world: World, streams: list[socket.socket]) -> None:
    assert len(streams) == MOST
    refused(world.say("one-more", "hello", world.eve), 429)
    answer = world.server.ask("GET", f"{CHAT}/open-0/stream", token=world.eve)
    refused(answer, 429)
    assert int(answer.headers["retry-after"]) > 0


@pytest.mark.usefixtures("streams")
def test_others_are_answered_meanwhile(world: World) -> None:
    assert world.titles(world.ada)
    with world.open("POST", CHAT, said("adas-stream", "hello"), world.ada) as sock:
        until(sock, b"First")


@pytest.mark.usefixtures("streams")
def test_an_answer_of_somebody_else_is_neither_heard_nor_stopped(world: World) -> None:
    for method, path in (("GET", "stream"), ("POST", "cancel")):
        refused(world.server.ask(method, f"{CHAT}/open-0/{path}", token=world.ada), 404)
    conversation = world.server.ask("GET", f"{CONVERSATIONS}/open-0", token=world.eve).json
    assert conversation["running"] is True


def test_who_cuts_the_line_loses_nothing(
    world: World, model: Model, streams: list[socket.socket]
) -> None:
    for sock in streams[: MOST // 2]:
        # Closed at once and without a word: a reset, as of a page that was killed.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        sock.close()
    model.go_on.set()
    for number in range(MOST):
        assert until_settled(world, f"open-{number}") == "done"
    for sock in streams[MOST // 2 :]:
        until(sock, b"[DONE]")
    kept = world.server.ask("GET", f"{CONVERSATIONS}/open-0/messages", token=world.eve).json
    assert kept["items"][-1]["parts"][-1]["text"] == "".join(WORDS)


def test_room_is_made_again(world: World, streams: list[socket.socket]) -> None:
    assert len(streams) == MOST
    told = events(world.say("afterwards", "hello", world.eve))
    assert "".join(e["delta"] for e in told if e["type"] == "text-delta") == "".join(WORDS)


def test_zz_the_key_is_told_to_nobody(world: World) -> None:
    status = world.server.ask("GET", f"{CHAT}/status")
    answers = world.server.ask("GET", f"{CONVERSATIONS}/open-0/messages", token=world.eve)
    for told in (status.body, answers.body, world.log()):
        assert KEY.encode() not in told
