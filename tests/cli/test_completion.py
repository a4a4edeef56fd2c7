"""Shells complete commands, options and the names of services."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import WEB, WORKER, declare, devtool
from tests.e2e.running import DEVTOOL, free_port


@pytest.fixture(autouse=True)
def shop(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A project with two services; which shell the tests themselves run in does not matter."""
    monkeypatch.setenv("_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION", "1")
    declare(root, WEB, WORKER, port=free_port())


@pytest.fixture
def background(root: Path, state: Path) -> Iterator[None]:
    """It runs."""
    assert devtool(root, state, "run", "--detach").returncode == 0
    yield
    devtool(root, state, "stop")


def completed(root: Path, state: Path, *words: str) -> list[str]:
    """What bash offers for the last of these words: through the script, as a user has it."""
    script = devtool(root, state, "--show-completion", "bash").stdout
    array = " ".join(f"'{word}'" for word in ("devtool", *words))
    asked = f"""{script}
        COMP_WORDS=({array}); COMP_CWORD={len(words)}
        _devtool_completion devtool
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    done = subprocess.run(
        ("bash", "--norc", "-c", asked),
        cwd=root,
        env=os.environ
        | {"XDG_STATE_HOME": str(state), "PATH": f"{Path(DEVTOOL).parent}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stderr == ""
    return done.stdout.split()


def test_commands_and_options(root: Path, state: Path) -> None:
    assert completed(root, state, "st") == ["status", "stop"]
    assert "--with-services" in completed(root, state, "run", "--w")


@pytest.mark.parametrize(
    ("begun", "offered"), [("w", ["worker"]), ("backend,w", ["backend,worker"])]
)
def test_services_that_would_be_started(
    root: Path, state: Path, begun: str, offered: list[str]
) -> None:
    assert completed(root, state, "run", "--only", begun) == offered


@pytest.mark.usefixtures("background")
def test_services_that_run(root: Path, state: Path) -> None:
    assert completed(root, state, "stop", "") == ["backend", "worker"]
    assert completed(root, state, "restart", "b") == ["backend"]
    assert completed(root, state, "logs", "wo") == ["worker"]


def test_nothing_is_offered_and_nothing_said_where_nothing_runs(root: Path, state: Path) -> None:
    assert completed(root, state, "stop", "") == []
    (root / "devtool.toml").write_text("services = 3\n")
    assert completed(root, state, "run", "--only", "") == []


def test_clients_of_the_agents_interface(root: Path, state: Path) -> None:
    assert completed(root, state, "mcp", "--install", "cl") == ["claude-code", "claude-desktop"]


@pytest.mark.parametrize(
    ("shell", "variables"),
    [
        ("zsh", {"_TYPER_COMPLETE_ARGS": "devtool st"}),
        ("fish", {"_TYPER_COMPLETE_ARGS": "devtool st", "_TYPER_COMPLETE_FISH_ACTION": "get-args"}),
    ],
)
def test_other_shells_ask_in_their_own_way(
    root: Path, state: Path, shell: str, variables: dict[str, str]
) -> None:
    script = devtool(root, state, "--show-completion", shell).stdout
    asked = f"_DEVTOOL_COMPLETE=complete_{shell}"
    assert asked in script
    done = subprocess.run(
        (DEVTOOL,),
        cwd=root,
        env=os.environ | variables | {"_DEVTOOL_COMPLETE": f"complete_{shell}"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert "status" in done.stdout
    assert "stop" in done.stdout
    assert "Show what is running" in done.stdout
    if shutil.which(shell) is not None:
        subprocess.run((shell, "-n"), input=script, text=True, check=True, timeout=60)


def test_a_user_s_bash_gets_it(root: Path, state: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    argv = (DEVTOOL, "--install-completion", "bash")
    env = os.environ | {"HOME": str(home), "XDG_STATE_HOME": str(state)}
    done = subprocess.run(argv, cwd=root, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert "_devtool_completion" in (home / ".bash_completions" / "devtool.sh").read_text()
