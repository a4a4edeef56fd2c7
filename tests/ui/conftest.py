"""`devtool run --ui` on a terminal that remembers what stands on it."""

from __future__ import annotations

import contextlib
import os
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pyte
import pytest

from tests.runner.conftest import Driven, eventually, mark, marked, port

__all__ = ["Run", "Terminal", "mark", "port", "run"]

ENTER_SCREEN, LEAVE_SCREEN = b"\x1b[?1049h", b"\x1b[?1049l"


class Terminal:
    """A terminal of a size, and the command that runs on it."""

    def __init__(self, driven: Driven, rows: int, columns: int) -> None:
        self.driven = driven
        self.size = (rows, columns)

    @property
    def shown(self) -> str:
        """What stands on it, or what was printed after the view had left."""
        raw, rows, columns = self.driven.raw, *self.size
        if LEAVE_SCREEN in raw:
            return raw.rpartition(LEAVE_SCREEN)[2].decode(errors="replace")
        screen = pyte.Screen(columns, rows)
        # It knows no second screen; the view clears it where it enters one.
        pyte.ByteStream(screen).feed(raw.replace(ENTER_SCREEN, b"\x1b[2J\x1b[H"))
        return "\n".join(line.rstrip() for line in screen.display)

    def wait_for(self, text: str) -> None:
        """Wait until a text stands on it."""
        eventually(lambda: text in self.shown, lambda: f"{text!r} on\n{self.shown}")

    def press(self, keys: str) -> None:
        """Press keys."""
        self.driven.type(keys)

    def resize(self, rows: int, columns: int) -> None:
        """Make it another size."""
        self.size = (rows, columns)
        self.driven.resize(rows, columns)


Run = Callable[..., Terminal]


@pytest.fixture
def run(tmp_path: Path, mark: str) -> Iterator[Run]:
    """Run a project of these services with `--ui`; the text is that of devtool.toml."""
    started: list[Terminal] = []
    folder = tmp_path / "shop"
    folder.mkdir()

    def go(text: str, *options: str, env: dict[str, str] | None = None, **files: str) -> Terminal:
        (folder / "devtool.toml").write_text(textwrap.dedent(text))
        for name, code in files.items():
            (folder / f"{name}.py").write_text(textwrap.dedent(code))
        given = os.environ | {"TERM": "xterm-256color", "COLUMNS": "", "LINES": ""} | (env or {})
        given = {name: value for name, value in given.items() if value}
        if not (env or {}).get("CI"):
            given.pop("CI", None)
        command = (sys.executable, "-m", "devtool", "run", "--ui", *options)
        driven = Driven(*command, terminal=True, size=(24, 100), cwd=folder, env=given)
        started.append(Terminal(driven, 24, 100))
        return started[-1]

    yield go
    for terminal in started:
        with contextlib.suppress(ProcessLookupError):
            terminal.driven.close()
    eventually(lambda: not [p for p in marked(mark) if p.pid != os.getpid()], "all gone")
