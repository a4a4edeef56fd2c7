"""Programs written by hand grow through all phases; after each they check themselves and answer."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from devtool import api_evolve, detect
from devtool.model.wishes import Wishes
from devtool.scaffold.contract import FOLDER
from tests.e2e.running import free_port
from tests.evolve.conftest import unpack_to
from tests.generated.installed import checked, link_python, python_packages

pytestmark = pytest.mark.generated

# Each with what its first thing is called in the API.
SHAPES = {"inventory": "items", "library": "books", "habits": "habits"}
FULL = "inventory"
CONTRACT = FOLDER.removeprefix("backend/")
TESTS = {2: (CONTRACT, "tests/test_health.py"), 5: (CONTRACT, "tests/test_events.py")}
MCP = {"accept": "application/json, text/event-stream"}
ASK = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}


@pytest.mark.parametrize("shape", SHAPES)
def test_a_program_grows_through_all_phases(
    tmp_path: Path, shape: str, request: pytest.FixtureRequest
) -> None:
    root = unpack_to(tmp_path / shape, shape)
    grow(root, 2, Wishes(to=2))
    backend = root / "backend"
    python = link_python(python_packages(request.config), backend)
    check(python, backend, 2, f"tests/test_{SHAPES[shape]}.py")
    if shape == "habits":
        takes_over(root, python, backend)
    grow(root, 3)
    grow(root, 4)
    grow(root, 5)
    if shape == FULL:  # one is enough: what the others add was tried in phase II
        check(python, backend, 5)
        answers(root)


def test_an_application_of_others_answers_as_tools(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    root = unpack_to(tmp_path / "flat", "flat")
    api_evolve.apply_change(api_evolve.plan_evolution(root).update, with_checks=False)
    python = link_python(python_packages(request.config), root)
    tests = ("-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/test_assistants.py")
    checked(str(python), *tests, cwd=root, timeout=120)
    said = checked(str(python), "-c", ASKS, json.dumps(ASK), json.dumps(MCP), cwd=root)
    assert "heroes" in said


ASKS = """
import json, sys
from starlette.testclient import TestClient
from main import app
with TestClient(app) as client:
    body, headers = map(json.loads, sys.argv[1:])
    tools = client.post("/mcp", json=body, headers=headers).json()["result"]["tools"]
    print(*(tool["name"] for tool in tools))
"""


def grow(root: Path, phase: int, wishes: Wishes | None = None) -> None:
    """One phase further, without a conflict; devtool sees it."""
    planned = api_evolve.plan_evolution(root, wishes)
    assert not planned.update.conflicts
    api_evolve.apply_change(planned.update, with_checks=False)
    assert detect(root).phase == phase
    again = api_evolve.plan_upgrade(root).update
    assert not again.files


def check(python: Path, backend: Path, phase: int, *more: str) -> None:
    """What the project checks itself with: style, and tests of what the phase brings."""
    checked(str(python), "-m", "ruff", "check", "--no-cache", ".", cwd=backend)
    checked(str(python), "-m", "ruff", "format", "--no-cache", "--check", ".", cwd=backend)
    tests = (str(python), "-m", "pytest", "-q", "-p", "no:cacheprovider", *TESTS[phase], *more)
    checked(*tests, cwd=backend, timeout=600)


def takes_over(root: Path, python: Path, backend: Path) -> None:
    """What the program has kept is there once, for the user who is named, however often it is sent.

    The tests that ran before have written none of it: they worked with a copy of the program.
    """
    assert not (backend / "habits.json").exists()
    sign_up = "import asyncio; from app.current_user import demo_user; from app import migrations, database"
    work = "asyncio.run(migrations.upgrade(database.get_database()))"
    made = f"{sign_up}; {work}; database.get_database.cache_clear(); asyncio.run(demo_user())"
    checked(str(python), "-c", made, cwd=backend)
    for _ in range(2):
        assert api_evolve.import_data(root / "habits.json", root, email="demo@example.com") == 2
    with sqlite3.connect(backend / "app.db") as database:
        rows = database.execute("SELECT title, done FROM habits ORDER BY id").fetchall()
    database.close()
    assert rows == [("run", 1), ("read", 0)]


def answers(root: Path) -> None:
    """`devtool run` starts it, and it answers over HTTP and MCP."""
    with running(root) as url:
        assert httpx.get(f"{url}/health/ready", timeout=60).status_code == 200
        assert httpx.get(f"{url}/openapi.json", timeout=60).json()["paths"]
        assert httpx.post(f"{url}/mcp", json=ASK, headers=MCP, timeout=60).status_code == 401
        who = {"authorization": f"Bearer {signed_in(url)}"}
        made = httpx.post(f"{url}/api/v1/items", json={"name": "jam"}, headers=who, timeout=60)
        assert (made.status_code, made.json()["amount"]) == (201, 1)
        told = httpx.post(f"{url}/mcp", json=ASK, headers={**MCP, **who}, timeout=60).json()
        assert {"add_item", "list_items"} <= {tool["name"] for tool in told["result"]["tools"]}


def signed_in(url: str) -> str:
    """The token of somebody new."""
    who = {"email": "ada@example.com", "password": "correct horse battery staple"}
    auth = f"{url}/api/v1/auth"
    httpx.post(f"{auth}/signup", json=who, timeout=60).raise_for_status()
    form = {"username": who["email"], "password": who["password"]}
    token: str = httpx.post(f"{auth}/login", data=form, timeout=60).json()["access_token"]
    return token


@contextmanager
def running(root: Path) -> Iterator[str]:
    """The project in the background, until it is stopped."""
    port = free_port()
    devtool = (sys.executable, "-m", "devtool")
    env = {**os.environ, "XDG_STATE_HOME": str(root.parent / "state")}
    start = (*devtool, "run", "--detach", "--port", str(port))
    started = subprocess.run(
        start, cwd=root, env=env, capture_output=True, text=True, timeout=300, check=False
    )
    try:
        assert started.returncode == 0, started.stdout + started.stderr
        yield f"http://127.0.0.1:{port}"
    finally:
        subprocess.run((*devtool, "stop"), cwd=root, env=env, timeout=120, check=False)
