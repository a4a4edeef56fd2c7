"""The generated console project passes its own checks and works on a real terminal."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from devtool import ProjectSpec, detect, new_project, preview_project
from tests.generated.installed import checked


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("console")
    new_project(ProjectSpec(name="shop"), folder)
    return folder / "shop"


@pytest.mark.parametrize(
    "check",
    [
        ("pytest", "-q", "-p", "no:cacheprovider"),
        ("ruff", "check", "--no-cache", "."),
        ("ruff", "format", "--no-cache", "--check", "."),
        ("mypy", "--cache-dir", os.devnull),
    ],
    ids=lambda check: "-".join(check[:2]),
)
def test_its_own_checks_pass(project: Path, check: tuple[str, ...]) -> None:
    checked(sys.executable, "-m", *check, cwd=project)


@pytest.mark.generated
def test_the_command_of_its_readme_passes_its_tests(project: Path) -> None:
    lines = (project / "README.md").read_text("utf-8").splitlines()
    (command,) = [line for line in lines if line.endswith("/pytest")]
    assert " passed in " in checked("bash", "-ec", command, cwd=project, timeout=600)
    backend = preview_project(ProjectSpec(name="shop", phase=2))
    assert command in next(change.text for change in backend if change.path == "README.md")


def test_it_is_detected(project: Path) -> None:
    found = detect(project)
    assert found.phase.value == 1
    assert [component.entry for component in found.components] == ["src/main.py"]


def test_it_talks_on_a_terminal(project: Path) -> None:
    controller, terminal = pty.openpty()
    child = subprocess.Popen(
        (sys.executable, "src/main.py"),
        cwd=project,
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
    )
    os.close(terminal)
    os.write(controller, b"add milk\ndone 1\nquit\n")
    shown = b""
    try:
        while chunk := os.read(controller, 4096):
            shown += chunk
    except OSError:  # the terminal's other end is closed: the program ended
        pass
    finally:
        os.close(controller)
    assert child.wait(timeout=60) == 0
    assert b"added 1: milk" in shown
    assert b"done: milk" in shown
