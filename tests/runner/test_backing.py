"""Databases that services ask for: found in their variables, and started with real servers."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from devtool.errors import ToolchainError
from devtool.model.detection import Role
from devtool.model.launch import LaunchPlan, Service
from devtool.runner import backing
from devtool.runner.state import project_folder
from tests.e2e.running import free_port, running

SECRET = "hunter2"


def plan(root: Path, **env: str) -> LaunchPlan:
    service = Service(
        name="api", role=Role.BACKEND, argv=("true",), cwd=str(root), env=tuple(env.items())
    )
    return LaunchPlan(root=str(root), services=(service,))


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("postgresql://u:hunter2@localhost/shop", "postgresql://u@localhost:5432/shop"),
        (
            "postgresql+asyncpg://u:hunter2@127.0.0.1:5999/shop",
            "postgresql://u@127.0.0.1:5999/shop",
        ),
        ("postgres://localhost", "postgresql://localhost:5432"),
        ("postgresql:///shop", "postgresql://localhost:5432/shop"),
        ("postgresql://u@[::1]:1/x", "postgresql://u@[::1]:1/x"),
        ("redis://:hunter2@localhost:6380/0", "redis://localhost:6380"),
    ],
)
def test_a_server_is_shown_without_its_password(value: str, shown: str, tmp_path: Path) -> None:
    (found,) = backing.wanted(plan(tmp_path, DATABASE_URL=value), {})
    assert found.shown == shown
    assert found.services == ("api",)
    (note,) = backing.notes([found])
    assert shown in note.text
    assert "DATABASE_URL" in note.text
    assert SECRET not in note.text


@pytest.mark.parametrize(
    "value",
    [
        *(
            "sqlite:///x.db",
            "postgresql://u@db.example.com/shop",
            "http://localhost",
            "",
            "postgresql",
        ),
        *("postgresql://u@localhost:99999/x", "postgresql://[broken", "redis://other:6379"),
    ],
)
def test_other_values_ask_for_nothing_here(value: str, tmp_path: Path) -> None:
    assert backing.wanted(plan(tmp_path, DATABASE_URL=value), {}) == []


def test_variables_of_files_count_and_several_services_are_joined(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("CACHE_URL=redis://localhost:6390\n")
    services = tuple(
        Service(
            name=name,
            role=Role.BACKEND,
            argv=("true",),
            cwd=str(tmp_path),
            env_files=(str(tmp_path / ".env"),),
        )
        for name in ("api", "jobs")
    )
    (found,) = backing.wanted(LaunchPlan(root=str(tmp_path), services=services), {})
    assert (found.variable, found.services) == ("CACHE_URL", ("api", "jobs"))


def test_who_answers_is_not_started(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        made = plan(tmp_path, REDIS_URL=f"redis://127.0.0.1:{port}")
        assert backing.unanswered(made, {}) == []
    assert [found.port for found in backing.unanswered(made, {})] == [port]


def test_a_missing_program_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    made = plan(tmp_path, REDIS_URL="redis://localhost:6399")
    with pytest.raises(ToolchainError, match="redis-server is not installed"):
        backing.with_backings(made, backing.wanted(made, {}))


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Path]:
    """A project whose data is gone with the test, also where root's servers keep it."""
    root = tmp_path / "shop"
    root.mkdir()
    yield root
    shutil.rmtree(Path("/var/lib/devtool") / project_folder(root).name, ignore_errors=True)


def declare(root: Path, url: str) -> None:
    code = (
        "import http.server, os, sys; print('asked for', os.environ['DATABASE_URL'][:5], flush=True);"
        "http.server.test(port=int(os.environ['PORT']), bind='127.0.0.1')"
    )
    (root / "devtool.toml").write_text(
        f'[services.api]\ncommand = ["python3", "-c", """{code}"""]\nrole = "backend"\n'
        f'port = {free_port()}\nenv = {{DATABASE_URL = "{url}"}}\n'
    )


def test_postgresql_is_ready_first_keeps_its_data_and_ends_with_the_run(
    shop: Path, tmp_path: Path
) -> None:
    port = free_port()
    declare(shop, f"postgresql://shop:{SECRET}@localhost:{port}/shop")
    programs = backing._postgres_programs()
    assert programs is not None
    psql = (str(programs / "psql"), f"postgresql://shop@127.0.0.1:{port}/shop", "-Atc")
    for statement, answer in (
        ("create table t (n int); insert into t values (7)", "INSERT 0 1"),
        ("select n from t", "7"),
    ):
        with running(shop, "run", "--with-services", state=tmp_path / "state") as run:
            run.wait_for(r"asked for postg")
            assert "postgresql ready" in run.output
            done = subprocess.run((*psql, statement), capture_output=True, text=True, check=True)
            assert done.stdout.splitlines()[-1] == answer
            assert SECRET not in run.output
            assert run.stop(signal.SIGTERM) == 143
            assert not run.family()


def test_redis_is_started_and_ends_with_the_run(shop: Path, tmp_path: Path) -> None:
    port = free_port()
    declare(shop, f"redis://localhost:{port}")
    with running(shop, "run", "--with-services", state=tmp_path / "state") as run:
        run.wait_for(r"asked for redis")
        with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
            client.sendall(b"PING\r\n")
            assert client.recv(16) == b"+PONG\r\n"
        assert run.stop(signal.SIGTERM) == 143
        assert not run.family()


def test_without_the_option_the_ways_out_are_said_at_once(shop: Path, tmp_path: Path) -> None:
    declare(shop, f"redis://:{SECRET}@localhost:{free_port()}")
    with running(shop, "run", state=tmp_path / "state") as run:
        run.wait_for(r"asked for redis")
        assert "nothing answers there" in run.output
        assert "--with-services" in run.output
        assert SECRET not in run.output
        assert run.stop(signal.SIGTERM) == 143
