"""Projects to examine, made of files."""

from __future__ import annotations

import os
import shutil
import venv
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from devtool.api import detect_project, load_settings
from devtool.doctor import diagnose
from devtool.model.doctor import Diagnosis, Finding, Level

Examine = Callable[..., list[Finding]]


def examined(
    root: Path, env: Mapping[str, str] | None = None, *, repair: bool = False
) -> Diagnosis:
    """What devtool finds in a folder, with nothing but PATH in the environment."""
    variables = {"PATH": os.environ["PATH"], **(env or {})}
    return diagnose(root, load=load_settings, detect=detect_project, repair=repair, env=variables)


def write(root: Path, files: Mapping[str, str]) -> Path:
    """Make files, and the folders that they lie in."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small FastAPI project without an environment."""
    monkeypatch.setenv("DEVTOOL_STATE_DIR", str(tmp_path / "state"))
    return write(
        tmp_path / "shop",
        {
            "app/__init__.py": "",
            "app/main.py": "from fastapi import FastAPI\n\napp = FastAPI()\n",
            "requirements.txt": "fastapi\n",
        },
    )


@pytest.fixture
def find(project: Path) -> Examine:
    """The findings of one check on the project."""

    def findings(check: str, files: Mapping[str, str] | None = None, **env: str) -> list[Finding]:
        write(project, files or {})
        return [each for each in examined(project, env).findings if each.check == check]

    return findings


def add_environment(root: Path, *packages: str) -> Path:
    """An environment with distributions that are there in name, such as `fastapi-0.100.0`."""
    home = root / ".venv"
    venv.create(home, with_pip=False, symlinks=True)
    (site,) = home.glob("lib/python3*/site-packages")
    for package in packages:
        folder = site / f"{package}.dist-info"
        folder.mkdir()
        name, _, version = package.rpartition("-")
        text = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        (folder / "METADATA").write_text(text, encoding="utf-8")
    return home


def without_node(folder: Path) -> str:
    """A PATH with the machine's Python on it, and no Node.js."""
    folder.mkdir()
    python = shutil.which("python3")
    assert python is not None
    (folder / "python3").symlink_to(python)
    return str(folder)


def levels(findings: list[Finding]) -> list[Level]:
    """The levels, in order."""
    return [finding.level for finding in findings]
