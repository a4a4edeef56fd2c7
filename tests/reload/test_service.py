"""A service of a run under the warm reloader, with the real watcher: which files cause what."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from devtool.model.detection import Role
from devtool.model.launch import Service
from devtool.runner.reload import News, Reloaded
from devtool.runner.warm_service import WarmService, with_env_files
from tests.reload.shop import DEADLINE, Shop, eventually, put

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="versions are forked on Linux alone"
)

VIEWS = """
import os
import beside
import linked

async def begin():
    pass

async def answer(scope, send):
    return f"{beside.VALUE} {linked.VALUE} {os.environ.get('COLOUR')}"
"""


class Running:
    """A service in a folder that is reached by a link, with code outside of it."""

    def __init__(self, tmp_path: Path) -> None:
        self.root, self.outside = tmp_path / "real" / "shop", tmp_path / "outside"
        Shop.write(self.root, {"views.py": VIEWS})
        (tmp_path / "link").symlink_to(tmp_path / "real")
        put(self.outside / "package" / "beside.py", "VALUE = 1")
        put(self.outside / "linked.py", "VALUE = 1")
        (self.root / "linked.py").symlink_to(self.outside / "linked.py")
        cwd = str(tmp_path / "link" / "shop")
        words = ("main:app", "--no-access-log", "--log-level", "warning")
        service = Service(
            name="shop",
            role=Role.BACKEND,
            argv=(sys.executable, "-m", "uvicorn", *words, "--uds", str(tmp_path / "socket")),
            cwd=cwd,
            warm="uvicorn",
            reload_include=("prompts/*.md",),
            reload_exclude=("prompts/draft.md",),
        )
        self.news: list[News] = []
        self.process: subprocess.Popen[bytes] | None = None
        self.service = WarmService(service, cwd, lambda: self._environment(service, cwd))
        self.service.start(self._spawn, self.news.append)
        eventually(lambda: self.reloads, "the first version")

    def _environment(self, service: Service, root: str) -> dict[str, str]:
        files = with_env_files(service, root).env_files
        read = dict(line.split("=") for file in files for line in Path(file).read_text().split())
        return {"PATH": os.environ["PATH"], "PYTHONPATH": str(self.outside / "package"), **read}

    def _spawn(self, argv: tuple[str, ...], fd: int) -> None:
        env = self._environment(Service("shop", Role.BACKEND, argv, str(self.root)), "/nowhere")
        self.process = subprocess.Popen(argv, cwd=self.root, env=env, pass_fds=(fd,))

    @property
    def reloads(self) -> list[Reloaded]:
        """The versions that have served."""
        return [each for each in self.news if isinstance(each, Reloaded)]

    def change(self, path: Path, text: str) -> Reloaded:
        """Save a file, and wait for the version that it causes."""
        known = len(self.reloads)
        put(path, text)
        eventually(lambda: len(self.reloads) > known, f"a reload for {path}")
        return self.reloads[-1]

    def close(self) -> None:
        """End it as a run does: what lives gets a signal, and devtool hears of the end."""
        self.service.rest()
        os.kill(self.reloads[-1].pid, signal.SIGINT)
        if self.process is not None:
            self.process.wait(DEADLINE)
        self.service.close()


@pytest.fixture
def running(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    monkeypatch.setenv("DEVTOOL_STATE_DIR", str(tmp_path / "state"))
    made = Running(tmp_path)
    yield made
    made.close()


def test_what_is_imported_is_followed_wherever_it_is_and_the_rest_left(running: Running) -> None:
    time.sleep(0.5)  # what was imported is being watched by now
    assert running.change(running.root / "views.py", VIEWS + "# 2").file == "views.py"
    assert running.change(running.outside / "package" / "beside.py", "VALUE = 2").files == 1
    assert running.change(running.outside / "linked.py", "VALUE = 2").files == 1
    put(running.root / "templates" / "page.html", "<p>")
    put(running.root / "tests" / "test_it.py", "def test_it(): ...")
    put(running.root / "prompts" / "draft.md", "later")
    assert running.change(running.root / "prompts" / "system.md", "be kind").file.endswith(".md")
    assert running.change(running.root / ".env", "COLOUR=blue").file == ".env"
    assert len(running.reloads) == 6
