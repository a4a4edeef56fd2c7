"""Bytes of a terminal become keys."""

from __future__ import annotations

import pytest

from devtool.ui.keys import (
    BACKSPACE,
    DOWN,
    END,
    ENTER,
    ESCAPE,
    HOME,
    INTERRUPT,
    PAGE_DOWN,
    PAGE_UP,
    UP,
    Keyboard,
)


@pytest.mark.parametrize(
    ("sent", "keys"),
    [
        (b"q", ["q"]),
        (b"\x03", [INTERRUPT]),
        (b"\x1b", [ESCAPE]),
        (b"\x1b[A\x1bOB", [UP, DOWN]),
        (b"\x1b[5~\x1b[6~", [PAGE_UP, PAGE_DOWN]),
        (b"\x1b[H\x1b[F\x1b[1~\x1b[4~\x1b[7~\x1b[8~", [HOME, END] * 3),
        (b"\x1b[1;5A", [UP]),
        (b"\r\x7f\x08", [ENTER, BACKSPACE, BACKSPACE]),
        (b"\x10\x0e", [UP, DOWN]),
        ("é€😀".encode(), ["é", "€", "😀"]),
        (b"\xff\xfeq", ["q"]),
        (b"\x00\x01\x1a", []),
        (b"\x1b[200~\x1b[M!\x1b[?1;2cq", ["!", "q"]),
        (b"\x1bq", [ESCAPE, "q"]),
    ],
)
def test_what_is_pressed(sent: bytes, keys: list[str]) -> None:
    assert list(Keyboard().keys(sent)) == keys


def test_what_comes_in_pieces_is_put_together() -> None:
    keyboard = Keyboard()
    pieces = ["é".encode()[:1], "é".encode()[1:], b"\x1b[", b"5", b"~", b"\x1bO", b"A"]
    assert [key for piece in pieces for key in keyboard.keys(piece)] == ["é", PAGE_UP, UP]
