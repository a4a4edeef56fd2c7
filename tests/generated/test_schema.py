"""What schemathesis makes of a generated API: it tries all that the schema allows, and much that it does not."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from devtool import ProjectSpec, new_project
from tests.e2e.running import DEVTOOL
from tests.generated.installed import checked, link_python, python_packages, python_tool
from tests.generated.postgres import create_database, postgres
from tests.generated.served import API, Server, served

pytestmark = pytest.mark.generated

SCHEMATHESIS = "schemathesis>=4.32,<5"
MINUTES_15 = 900
RESOURCES = (
    ("Tag", "name:str(40)!@unique"),
    (
        "Invoice",
        "number:str(40)!",
        "amount:decimal",
        "due:date?",
        "status:enum(draft,sent,paid)",
        "weight:float?",
        "at:datetime",
        "tags:many(tag)",
    ),
)
# The limits would end the tests of signing in after a few tries, and hashes are slow on purpose.
UNLIMITED = '''"""The application without limits to how often somebody may try."""

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from app import security
from app.services import rate_limit


async def attempt(*_: object) -> int:
    return 0


rate_limit.attempt = attempt
security.hasher = PasswordHash((Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1),))

from main import app as app
'''
# It ends the session of the token that the tests go on with.
LOGOUT = f"{API}/auth/logout"


@pytest.fixture(scope="module")
def api(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("schema")
    new_project(ProjectSpec(name="shop", features=("auth", "tasks", "fast")), folder)
    backend = folder / "shop" / "backend"
    python = link_python(python_packages(request.config), backend)
    for resource in RESOURCES:
        checked(DEVTOOL, "generate", "resource", *resource, cwd=folder / "shop", timeout=MINUTES_15)
    (backend / "unlimited.py").write_text(UNLIMITED, "utf-8")
    with postgres(folder) as server:
        database = create_database(server, "schema")
        with served(python, backend, database, "unlimited:app", DOCS="true") as running:
            yield running


def test_the_api_keeps_to_its_schema(request: pytest.FixtureRequest, api: Server) -> None:
    program = str(python_tool(request.config, SCHEMATHESIS) / "schemathesis")
    api.sign_up("ada")
    api.add(api.token("ada"))
    options = ["-H", f"Authorization: Bearer {api.token('ada')}"]
    options += [f"--exclude-path={LOGOUT}", "--max-examples=25", "--seed=1"]
    said = checked(
        *(program, "run", f"http://127.0.0.1:{api.port}/openapi.json", *options),
        cwd=api.folder,
        timeout=MINUTES_15,
    )
    assert re.search(r"(\d\d+) generated, \1 passed", said), said
