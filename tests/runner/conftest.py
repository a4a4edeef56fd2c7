"""Plans of small Python programs, run for real; whatever a test started is gone after it."""

from __future__ import annotations

import contextlib
import os
import pickle
import re
import select
import signal
import socket
import subprocess
import sys
import termios
import textwrap
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from devtool.model.detection import Role
from devtool.model.launch import LaunchPlan, Probe, ProbeKind, Service

DRIVE = str(Path(__file__).with_name("drive.py"))
MARK = "DEVTOOL_TEST_MARK"
DEADLINE = 60.0

# A process gets a controlling terminal only if it asks for one as the leader of its session.
ON_TERMINAL = (
    sys.executable,
    "-c",
    """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.argv[1], sys.argv[1:])
""",
)


def eventually(claim: Callable[[], object], what: str | Callable[[], str]) -> None:
    """Wait until a claim holds; `what` it is may be asked for when it never did."""
    deadline = time.monotonic() + DEADLINE
    while not claim():
        if time.monotonic() > deadline:
            pytest.fail(f"never: {what if isinstance(what, str) else what()}")
        time.sleep(0.02)


def marked(mark: str) -> list[psutil.Process]:
    """Every living process that inherited a mark."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.environ().get(MARK) == mark and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found


@pytest.fixture(autouse=True)
def mark(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[str]:
    """The mark of everything this test starts; nothing that carries it may be left."""
    value = uuid.uuid4().hex
    monkeypatch.setenv(MARK, value)
    monkeypatch.setenv("DEVTOOL_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.delenv("DEVTOOL_RUN_ID", raising=False)
    yield value
    survivors = [each for each in marked(value) if each.pid != os.getpid()]
    told = [f"{each.pid} {' '.join(each.cmdline())[:80]}" for each in survivors]
    for each in survivors:
        each.kill()
    assert not told, "processes survived the test"


@pytest.fixture
def port() -> int:
    """A port that nobody held a moment ago."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        number: int = listener.getsockname()[1]
        return number


class Project:
    """A folder, and services that are small Python programs in it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir(exist_ok=True)

    def service(self, name: str, code: str, **changes: object) -> Service:
        """A service that runs this code."""
        script = self.root / f"{name}.py"
        script.write_text(textwrap.dedent(code), encoding="utf-8")
        given = {"grace": 5.0, "role": Role.WORKER} | changes
        return Service(
            name=name,
            argv=(sys.executable, str(script)),
            cwd=str(self.root),
            **given,  # type: ignore[arg-type]
        )

    def web(self, name: str, port: int, **changes: object) -> Service:
        """A service that serves its folder over HTTP."""
        url = f"http://127.0.0.1:{port}"
        return Service(
            name=name,
            role=Role.BACKEND,
            argv=(sys.executable, "-m", "http.server", "--bind", "127.0.0.1", str(port)),
            cwd=str(self.root),
            host="127.0.0.1",
            port=port,
            url=url,
            probe=Probe(kind=ProbeKind.HTTP, target=url),
            **changes,  # type: ignore[arg-type]
        )

    def plan(self, *services: Service) -> LaunchPlan:
        """A plan of these services."""
        return LaunchPlan(root=str(self.root), services=services)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """An empty project."""
    return Project(tmp_path / "a project")


class Driven:
    """A command in a session of its own, on pipes or on a terminal."""

    def __init__(
        self,
        *command: str,
        terminal: bool = False,
        size: tuple[int, int] | None = None,
        **popen: object,
    ) -> None:
        self.raw = b""
        self.changed = threading.Condition()
        self.woken, self.wake = os.pipe()
        self.near, far = os.openpty() if terminal else os.pipe()
        if size is not None:
            termios.tcsetwinsize(self.near, size)
        streams = {
            "stdin": far if terminal else subprocess.DEVNULL,
            "stdout": far,
            "stderr": subprocess.STDOUT,
        }
        self.process = subprocess.Popen(
            (*ON_TERMINAL, *command) if terminal else command,
            start_new_session=True,
            **(streams | popen),  # type: ignore[call-overload]
        )
        self.far = far if terminal else None
        if not terminal:
            os.close(far)
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    @property
    def text(self) -> str:
        """All that was printed so far."""
        return self.raw.decode(errors="replace")

    @property
    def pid(self) -> int:
        """The process that was started, which keeps watch."""
        pid: int = self.process.pid
        return pid

    def _read(self) -> None:
        # A descriptor that someone reads stays open though it is closed, so reading must end first.
        watched = select.poll()
        watched.register(self.near, select.POLLIN)
        watched.register(self.woken, select.POLLIN)
        with contextlib.suppress(OSError):
            while self.woken not in dict(watched.poll()) and (chunk := os.read(self.near, 65536)):
                with self.changed:
                    self.raw += chunk
                    self.changed.notify_all()

    def wait_for(self, pattern: str) -> re.Match[str]:
        """The first match in what was printed, waited for."""
        deadline = time.monotonic() + DEADLINE
        with self.changed:
            while (found := re.search(pattern, self.text)) is None:
                ended = self.process.poll() is not None and not self.reader.is_alive()
                assert not ended, f"{pattern!r} never came:\n{self.text}"
                assert time.monotonic() < deadline, f"{pattern!r} never came:\n{self.text}"
                self.changed.wait(0.2)
        return found

    def type(self, text: str) -> None:
        """Type on the terminal."""
        os.write(self.near, text.encode())

    def resize(self, rows: int, columns: int) -> None:
        """Give the terminal a size."""
        termios.tcsetwinsize(self.near, (rows, columns))

    def send(self, signum: signal.Signals) -> None:
        """Signal devtool alone."""
        self.process.send_signal(signum)

    def wait(self) -> int:
        """The exit code, once all output was read."""
        code: int = self.process.wait(DEADLINE)
        if self.far is not None:
            os.close(self.far)
            self.far = None
        self.reader.join(DEADLINE)
        return code

    def hang_up(self) -> None:
        """Close the terminal, as a window that is closed does."""
        os.write(self.wake, b".")
        self.reader.join(DEADLINE)
        if self.far is not None:
            os.close(self.far)
            self.far = None
        os.close(self.near)
        self.near = os.open(os.devnull, os.O_RDONLY)

    def close(self) -> None:
        """End devtool however the test went; its family must follow by itself."""
        self.process.kill()
        self.process.wait(DEADLINE)
        if self.far is not None:
            os.close(self.far)
        self.reader.join(DEADLINE)
        for fd in (self.near, self.woken, self.wake):
            os.close(fd)


Drive = Callable[..., Driven]


@pytest.fixture
def drive(tmp_path: Path, mark: str) -> Iterator[Drive]:
    """Run a plan as the command does."""
    started: list[Driven] = []

    def go(plan: LaunchPlan, *options: str, terminal: bool = False, **popen: object) -> Driven:
        path = tmp_path / f"plan-{len(started)}.pickle"
        path.write_bytes(pickle.dumps(plan))
        command = (sys.executable, DRIVE, str(path), *options)
        driven = Driven(*command, terminal=terminal, size=None, **popen)
        started.append(driven)
        return driven

    yield go
    for driven in started:
        driven.close()
    eventually(lambda: not [p for p in marked(mark) if p.pid != os.getpid()], "all gone")
