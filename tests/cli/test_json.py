"""What `--json` prints is what the documentation says: nothing is missing, nothing more is there."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.cli.conftest import WEB, WORKER, declare, devtool
from tests.e2e.running import DEVTOOL, free_port

SCHEMAS = Path(__file__).parents[2] / "docs" / "reference" / "schemas"
NAMES = sorted(path.stem for path in SCHEMAS.glob("*.json"))

# Every output that is documented, and a command line for it.
RESTING = {
    "phase": ("phase",),
    "plan": ("run", "--dry-run"),
    "status": ("status",),
    "config": ("config",),
    "doctor": ("doctor",),
    "install": ("mcp", "--install", "claude-code"),
    "error": ("logs", "nobody"),
}
RUNNING = {
    "status": ("status",),
    "wait": ("wait",),
    "service": ("restart", "worker"),
    "logs": ("logs", "worker"),
    "stop": ("stop",),
}


def strict(schema: Any) -> Any:
    """The same schema, with no field allowed that it does not name."""
    if isinstance(schema, list):
        return [strict(each) for each in schema]
    if not isinstance(schema, Mapping):
        return schema
    made = {key: strict(value) for key, value in schema.items()}
    closed = {"additionalProperties": False} if isinstance(made.get("properties"), dict) else {}
    return made | closed


def check(name: str, said: str) -> None:
    """Hold what was printed, an object or one a line, against a schema."""
    schema = strict(json.loads((SCHEMAS / f"{name}.json").read_text("utf-8")))
    objects = [said] if said.startswith("{\n") else said.splitlines()
    assert objects
    for each in objects:
        jsonschema.validate(json.loads(each), schema)


@pytest.mark.parametrize("name", NAMES)
def test_schemas_are_schemas(name: str) -> None:
    schema = json.loads((SCHEMAS / f"{name}.json").read_text("utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["properties"]["schema"] == {"const": 1}


def test_every_schema_is_held_against_output() -> None:
    assert {*RESTING, *RUNNING, "detach", "init", "page"} == set(NAMES)


@pytest.mark.parametrize("name", RESTING)
def test_what_is_printed_of_a_project(name: str, root: Path, state: Path) -> None:
    declare(root, WEB, WORKER, port=free_port())
    (root / "main.py").write_text("from fastapi import FastAPI\n\napp = FastAPI()\n")
    check(name, devtool(root, state, *RESTING[name], "--json").stdout)


def test_what_is_printed_of_a_new_settings_file(root: Path, state: Path) -> None:
    (root / "main.py").write_text("from fastapi import FastAPI\n\napp = FastAPI()\n")
    check("init", devtool(root, state, "init", "--json").stdout)


def test_what_is_printed_of_a_page(root: Path) -> None:
    argv = (DEVTOOL, "status", "--web", "--json")
    with subprocess.Popen(argv, cwd=root, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout
        check("page", server.stdout.readline())
        server.terminate()


@pytest.fixture
def background(root: Path, state: Path) -> Iterator[None]:
    """A run in the background."""
    declare(root, WEB, WORKER, port=free_port())
    assert devtool(root, state, "run", "--detach", "--quiet").stdout == ""
    yield
    devtool(root, state, "stop", "--quiet")


@pytest.mark.usefixtures("background")
def test_what_is_printed_of_a_run(root: Path, state: Path) -> None:
    for name, argv in RUNNING.items():
        check(name, devtool(root, state, *argv, "--json").stdout)
    check("status", devtool(root, state, "status", "--json").stdout)


def test_what_is_printed_of_a_run_that_is_left_in_the_background(root: Path, state: Path) -> None:
    declare(root, WEB, WORKER, port=free_port())
    said = devtool(root, state, "run", "-d", "--json").stdout
    devtool(root, state, "stop")
    check("detach", said)
    assert [each["status"] for each in json.loads(said)["processes"]] == ["ready", "ready"]


@pytest.mark.usefixtures("background")
def test_quiet_commands_say_nothing(root: Path, state: Path) -> None:
    for argv in (("wait",), ("restart", "worker"), ("stop", "worker"), ("stop",)):
        done = devtool(root, state, *argv, "--quiet")
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_quiet_run_says_what_is_wrong_and_nothing_else(root: Path, state: Path) -> None:
    text = '[services.a]\ncommand = ["sh", "-c", "echo words; exit 3"]\n'
    more = '[services.b]\ncommand = ["sleep", "1000"]\n'
    (root / "devtool.toml").write_text(text + more)
    done = devtool(root, state, "run", "-q")
    assert done.returncode == 3
    assert done.stdout == "a | words\n"
    assert done.stderr == "devtool: a exited with code 3\n"
