"""`devtool run` and edits, on the installed command: what its user sees and what is left."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.conftest import MakeProject
from tests.e2e.running import DEADLINE, DEVTOOL, Run, free_port, get, running

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(sys.platform != "linux", reason="versions are forked on Linux alone"),
]

FILES = {
    "requirements.txt": "fastapi\nuvicorn\n",
    ".env": "COLOUR=red\n",
    "main.py": """
import os
from fastapi import FastAPI
import shop

app = FastAPI()

@app.get("/")
def index() -> dict[str, str | None]:
    return {"version": shop.VERSION, "colour": os.environ.get("COLOUR")}

@app.get("/stop")
def stop() -> str:
    text = "stopped"
    breakpoint()
    return text
""",
    "shop.py": "VERSION = '1'\n",
}


class Shop:
    """The project, and where it answers."""

    def __init__(self, root: Path, state: Path) -> None:
        self.root, self.state = root, state
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"

    @contextlib.contextmanager
    def run(self, *options: str, terminal: bool = False) -> Iterator[Run]:
        """`devtool run` until the block ends."""
        words = ("run", "--port", str(self.port), *options)
        with running(self.root, *words, state=self.state, terminal=terminal) as run:
            run.wait_until_ready(self.url)
            yield run

    def status(self) -> dict[str, object]:
        """What `devtool status` says of the service."""
        done = subprocess.run(
            (DEVTOOL, "status", "--json"),
            cwd=self.root,
            env={**os.environ, "XDG_STATE_HOME": str(self.state)},
            capture_output=True,
            check=True,
            timeout=DEADLINE,
        )
        process: dict[str, object] = json.loads(done.stdout)["processes"][0]
        return process


@pytest.fixture
def shop(make_project: MakeProject, state: Path) -> Shop:
    return Shop(make_project(FILES), state)


def test_edits_errors_and_new_variables_as_a_user_meets_them(shop: Shop) -> None:
    with shop.run("--", "--no-access-log") as run:
        assert get(shop.url).json() == {"version": "1", "colour": "red"}
        (shop.root / "shop.py").write_text("VERSION = '2'\n")
        run.wait_for(r"backend reloaded in \d+ ms: shop\.py \(\d+ modules? imported\)")
        assert get(shop.url).json()["version"] == "2"
        (shop.root / "shop.py").write_text("VERSION = two\n")
        run.wait_for(r"shop\.py:1: NameError: name 'two' is not defined\s+VERSION = two")
        run.wait_for(r"backend was not reloaded; the version before goes on serving")
        assert get(shop.url).json()["version"] == "2"
        status = shop.status()
        assert status["reloads"] == 1
        assert status["last_error"] == "shop.py:1: NameError: name 'two' is not defined"
        assert "NameError" not in str(status["reload_ms"])
        (shop.root / "shop.py").write_text("VERSION = '3'\n")
        run.wait_for(r"(?s)version before.*backend reloaded in")
        (shop.root / ".env").write_text("COLOUR=blue\n")
        run.wait_for(r"backend reloaded in \d+ ms: \.env")
        assert get(shop.url).json() == {"version": "3", "colour": "blue"}
        assert shop.status()["last_error"] == ""
        assert run.stop(signal.SIGINT) == 130
        assert not run.family()


def test_a_breakpoint_gets_the_terminal_after_a_reload_as_well(shop: Shop) -> None:
    with shop.run(terminal=True) as run:
        for version in "23":
            (shop.root / "shop.py").write_text(f"VERSION = '{version}'\n")
            run.wait_for(rf"(?s)(reloaded in.*){{{int(version) - 1}}}")
            answers: list[str] = []
            asking = threading.Thread(target=lambda: answers.append(get(f"{shop.url}/stop").text))  # noqa: B023
            asking.start()
            run.wait_for(rf"(?s)(\(Pdb\).*){{{2 * int(version) - 3}}}")
            run.type(f"text = 'debugged {version}'\n")
            run.wait_for(rf"(?s)(\(Pdb\).*){{{2 * int(version) - 2}}}")
            run.type("c\n")
            asking.join(DEADLINE)
            assert answers == [f'"debugged {version}"']
        run.type("\x03")
        assert run.wait() == 130
        assert not run.family()


def test_nothing_is_left_when_all_of_devtool_is_killed(shop: Shop) -> None:
    with shop.run() as run:
        (shop.root / "shop.py").write_text("VERSION = '2'\n")
        run.wait_for(r"backend reloaded in")
        ours = [each for each in run.family() if "devtool_zygote" not in " ".join(each.cmdline())]
        for each in ours:
            each.kill()
        deadline = time.monotonic() + DEADLINE
        # One that is forked while its parent dies is seen a moment later.
        while run.family() or is_answered(shop.port):
            assert time.monotonic() < deadline, run.story("something is left")
            time.sleep(0.05)


def is_answered(port: int) -> bool:
    """Whether somebody listens on a port of this machine."""
    with socket.socket() as caller:
        return caller.connect_ex(("127.0.0.1", port)) == 0
