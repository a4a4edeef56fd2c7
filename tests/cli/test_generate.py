"""`devtool generate` is a group of commands, each loaded alone."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from devtool.cli.app import COMMANDS, for_arguments


def devtool(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = (sys.executable, "-m", "devtool", *arguments)
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=60, check=False)


def names(*arguments: str) -> set[str]:
    """The commands that are loaded for a command line."""
    application = for_arguments(list(arguments))
    alone = {command.name for command in application.registered_commands}
    for group in application.registered_groups:
        assert group.typer_instance is not None
        for command in group.typer_instance.registered_commands:
            alone.add(f"{group.name} {command.name}")
    return {name for name in alone if name}


def test_a_command_that_is_named_is_loaded_alone() -> None:
    assert names("generate", "migration", "x") == {"generate migration"}
    assert names("status", "migration") == {"status"}


def test_a_group_loads_its_own_and_anything_else_loads_all() -> None:
    group = {name for name in COMMANDS if name.startswith("generate ")}
    assert names("generate") == names("generate", "--help") == group
    assert names() == names("--help") == names("nonsense") == set(COMMANDS)


def test_a_migration_needs_a_backend_with_migrations(tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text("print()\n", encoding="utf-8")
    ended = devtool("generate", "migration", "more", cwd=tmp_path)
    assert ended.returncode == 2
    assert "there is no alembic.ini beside a backend here" in ended.stderr


@pytest.mark.parametrize("message", ["", "---", "a\nb"])
def test_a_migration_needs_words(tmp_path: Path, message: str) -> None:
    ended = devtool("generate", "migration", "--json", "--", message, cwd=tmp_path)
    assert ended.returncode == 2
    assert "cannot name a migration" in json.loads(ended.stdout)["error"]["message"]


def test_a_migration_needs_an_environment(tmp_path: Path) -> None:
    (tmp_path / "alembic.ini").touch()
    (tmp_path / "main.py").write_text(
        "from fastapi import FastAPI\n\napp = FastAPI()\n", encoding="utf-8"
    )
    (tmp_path / "requirements.txt").write_text("fastapi\n", encoding="utf-8")
    ended = devtool("generate", "migration", "more", cwd=tmp_path)
    assert ended.returncode == 7, ended.stderr
    assert "hint: devtool run --sync" in ended.stderr
