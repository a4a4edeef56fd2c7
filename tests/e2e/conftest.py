"""One shared environment for the projects, built once whoever comes first."""

from __future__ import annotations

import fcntl
import hashlib
import subprocess
import sys
import venv
from collections.abc import Callable
from pathlib import Path

import pytest

REQUIREMENTS = (
    "django>=5.2,<7",
    "fastapi>=0.115",
    "flask>=3",
    "litestar>=2.12",
    "mcp>=2,<3",
    "sqlmodel>=0.0.24",
    "starlette>=0.40",
    "uvicorn>=0.32",
)

MakeProject = Callable[..., Path]


@pytest.fixture(scope="session")
def environment(request: pytest.FixtureRequest) -> Path:
    """An environment that holds every framework, kept between sessions until the list changes."""
    key = hashlib.sha256(repr((sys.version, REQUIREMENTS)).encode()).hexdigest()[:12]
    folder = request.config.cache.mkdir("e2e") / key
    done = folder.with_suffix(".done")
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            venv.create(folder, with_pip=True, clear=True)
            install = (str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet")
            subprocess.run((*install, *REQUIREMENTS), check=True, stdin=subprocess.DEVNULL)
            done.touch()
    return folder


@pytest.fixture
def make_project(tmp_path: Path, environment: Path) -> MakeProject:
    """Write a project whose own `.venv` sees what the shared environment holds."""

    def make(files: dict[str, str]) -> Path:
        root = tmp_path / "my shop"
        for path, text in files.items():
            file = root / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        venv.create(root / ".venv", with_pip=False, symlinks=True)
        shared, own = (
            next(env.glob("lib/python*/site-packages")) for env in (environment, root / ".venv")
        )
        (own / "shared.pth").write_text(f"{shared}\n", encoding="utf-8")
        return root

    return make


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """A state folder of its own, so that runs do not see each other."""
    return tmp_path / "state"
