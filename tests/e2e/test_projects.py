"""`devtool run` on projects as people write them: it is up where it says, and gone when told."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import threading
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.e2e.conftest import MakeProject
from tests.e2e.running import Run, free_port, get, running

pytestmark = pytest.mark.e2e

EXAMPLE = Path(__file__).parent.parent.parent / "docs" / "examples" / "fullstack-todo"
INSTALL_SECONDS = 300

EXIT_CODES = {signal.SIGINT: 130, signal.SIGTERM: 143}


@dataclass(frozen=True)
class Site:
    """A project that serves, and what its front page holds."""

    files: dict[str, str]
    says: str
    stopped_by: signal.Signals = signal.SIGTERM


SITES = {
    "fastapi-factory": Site(
        says='{"hello":"factory"}',
        stopped_by=signal.SIGINT,
        files={
            "requirements.txt": "fastapi\nuvicorn\n",
            "shop/__init__.py": "",
            "shop/app.py": """
from fastapi import FastAPI

from shop.pages import router


def create_app() -> FastAPI:
    app = FastAPI()
    app.include_router(router)
    return app
""",
            "shop/pages.py": """
from fastapi import APIRouter

router = APIRouter()


@router.get("/")
def index():
    return {"hello": "factory"}
""",
        },
    ),
    "fastapi-src-layout": Site(
        says='{"hello":"src"}',
        files={
            "pyproject.toml": """
[project]
name = "shop"
version = "1"
dependencies = ["fastapi", "uvicorn"]
""",
            "src/shop/__init__.py": "",
            "src/shop/names.py": "NAME = 'src'\n",
            "src/shop/main.py": """
from fastapi import FastAPI

from .names import NAME

app = FastAPI()


@app.get("/")
def index():
    return {"hello": NAME}
""",
            "tests/test_shop.py": "from fastapi import FastAPI\n\napp = FastAPI()\n",
        },
    ),
    "flask": Site(
        says="hello from flask",
        stopped_by=signal.SIGINT,
        files={
            "requirements.txt": "flask\n",
            "app.py": """
from flask import Flask

app = Flask(__name__)


@app.get("/")
def index():
    return "hello from flask"


if __name__ == "__main__":
    app.run(debug=True)
""",
        },
    ),
    "starlette": Site(
        says="hello from starlette",
        stopped_by=signal.SIGINT,
        files={
            "requirements.txt": "starlette\nuvicorn\n",
            "main.py": """
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route


def index(request):
    return PlainTextResponse("hello from starlette")


app = Starlette(routes=[Route("/", index)])
""",
        },
    ),
    "litestar": Site(
        says="hello from litestar",
        files={
            "pyproject.toml": """
[project]
name = "shop"
version = "1"
dependencies = ["litestar", "uvicorn"]
""",
            "shop/__init__.py": "",
            "shop/asgi.py": """
from litestar import Litestar, get


@get("/", sync_to_thread=False)
def index() -> str:
    return "hello from litestar"


app = Litestar([index])
""",
        },
    ),
}


@pytest.mark.parametrize("site", SITES.values(), ids=SITES)
def test_a_site_is_up_where_it_says_and_gone_when_told(
    site: Site, make_project: MakeProject, state: Path
) -> None:
    project, url = make_project(site.files), f"http://127.0.0.1:{(port := free_port())}"
    with running(project, "run", "--port", str(port), state=state) as run:
        run.wait_until_ready(url)
        assert get(url).text == site.says
        assert run.stop(site.stopped_by) == EXIT_CODES[site.stopped_by], run.story("wrong code")
        assert not run.family()


def test_a_django_project_as_startproject_makes_it(
    make_project: MakeProject, environment: Path, state: Path
) -> None:
    project = make_project({"requirements.txt": "django\n"})
    start = (str(environment / "bin" / "django-admin"), "startproject", "shop", ".")
    subprocess.run(start, cwd=project, check=True, stdin=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{(port := free_port())}"
    with running(project, "run", "--port", str(port), state=state) as run:
        run.wait_until_ready(url)
        assert "The install worked successfully" in get(url).text
        assert run.stop(signal.SIGTERM) == 143
        assert not run.family()


MCP_SERVER = """
import os

from mcp.server.mcpserver import MCPServer

mcp = MCPServer("shop")


@mcp.tool()
def price(item: str) -> int:
    "What an item costs."
    return {"tea": 3, "milk": 2}[item]


if __name__ == "__main__":
    mcp.run(transport="streamable-http", port=int(os.environ.get("PORT", "8000")))
"""

MCP_CLIENT = """
import asyncio, json, sys

from mcp.client import Client


async def ask(url):
    async with Client(url) as client:
        names = [tool.name for tool in (await client.list_tools()).tools]
        answer = await client.call_tool("price", {"item": "tea"})
        print(json.dumps([names, answer.structured_content]))


asyncio.run(ask(sys.argv[1]))
"""


def test_an_mcp_server_answers_a_real_client(
    make_project: MakeProject, environment: Path, state: Path
) -> None:
    project = make_project({"requirements.txt": "mcp\n", "server.py": MCP_SERVER})
    url = f"http://127.0.0.1:{(port := free_port())}"
    with running(project, "run", "--port", str(port), state=state) as run:
        run.wait_until_ready(url)
        for price in (3, 4):
            client = subprocess.run(
                (str(environment / "bin" / "python"), "-c", MCP_CLIENT, f"{url}/mcp"),
                capture_output=True,
                stdin=subprocess.DEVNULL,
                check=True,
            )
            assert json.loads(client.stdout) == [["price"], {"result": price}]
            (project / "server.py").write_text(MCP_SERVER.replace("3", str(price + 1)))
            run.wait_for(r"mcp reloaded in")
        assert run.stop(signal.SIGINT) == 130
        assert not run.family()


CONSOLE = """
import os
import sys

name = input("Your name? ")
print(f"Hello {name}, {os.get_terminal_size().columns} columns")
sys.exit(7)
"""


def test_a_console_app_has_the_terminal_and_its_exit_code_is_passed_on(
    make_project: MakeProject, state: Path
) -> None:
    project = make_project({"src/main.py": CONSOLE})
    with running(project, "run", state=state, terminal=True) as run:
        run.resize(columns=123)
        run.wait_for(r"Your name\? $")
        run.type("Ada\n")
        run.wait_for("Hello Ada, 123 columns")
        assert run.wait() == 7
        assert not run.family()


def test_ctrl_c_on_the_terminal_ends_a_console_app(make_project: MakeProject, state: Path) -> None:
    project = make_project({"src/main.py": CONSOLE})
    with running(project, "run", state=state, terminal=True) as run:
        run.wait_for(r"Your name\? $")
        # CPython loses an interrupt that comes between the prompt of input() and its read, with or
        # without devtool: a person would press the keys again.
        presses = threading.Thread(target=press_until_it_ends, args=(run,), daemon=True)
        presses.start()
        assert run.wait() == 130, run.story("wrong code")
        assert not run.family()


def press_until_it_ends(run: Run) -> None:
    while run.process.poll() is None:
        with contextlib.suppress(OSError):  # its terminal is gone with it
            run.type("\x03")
        threading.Event().wait(5)


@pytest.fixture
def example(tmp_path: Path) -> Path:
    """The full-stack example as a clone has it: no environment, no database."""
    left = shutil.ignore_patterns(".venv", "node_modules", "*.db", "__pycache__", "*.egg-info")
    return Path(shutil.copytree(EXAMPLE, tmp_path / "fullstack-todo", ignore=left))


def test_sync_brings_up_the_full_stack_example_from_nothing(example: Path, state: Path) -> None:
    backend, frontend = (f"http://127.0.0.1:{free_port()}" for _ in range(2))
    settings = f"[services.frontend]\nport = {frontend.rpartition(':')[2]}\n"
    (example / "devtool.toml").write_text(settings, encoding="utf-8")
    with running(
        example, "run", "--sync", "--port", backend.rpartition(":")[2], state=state
    ) as run:
        run.wait_until_ready(backend, INSTALL_SECONDS)
        run.wait_until_ready(frontend, INSTALL_SECONDS)
        assert get(f"{backend}/api/tasks").json() == []
        assert 'type="module"' in get(frontend).text
        assert get(f"{frontend}/api/tasks").json() == [], "the frontend does not reach the backend"
        assert run.stop(signal.SIGTERM) == 143
        assert not run.family()


def test_status_and_stop_know_the_run(make_project: MakeProject, state: Path) -> None:
    project, url = make_project(SITES["flask"].files), f"http://127.0.0.1:{(port := free_port())}"
    with running(project, "run", "--port", str(port), state=state) as run:
        run.wait_until_ready(url)
        with running(project, "status", "--json", state=state) as status:
            assert status.wait() == 0
            (process,) = json.loads(status.output)["processes"]
        assert process["status"] == "ready"
        assert process["pid"] in {member.pid for member in run.family()}
        with running(project, "stop", state=state) as stop:
            assert stop.wait() == 0, stop.story("stop failed")
        assert run.wait() == 143
        assert not run.family()
    assert not os.path.lexists(project / ".devtool")
