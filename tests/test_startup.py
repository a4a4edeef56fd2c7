"""The start-up gate: what a command has loaded when it is done. By name, so it cannot flake."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from devtool.cli import app

EXAMPLE = Path(__file__).parent.parent / "docs" / "examples" / "fullstack-todo"
HEAVY = {"asyncio", "importlib.metadata", "jinja2", "pydantic", "rich", "watchfiles"}

# How each command is tried, on a copy of the example. Every command needs a line.
COMMANDS: dict[str, tuple[str, ...]] = {
    "phase": ("phase",),
    "run": ("run", "--dry-run"),
    "hot-reload": ("hot-reload", "--dry-run"),
    "status": ("status",),
    "stop": ("stop",),
    "restart": ("restart", "backend"),
    "wait": ("wait", "--timeout", "0"),
    "logs": ("logs",),
    "config": ("config",),
    "doctor": ("doctor",),
    "mcp": ("mcp", "--install", "cursor"),
    "init": ("init",),
    "new": ("new", "shop"),
    "generate client": ("generate", "client"),
    "generate resource": ("generate", "resource", "Note", "body:text", "-C", "nowhere"),
    "generate tool": ("generate", "tool", "count_words", "-C", "nowhere"),
    "destroy resource": ("destroy", "resource", "Note", "-C", "nowhere"),
    "generate migration": ("generate", "migration", "x", "-C", "nowhere"),
    "evolve": ("evolve", "--to", "2", "-C", "nowhere"),
    "upgrade": ("upgrade", "-C", "nowhere"),
    "adopt": ("adopt", "a.py", "b.py"),
    "undo": ("undo",),
}
OTHERS = {
    "phase --explain": ("phase", "--explain"),
    "phase --json": ("phase", "--json"),
    "phase --next": ("phase", "--next"),
    "run --dry-run --json": ("run", "--dry-run", "--json"),
    "--version": ("--version",),
    "--help": ("--help",),
}

PROBE = """
import atexit, json, runpy, sys

report, *arguments = sys.argv[1:]
atexit.register(lambda: json.dump(sorted(sys.modules), open(report, "w")))
sys.argv = ["devtool", *arguments]
runpy.run_module("devtool", run_name="__main__")
"""

IMPORT = """
import atexit, json, sys

before = set(sys.modules)
import devtool

json.dump(sorted(set(sys.modules) - before), open(sys.argv[1], "w"))
"""


def loaded(report: Path, code: str, *arguments: str, cwd: Path) -> set[str]:
    """The modules of a process when it ends."""
    argv = (sys.executable, "-c", code, str(report), *arguments)
    env = os.environ | {"XDG_STATE_HOME": str(report.parent / "state")}
    subprocess.run(
        argv, cwd=cwd, env=env, check=False, capture_output=True, stdin=subprocess.DEVNULL
    )
    return set(json.loads(report.read_text("utf-8")))


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the example: `init` writes into it."""
    left = shutil.ignore_patterns(".venv", "node_modules", "*.db")
    return Path(shutil.copytree(EXAMPLE, tmp_path / "project", ignore=left))


@pytest.mark.parametrize("arguments", [*COMMANDS.values(), *OTHERS.values()], ids=" ".join)
def test_a_command_loads_nothing_heavy(
    arguments: tuple[str, ...], project: Path, tmp_path: Path
) -> None:
    modules = loaded(tmp_path / "modules.json", PROBE, *arguments, cwd=project)
    readers = {"app", "phase_report", "launching", "creating"}
    assert {f"devtool.cli.{name}" for name in readers} & modules
    assert not HEAVY & modules


def test_every_command_is_tried() -> None:
    assert set(app.COMMANDS) == set(COMMANDS)


def test_importing_devtool_imports_nothing_else(tmp_path: Path) -> None:
    assert loaded(tmp_path / "modules.json", IMPORT, cwd=tmp_path) == {"__future__", "devtool"}
