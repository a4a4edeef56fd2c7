"""The whole backend of phase III: checked, tested with both agents, served, and driven from outside."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from devtool import ProjectSpec, detect, new_project
from tests.e2e.running import DEVTOOL, free_port, running
from tests.generated.frontends.model import WORDS, connected_to, held_model
from tests.generated.installed import (
    checked,
    files_of,
    link_python,
    node_packages,
    python_packages,
)
from tests.generated.postgres import create_database, postgres

pytestmark = pytest.mark.generated

LIMIT = 900
FEATURES = ("auth", "tasks", "mcp-tools", "chat")
AGENTS = ("pydantic-ai", "openai-agents")
DRIVER = Path(__file__).parent / "drive" / "chat.mjs"
HELD = {"OPENBLAS_NUM_THREADS": "1"}


@pytest.fixture(scope="module", params=AGENTS)
def shop(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project of phase III with either agent, and a tool of the user's own."""
    folder = tmp_path_factory.mktemp(request.param)
    agent = f"agent={request.param}"
    new_project(ProjectSpec(name="shop", phase=3, features=(*FEATURES, agent)), folder)
    root = folder / "shop"
    link_python(python_packages(request.config), root / "backend")
    checked(DEVTOOL, "generate", "tool", "count_words", cwd=root)
    return root


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with postgres(tmp_path_factory.mktemp("postgres")) as address:
        yield address


def in_backend(root: Path, *words: str, **env: str) -> str:
    """What the project's own interpreter says to `-m` these words."""
    done = subprocess.run(
        (str(root / "backend/.venv/bin/python"), "-m", *words),
        cwd=root / "backend",
        env={**os.environ, **HELD, **env},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=LIMIT,
        check=False,
    )
    said = done.stdout.decode("utf-8", "replace")
    assert done.returncode == 0, said[-8000:]
    return said


def is_default(shop: Path) -> bool:
    """Whether it has the agent that projects have unless they ask for another."""
    return AGENTS[0] in shop.parent.name


def test_it_is_a_project_of_phase_three_and_says_why(shop: Path) -> None:
    found = detect(shop)
    assert int(found.phase) == 3
    facts = {(fact.fact, fact.path) for fact in found.evidence}
    assert ("imports mcp", "backend/app/ai/mcp/server.py") in facts
    assert [component.entry for component in found.components] == ["main:app"]


def test_it_is_linted_and_strictly_typed(shop: Path) -> None:
    assert "All checks passed" in in_backend(shop, "ruff", "check", ".")
    assert "already formatted" in in_backend(shop, "ruff", "format", "--check", ".")
    assert "Success" in in_backend(shop, "mypy")
    interpreter = str(shop / "backend/.venv/bin/python")
    # The rest of a project with another agent is the same.
    where = () if is_default(shop) else ("app/ai",)
    said = in_backend(shop, "pyright", "--pythonpath", interpreter, *where)
    assert "0 errors, 0 warnings" in said
    for path in (shop / "backend").glob("app/ai/**/*.py"):
        assert "type: ignore" not in path.read_text("utf-8"), path


def test_its_tests_pass_on_sqlite(shop: Path) -> None:
    if is_default(shop):
        said = in_backend(shop, "pytest", "-q", "--cov", "--cov-report=term")
        assert "Required test coverage of 95.0% reached" in said
    else:
        assert "passed" in in_backend(shop, "pytest", "-q", "tests/ai/chat")


def test_its_tests_pass_on_postgresql(shop: Path, server: str) -> None:
    if is_default(shop):
        # What tools and routes do to a database is seen in a project of phase II.
        address = create_database(server, "tests")
        said = in_backend(shop, "pytest", "-q", "tests/ai/chat", TEST_DATABASE_URL=address)
        assert "passed" in said


def test_it_imports_no_more_than_a_project_of_phase_two(shop: Path) -> None:
    code = "import sys, main; print(sorted({'mcp', 'pydantic_ai', 'agents', 'openai'} & set(sys.modules)))"
    python = str(shop / "backend/.venv/bin/python")
    assert checked(python, "-c", code, cwd=shop / "backend").strip() == "[]"


def test_it_is_run_and_its_status_is_shown(
    shop: Path, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """`devtool run`, the AI SDK's own client against it, and `devtool status`."""
    port = free_port()
    with running(shop, "run", "--port", str(port), state=tmp_path) as run:
        url = f"http://127.0.0.1:{port}"
        run.wait_until_ready(url, 120)
        told = drive(request, f"{url}/api/v1", signed_up(url), tmp_path)
    assert told["errors"] == []
    assert told["added"][0] == [["tool-add_task", "output-available"]]
    assert told["added"][1].startswith("Added ")
    assert told["asked"][-1] == ["tool-delete_task", "approval-requested"]
    assert told["deleted"][0][-1] == ["tool-delete_task", "output-available"]
    assert told["metadata"] == {"model": "local-rules", "offline": True, "state": "done"}
    assert told["messages"] == 4


def test_an_answer_is_heard_whole_while_a_new_version_serves(
    shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hot reload with an open stream: the old process ends its answer, the new one has the rest."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    options = ("--port", str(port), "--grace", str(LIMIT))
    with ExitStack() as stack:
        model = stack.enter_context(held_model())
        for name, value in connected_to(model, LIMIT).items():
            monkeypatch.setenv(name, value)
        run = stack.enter_context(running(shop, "run", *options, state=tmp_path))
        run.wait_until_ready(url, 120)
        stack.callback(model.go_on.set)
        chat = stack.enter_context(signed_in(url))
        answer = stack.enter_context(chat.stream("POST", "/chat", json=message("hello")))
        lines = answer.iter_lines()
        heard = [next(line for line in lines if "First" in line)]

        stack.enter_context(edited(shop / "backend/app/ai/status.py", 'mcp="/mcp"', 'mcp="/new"'))
        run.wait_for(r"reloaded", 120)
        told = chat.get("/chat/status").json()
        assert (told["mcp"], told["running"]) == ("/new", 0)
        resumed = stack.enter_context(chat.stream("GET", "/chat/c1/stream")).iter_lines()
        again = [next(line for line in resumed if "First" in line)]
        model.go_on.set()
        heard += lines
        again += resumed
        for each in (heard, again):
            assert each[-2] == "data: [DONE]", each
            assert text_of(each) == "".join(WORDS)
        last = chat.get("/conversations/c1/messages").json()["items"][-1]
        assert last["metadata"]["state"] == "done"
        assert last["parts"][-1]["text"] == "".join(WORDS)


@contextmanager
def edited(file: Path, old: str, new: str) -> Iterator[None]:
    """A file with other words in it, for a while."""
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new), "utf-8")
    try:
        yield
    finally:
        file.write_text(text, "utf-8")


def signed_in(url: str) -> httpx.Client:
    """Somebody new who calls the API."""
    headers = {"Authorization": f"Bearer {signed_up(url)}"}
    return httpx.Client(base_url=f"{url}/api/v1", headers=headers, trust_env=False, timeout=LIMIT)


def message(text: str) -> dict[str, Any]:
    """What a page sends when somebody says something in a new conversation."""
    part = {"type": "text", "text": text}
    return {"id": "c1", "messages": [{"id": "m1", "role": "user", "parts": [part]}]}


def text_of(lines: list[str]) -> str:
    """The words among the events of an answer."""
    events = [json.loads(line[6:]) for line in lines if line.startswith("data: {")]
    return "".join(event["delta"] for event in events if event["type"] == "text-delta")


def signed_up(url: str) -> str:
    """The token of somebody new."""
    with httpx.Client(base_url=url, trust_env=False, timeout=60) as client:
        who = {"email": "ada@example.com", "password": "correct horse battery"}
        client.post("/api/v1/auth/signup", json=who).raise_for_status()
        form = {"username": who["email"], "password": who["password"]}
        token: str = client.post("/api/v1/auth/login", data=form).json()["access_token"]
        return token


def drive(request: pytest.FixtureRequest, base: str, token: str, folder: Path) -> dict[str, Any]:
    """What the AI SDK's client was told, with the packages that a generated frontend has."""
    package = files_of(*FEATURES, "frontend-vite", phase=3)["frontend/package.json"]
    (folder / "node_modules").symlink_to(node_packages(request.config, package))
    shutil.copy(DRIVER, folder / "chat.mjs")
    node = shutil.which("node")
    assert node is not None
    told: dict[str, Any] = json.loads(checked(node, "chat.mjs", base, token, cwd=folder))
    return told
