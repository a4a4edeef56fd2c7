"""Steps are lines of their own in a pipe, and one living line on a terminal."""

from __future__ import annotations

import os
import pty
import subprocess
import sys

import pytest

from devtool.cli.progress import steps

PROGRAM = """
import sys
from devtool.cli.progress import steps

with steps(print) as step:
    step("making [x] ...")
    step("installing ...")
    if "fail" in sys.argv:
        raise SystemExit(3)
"""


def test_a_pipe_gets_plain_lines(capsys: pytest.CaptureFixture[str]) -> None:
    with steps(print) as step:
        step("making .venv ...")
    assert capsys.readouterr().out == "making .venv ...\n"


@pytest.mark.parametrize(("words", "code", "how"), [((), 0, "done"), (("fail",), 3, "stopped")])
def test_a_terminal_sees_how_each_step_ended(words: tuple[str, ...], code: int, how: str) -> None:
    controller, terminal = pty.openpty()
    child = subprocess.Popen(
        (sys.executable, "-c", PROGRAM, *words),
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        env={**os.environ, "TERM": "xterm", "NO_COLOR": "1"},
    )
    os.close(terminal)
    shown = b""
    try:
        while chunk := os.read(controller, 4096):
            shown += chunk
    except OSError:  # the terminal's other end is closed: the program ended
        pass
    finally:
        os.close(controller)
    assert child.wait(timeout=60) == code
    text = shown.decode()
    assert "making [x]: done (" in text
    assert f"installing: {how} (" in text
