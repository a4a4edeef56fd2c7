"""A project with declared services, and devtool in it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.e2e.running import DEVTOOL, Run, free_port, running

WEB = """
[services.backend]
command = [{python}, "-m", "http.server", "--bind", "127.0.0.1", "{port}"]
role = "backend"
port = {port}
ready = {{ http = "/" }}
"""

WORKER = """
[services.worker]
command = [{python}, "-c", "import time; print('working', flush=True); time.sleep(1000)"]
"""

Start = Callable[..., Run]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "my shop"
    folder.mkdir()
    return folder


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state"


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def start(root: Path, state: Path) -> Iterator[Start]:
    """Start devtool in the project; it is gone after the test."""
    with ExitStack() as stack:
        yield lambda *args, **more: stack.enter_context(
            running(more.pop("cwd", root), *args, state=state, **more)
        )


def declare(root: Path, *services: str, port: int = 0) -> None:
    """Write a devtool.toml."""
    python = json.dumps(sys.executable)
    text = "".join(service.format(python=python, port=port) for service in services)
    (root / "devtool.toml").write_text(text, encoding="utf-8")


def devtool(root: Path, state: Path, *args: str) -> subprocess.CompletedProcess[str]:
    """Run a command of devtool to its end."""
    return subprocess.run(
        (DEVTOOL, *args),
        cwd=root,
        env=os.environ | {"XDG_STATE_HOME": str(state)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        stdin=subprocess.DEVNULL,
    )
