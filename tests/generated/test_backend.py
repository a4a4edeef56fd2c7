"""The whole backend of phase II with resources generated into it: installed, checked, tested, served."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from devtool import ProjectSpec, detect, new_project
from devtool.scaffold.catalog import load
from tests.e2e.running import DEVTOOL, free_port, running
from tests.generated.installed import checked, link_python, python_packages
from tests.generated.postgres import create_database, postgres

pytestmark = pytest.mark.generated

LIMIT = 900
TAG = ("Tag", "name:str(40)!@unique")
INVOICE = (
    "Invoice",
    "number:str(40)!",
    "amount:decimal",
    "due:date?",
    "status:enum(draft,sent,paid)",
    "customer:ref(user)",
    "tags:many(tag)",
)
PART = (
    "Part",
    "invoice:ref(invoice,restrict)",
    "task:ref(task)?",
    "parent:ref(part)?",
    "count:int!",
    "at:datetime",
    "noon:time?",
    "key:uuid?",
    "weight:float?",
    "done:bool",
)


@pytest.fixture(scope="module")
def shop(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with every feature of phase II that needs no frontend, and three resources."""
    features = tuple(
        feature.slug
        for feature in load().values()
        if feature.suits(2) and feature.phase == 2
        if feature.slug != "react" and feature.group != "frontend"
    )
    folder = tmp_path_factory.mktemp("backend")
    new_project(ProjectSpec(name="shop", features=features), folder)
    root = folder / "shop"
    link_python(python_packages(request.config), root / "backend")
    for resource in (TAG, INVOICE, PART):
        said = checked(DEVTOOL, "generate", "resource", *resource, cwd=root, timeout=LIMIT)
        assert "the database is at" in said
    return root


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    # Not in pytest's folder: another session may close that to others while the server starts.
    with tempfile.TemporaryDirectory() as folder, postgres(Path(folder)) as address:
        yield address


def in_backend(root: Path, *words: str, **env: str) -> str:
    """What the project's own interpreter says to `-m` these words."""
    done = subprocess.run(
        (str(root / "backend/.venv/bin/python"), "-m", *words),
        cwd=root / "backend",
        env={**os.environ, **env},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=LIMIT,
        check=False,
    )
    said = done.stdout.decode("utf-8", "replace")
    assert done.returncode == 0, said[-8000:]
    return said


def test_it_is_a_project_of_phase_two(shop: Path) -> None:
    found = detect(shop)
    assert int(found.phase) == 2
    assert found.components[0].entry == "main:app"


def test_it_is_formatted_and_linted(shop: Path) -> None:
    assert "already formatted" in in_backend(shop, "ruff", "format", "--check", ".")
    assert "All checks passed" in in_backend(shop, "ruff", "check", ".")


def test_it_is_strictly_typed(shop: Path) -> None:
    assert "Success" in in_backend(shop, "mypy")
    interpreter = str(shop / "backend/.venv/bin/python")
    assert "0 errors, 0 warnings" in in_backend(shop, "pyright", "--pythonpath", interpreter)
    ignores = ("type: ignore", "pyright: ignore")
    for path in (shop / "backend").glob("app/**/*.py"):
        assert not any(word in path.read_text("utf-8") for word in ignores), path


def test_its_tests_pass_on_sqlite(shop: Path) -> None:
    said = in_backend(shop, "pytest", "-q", "--cov", "--cov-report=term")
    assert "Required test coverage of 95.0% reached" in said


def test_its_tests_pass_on_postgresql(shop: Path, server: str) -> None:
    address = create_database(server, "tests")
    in_backend(shop, "pytest", "-q", "-p", "no:cacheprovider", TEST_DATABASE_URL=address)


def test_it_serves_what_was_generated(shop: Path, tmp_path: Path) -> None:
    """`devtool run`, and a client that signs up and uses a generated resource."""
    port = free_port()
    with running(shop, "run", "--port", str(port), state=tmp_path) as run:
        url = f"http://127.0.0.1:{port}"
        run.wait_until_ready(url, 120)
        with httpx.Client(base_url=url, trust_env=False, timeout=60) as client:
            headers = signed_in(client)
            tag = client.post("/api/v1/tags", json={"name": "new"}, headers=headers).json()
            me = client.get("/api/v1/auth/me", headers=headers).json()["id"]
            asked = {"number": "1", "amount": "9.50", "customer_id": me, "tag_ids": [tag["id"]]}
            made = client.post("/api/v1/invoices", json=asked, headers=headers)
            assert made.status_code == 201, made.text
            assert made.json() | asked == made.json()
            assert client.get("/api/v1/invoices").status_code == 401


def signed_in(client: httpx.Client) -> dict[str, str]:
    """The headers of somebody who has just signed up."""
    who = {"email": "ada@example.com", "password": "correct horse battery"}
    signed = client.post("/api/v1/auth/signup", json=who)
    assert signed.status_code < 300, signed.text
    form = {"username": who["email"], "password": who["password"]}
    token = client.post("/api/v1/auth/login", data=form).json()["access_token"]
    return {"Authorization": f"Bearer {token}"}


def test_models_that_change_become_a_migration(shop: Path) -> None:
    model = shop / "backend/app/models/tag.py"
    text = model.read_text("utf-8")
    line = "    version: int = 1\n"
    more = (
        "    colour: str | None = None\n    seen: datetime | None = Field(None, sa_type=Moment)\n"
    )
    model.write_text(text.replace(line, more + line), encoding="utf-8")
    said = checked(DEVTOOL, "generate", "migration", "colour of tags", cwd=shop, timeout=LIMIT)
    (path,) = (shop / "backend/alembic/versions").glob("*colour_of_tags.py")
    assert f"create  {path.relative_to(shop).as_posix()}" in said
    assert 'sa.Column("colour", sa.String(), nullable=True)' in path.read_text("utf-8")
    assert 'sa.Column("seen", Moment, nullable=True)' in path.read_text("utf-8")
    in_backend(shop, "ruff", "check", ".")
    in_backend(shop, "ruff", "format", "--check", ".")
    again = checked(DEVTOOL, "generate", "migration", "more", cwd=shop, timeout=LIMIT)
    assert "agree" in again
    undone = checked(DEVTOOL, "undo", cwd=shop, timeout=LIMIT)
    assert "undone: generate migration colour of tags" in undone
    assert not path.exists()
    checked(DEVTOOL, "generate", "migration", "colour of tags", cwd=shop, timeout=LIMIT)
    checked(DEVTOOL, "destroy", "resource", "part", cwd=shop, timeout=LIMIT)
    undone = checked(DEVTOOL, "undo", cwd=shop, timeout=LIMIT)
    assert "undone: destroy resource part" in undone
