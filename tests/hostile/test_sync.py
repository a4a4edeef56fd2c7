"""What a clone may hold when its environment is brought up: the installers run, nothing else does."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from devtool.errors import ToolchainError
from devtool.model.detection import Toolchain
from devtool.runner.requirements import requirements
from devtool.runner.sync import sync
from tests.hostile.trees import SECRET, SPECIAL

PIP = Toolchain(manager="pip", manifest="requirements.txt")
# What an installer imports first, and what it looks for on PATH.
SHADOWING = ("json", "email", "pip", "venv", "ensurepip", "subprocess", "logging", "sitecustomize")
PROGRAMS = ("uv", "python", "python3", "python3.11", "python3.12", "python3.13", "pip", "node")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "clone"
    folder.mkdir()
    return folder


@pytest.fixture
def bring_up(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Sync from inside the clone, with no index to ask."""
    monkeypatch.setenv("DEVTOOL_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.chdir(root)

    def run(toolchain: Toolchain = PIP, **variables: str) -> None:
        env = dict(os.environ) | {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(tmp_path)}
        sync([toolchain], root, emit=lambda _: None, env=env | variables)

    return run


def make_wheel(folder: Path, name: str) -> None:
    with zipfile.ZipFile(folder / f"{name}-1.0-py3-none-any.whl", "w") as wheel:
        info = f"{name}-1.0.dist-info"
        wheel.writestr(f"{name}.py", "")
        wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\n")
        wheel.writestr(f"{info}/RECORD", "")


def installed(root: Path, name: str) -> bool:
    return bool(list(root.glob(f".venv/lib/python*/site-packages/{name}.py")))


def test_modules_and_programs_of_the_clone_are_not_taken_for_the_installer_s(
    root: Path, tmp_path: Path, bring_up: Callable[..., None]
) -> None:
    canary = tmp_path / "canary"
    (root / "requirements.txt").write_text("tiny\n")
    for name in SHADOWING:
        (root / f"{name}.py").write_text(f"open({str(canary)!r}, 'w')\n")
    for name in PROGRAMS:
        (root / name).write_text(f"#!/bin/sh\ntouch {canary}\n")
        (root / name).chmod(0o755)
    make_wheel(tmp_path, "tiny")
    bring_up(PATH=f".::{os.environ['PATH']}")
    assert installed(root, "tiny")
    assert not canary.exists()


@pytest.mark.parametrize("name", ["pyproject.toml", "setup.cfg", "Pipfile", "package.json"])
@pytest.mark.parametrize("kind", ["fifo", "socket", "folder", "link-to-zero", "sparse-2-gb"])
def test_manifests_that_are_no_plain_files_are_named(
    name: str, kind: str, root: Path, bring_up: Callable[..., None]
) -> None:
    (root / "requirements.txt").write_text("")
    SPECIAL[kind](root / name)
    with pytest.raises(ToolchainError, match=name):
        bring_up()
    assert not (root / ".venv").exists()


@pytest.mark.parametrize("text", [f'token = "{SECRET}\n', f"{SECRET} = = \n", "x = " + "[" * 9000])
def test_a_manifest_that_is_no_toml_is_named_and_not_quoted(text: str, root: Path) -> None:
    (root / "pyproject.toml").write_text(text)
    with pytest.raises(ToolchainError) as caught:
        requirements(root, "pyproject.toml")
    assert str(root / "pyproject.toml") in caught.value.message
    assert SECRET not in caught.value.message


@pytest.mark.parametrize(
    "text",
    [
        "project = []\n",
        "[project]\ndependencies = {}\n",
        "[project]\ndependencies = [1, [], {}]\n",
        "tool = 3\n",
        'tool = {poetry = "x"}\n',
        "[tool.poetry]\ndependencies = []\n",
        "[tool.poetry.dependencies]\npython = 3\n",
        "[tool.hatch]\nenvs = 1\n",
    ],
)
def test_tables_of_the_wrong_shape_ask_for_nothing(text: str, root: Path) -> None:
    (root / "pyproject.toml").write_text(text)
    assert requirements(root, "pyproject.toml") == []


def test_requirements_that_name_themselves_are_read_once(root: Path) -> None:
    (root / "requirements.txt").write_text(
        "-r requirements.txt\n-r ../clone/requirements.txt\ntiny\n"
    )
    (found,) = requirements(root, "requirements.txt")
    assert found.arguments == ("-r", str(root / "requirements.txt"))


def test_requirements_in_utf_16_are_installed(
    root: Path, tmp_path: Path, bring_up: Callable[..., None]
) -> None:
    """As `pip freeze >` writes them in PowerShell."""
    (root / "requirements.txt").write_bytes("tiny==1.0\r\n".encode("utf-16"))
    make_wheel(tmp_path, "tiny")
    bring_up()
    assert installed(root, "tiny")
