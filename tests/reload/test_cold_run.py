"""`devtool run` with a server that can only be started anew."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ports import can_bind, free_port
from tests.reload.test_cold import SERVER, write

DEADLINE = 60


class Run:
    """A run of one declared service, which is reloaded cold."""

    def __init__(self, root: Path, module: str) -> None:
        self.port = free_port()
        self.code = write(root / "code_of_it.py", "ANSWER = 'one'")
        write(root / f"{module}.py", SERVER)
        command = [sys.executable, "-m", module, "--port", str(self.port)]
        write(
            root / "devtool.toml",
            f"[services.api]\ncommand = {command}\nport = {self.port}\nreload = true\n",
        )
        self.output = root / "output.txt"
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                (sys.executable, "-m", "devtool", "run"),
                cwd=root,
                env={**os.environ, "XDG_STATE_HOME": str(root / "state"), "MARK": str(root)},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        self.wait_for("one")

    def get(self) -> str:
        try:
            url = f"http://127.0.0.1:{self.port}/"
            with urllib.request.urlopen(url, timeout=DEADLINE) as got:
                return str(got.read().decode())
        except (urllib.error.URLError, http.client.HTTPException, OSError):
            return ""

    def wait_for(self, answer: str) -> None:
        deadline = time.monotonic() + DEADLINE
        while self.get() != answer:
            assert time.monotonic() < deadline, self.said()
            time.sleep(0.05)

    def wait_to_say(self, text: str) -> None:
        deadline = time.monotonic() + DEADLINE
        while text not in self.said():
            assert time.monotonic() < deadline, self.said()
            time.sleep(0.05)

    def said(self) -> str:
        return self.output.read_text(encoding="utf-8")

    def end(self) -> None:
        self.process.send_signal(signal.SIGINT)
        assert self.process.wait(DEADLINE) == 130
        with pytest.raises(OSError, match="refused"):
            socket.create_connection(("127.0.0.1", self.port))


@pytest.fixture(params=["uvicorn", "server"], ids=["with the socket", "without"])
def run(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Run]:
    running = Run(tmp_path, request.param)
    yield running
    running.process.kill()
    running.process.wait(DEADLINE)


def test_edits_errors_and_the_end_of_a_run(run: Run) -> None:
    write(run.code, "ANSWER = 'two'")
    run.wait_for("two")
    run.wait_to_say("api reloaded in ")
    write(run.code, "def oops(:")
    run.wait_to_say("code_of_it.py:1: SyntaxError: ")
    run.wait_to_say("    def oops(:\napi was not reloaded; the version before goes on serving")
    assert run.get() == "two"
    write(run.code, "import no_such_module")
    run.wait_to_say("code_of_it.py:1: ModuleNotFoundError: No module named 'no_such_module'")
    run.wait_to_say("api does not serve; it starts again when a file changes")
    write(run.code, "ANSWER = 'three'")
    run.wait_for("three")
    run.end()


def test_nothing_is_left_of_a_run_that_is_killed(run: Run) -> None:
    os.kill(run.process.pid, signal.SIGKILL)
    run.process.wait(DEADLINE)
    deadline = time.monotonic() + DEADLINE
    while not can_bind(run.port):
        assert time.monotonic() < deadline
        time.sleep(0.05)
