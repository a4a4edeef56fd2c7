"""The live view on a real terminal: it shows, it obeys, and it leaves everything as it was."""

from __future__ import annotations

import os
import re
import signal
import socket
import termios

import psutil
import pytest

from tests.runner.conftest import eventually, marked
from tests.ui.conftest import ENTER_SCREEN, LEAVE_SCREEN, Run, Terminal

TWO = """
    [services.web]
    command = ["{python}", "-u", "-m", "http.server", "--bind", "{host}", "{port}"]
    port = PORT
    role = "backend"
    [services.talker]
    command = ["{python}", "-u", "talk.py"]
"""
TALK = """
    import time
    print("WARNING: low on beans")
    print("\\x1b[31mred\\x1b[0m \\x1b]0;title\\x07\\x1b[2Jwords")
    time.sleep(600)
"""
DIES = """
    [services.web]
    command = ["{python}", "-c", "import time; time.sleep(600)"]
    [services.dies]
    command = ["{python}", "-c", "print('no beans left'); raise SystemExit(3)"]
"""


@pytest.fixture
def shop(run: Run, port: int) -> Terminal:
    """Two services that run, shown."""
    terminal = run(TWO.replace("PORT", str(port)), talk=TALK)
    terminal.wait_for("2/2 ready")
    terminal.wait_for("low on beans")
    return terminal


def test_it_shows_what_runs_and_leaves_the_terminal_as_it_was(shop: Terminal, port: int) -> None:
    shop.wait_for(f"http://127.0.0.1:{port}")
    shop.wait_for("red words")
    # Whose line it is stands before it, once there are lines of several.
    eventually(lambda: re.search("talker +WARNING: low on beans", shop.shown), lambda: shop.shown)
    settings = termios.tcgetattr(shop.driven.near)
    assert not settings[3] & termios.ECHO
    shop.press("q")
    assert shop.driven.process.wait(60) == 0
    assert shop.driven.raw.count(ENTER_SCREEN) == shop.driven.raw.count(LEAVE_SCREEN) == 1
    assert termios.tcgetattr(shop.driven.near)[3] & termios.ECHO
    assert "\x1b" not in shop.shown.replace("\x1b[?25h", "")


def test_keys_stop_restart_and_filter(shop: Terminal) -> None:
    shop.press("\x1b[B")
    shop.wait_for("> talker")
    shop.press("s")
    shop.wait_for("1/2 ready")
    shop.wait_for("exit code")
    shop.press("r")
    shop.wait_for("2/2 ready")
    shop.press("/BEANS\r")
    shop.wait_for("with 'BEANS'")
    assert "red words" not in shop.shown
    shop.press("\x1b")
    shop.wait_for("red words")
    shop.press("?")
    shop.wait_for("any key closes this")


def test_it_follows_the_size_of_the_terminal(shop: Terminal) -> None:
    shop.resize(10, 50)
    eventually(lambda: shop.shown.splitlines()[-1].strip().startswith("r"), lambda: shop.shown)
    eventually(lambda: "──" in shop.shown.splitlines()[4], lambda: shop.shown)


@pytest.mark.parametrize(
    ("end", "code"),
    [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129), ("\x03", 130)],
    ids=str,
)
def test_ctrl_c_and_signals_end_everything(
    shop: Terminal, end: signal.Signals | str, code: int
) -> None:
    if isinstance(end, str):
        shop.press(end)
    else:
        shop.driven.send(end)
    assert shop.driven.process.wait(60) == code
    assert shop.driven.raw.endswith(b"\x1b[?1049l") or LEAVE_SCREEN in shop.driven.raw


def test_a_view_that_is_killed_takes_everything_along_and_leaves_the_screen(
    shop: Terminal, mark: str
) -> None:
    shop.driven.process.kill()
    eventually(lambda: not [p for p in marked(mark) if p.pid != os.getpid()], "all gone")
    eventually(lambda: LEAVE_SCREEN in shop.driven.raw, "the screen is left")
    assert termios.tcgetattr(shop.driven.near)[3] & termios.ECHO


def test_a_run_that_is_killed_is_noticed(shop: Terminal) -> None:
    (guardian,) = psutil.Process(shop.driven.pid).children()
    guardian.kill()
    assert shop.driven.process.wait(60) == 137


def test_the_code_of_what_died_is_passed_on_with_its_last_words(run: Run) -> None:
    terminal = run(DIES)
    assert terminal.driven.process.wait(60) == 3
    eventually(lambda: "devtool: dies failed: exited with code 3" in terminal.shown, "the reason")
    assert "dies | no beans left" in terminal.shown


def test_a_refusal_is_told_without_a_view(run: Run, port: int) -> None:
    with socket.socket() as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind(("127.0.0.1", port))
        holder.listen()
        terminal = run(TWO.replace("PORT", str(port)), talk=TALK)
        assert terminal.driven.process.wait(60) == 2
    eventually(lambda: f"port {port}" in terminal.driven.text, "the port is named")
    assert ENTER_SCREEN not in terminal.driven.raw
    assert str(os.getpid()) in terminal.driven.text


@pytest.mark.parametrize("env", [{"CI": "true"}, {"TERM": "dumb"}])
def test_where_nobody_can_see_it_lines_come_as_they_are(run: Run, env: dict[str, str]) -> None:
    terminal = run(DIES, env=env)
    assert terminal.driven.process.wait(60) == 3
    eventually(lambda: "no beans left" in terminal.driven.text, "the line")
    assert "note: there is no terminal to draw on" in terminal.driven.text
    assert ENTER_SCREEN not in terminal.driven.raw


def test_without_a_state_folder_lines_come_as_they_are(run: Run) -> None:
    terminal = run(DIES, env={"DEVTOOL_STATE_DIR": "/dev/null/state"})
    assert terminal.driven.process.wait(60) == 3
    eventually(
        lambda: "note: the state folder cannot be written" in terminal.driven.text, "the note"
    )


def test_it_does_not_go_with_detach(run: Run) -> None:
    terminal = run(DIES, "--detach")
    assert terminal.driven.process.wait(60) == 2
    assert "--ui shows a run that --detach would leave" in terminal.driven.text


def test_colours_can_be_declined(run: Run, port: int) -> None:
    terminal = run(TWO.replace("PORT", str(port)), env={"NO_COLOR": "1"}, talk=TALK)
    terminal.wait_for("2/2 ready")
    assert b"\x1b[31m" not in terminal.driven.raw
    assert b"\x1b[32m" not in terminal.driven.raw


@pytest.mark.usefixtures("shop")
def test_services_have_no_terminal_to_write_over(mark: str) -> None:
    services = [p for p in marked(mark) if "talk.py" in " ".join(p.cmdline())]
    assert services
    for each in services:
        assert each.terminal() is None
