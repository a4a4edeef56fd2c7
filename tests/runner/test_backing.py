"""Databases that services ask for: found in their variables, and started with real servers."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from devtool.errors import ToolchainError
from devtool.model.detection import Role
from devtool.model.launch import LaunchPlan, Service
from devtool.runner import backing, servers
from devtool.runner.composed import composed
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
    with pytest.raises(ToolchainError, match="neither redis-server nor a compose file"):
        servers.with_backings(made, backing.wanted(made, {}))


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
    url = f"postgresql://shop:{SECRET}@localhost:{port}/shop"
    declare(shop, url)
    programs = servers._postgres_programs()
    assert programs is not None
    psql = (str(programs / "psql"), url.replace("localhost", "127.0.0.1"), "-Atc")
    other = (str(programs / "psql"), f"postgresql://shop:other@127.0.0.1:{port}/shop", "-c", "")
    for statement, answer in (
        ("create table t (n int); insert into t values (7)", "INSERT 0 1"),
        ("select n from t", "7"),
    ):
        with running(shop, "run", "--with-services", state=tmp_path / "state") as run:
            run.wait_for(r"asked for postg")
            assert "postgresql ready" in run.output
            done = subprocess.run((*psql, statement), capture_output=True, text=True, check=True)
            assert done.stdout.splitlines()[-1] == answer
            assert subprocess.run(other, capture_output=True, check=False).returncode == 2
            assert SECRET not in run.output
            assert run.stop(signal.SIGTERM) == 143
            assert not run.family()


def test_a_password_that_changes_is_taken(shop: Path, tmp_path: Path) -> None:
    port = free_port()
    programs = servers._postgres_programs()
    assert programs is not None
    for password in ("first", "it's \\ another"):
        url = f"postgresql://shop:{quote(password)}@127.0.0.1:{port}/shop"
        declare(shop, url)
        with running(shop, "run", "--with-services", state=tmp_path / "state") as run:
            run.wait_for(r"asked for postg")
            psql = (str(programs / "psql"), url, "-Atc", "select 7")
            done = subprocess.run(psql, capture_output=True, text=True, check=False)
            assert (done.stdout, done.stderr) == ("7\n", "")
            assert run.stop(signal.SIGTERM) == 143


def test_redis_asks_for_the_password_of_the_url(shop: Path, tmp_path: Path) -> None:
    port = free_port()
    declare(shop, f"redis://:{SECRET}@localhost:{port}")
    with running(shop, "run", "--with-services", state=tmp_path / "state") as run:
        run.wait_for(r"asked for redis")
        with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
            client.sendall(b"PING\r\n")
            assert client.recv(64).startswith(b"-NOAUTH")
            client.sendall(f"AUTH {SECRET}\r\n".encode())
            assert client.recv(64) == b"+OK\r\n"
        words = [word for process in run.family() for word in process.cmdline()]
        assert SECRET not in " ".join(words)
        assert run.stop(signal.SIGTERM) == 143


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


# Docker as it looks from here: it publishes a port for as long as it runs.
DOCKER = """#!{python}
import socket, sys, time
print("asked to", *sys.argv[1:], flush=True)
with socket.create_server(("127.0.0.1", {port})):
    time.sleep(1000)
"""
COMPOSE = """
services:
  web:
    image: nginx
    ports: ["{port}:80"]
  cache:
    image: docker.io/library/redis:7-alpine
    ports:
      - "127.0.0.1:{port}:6379"
"""


def test_a_server_of_the_compose_file_is_started_where_no_program_is(
    shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = free_port()
    programs = tmp_path / "bin"
    programs.mkdir()
    docker = programs / "docker"
    docker.write_text(DOCKER.format(python=sys.executable, port=port))
    docker.chmod(0o755)
    (programs / "python3").symlink_to(sys.executable)
    monkeypatch.setenv("PATH", str(programs))
    declare(shop, f"redis://localhost:{port}")
    (shop / "compose.yaml").write_text(COMPOSE.format(port=port))
    with running(shop, "run", "--with-services", state=tmp_path / "state") as run:
        run.wait_for(rf"asked to compose -f {shop}/compose.yaml up --no-log-prefix cache")
        run.wait_for(r"asked for redis")
        assert run.stop(signal.SIGTERM) == 143
        assert not run.family()


@pytest.mark.parametrize(
    ("entry", "is_taken"),
    [
        ("image: redis\n    ports: ['6399:6379']", True),
        ("image: valkey/valkey:8\n    ports: [{published: 6399, target: 6379}]", True),
        ("image: redis\n    ports: ['6399:6379/tcp']", True),
        ("image: redis\n    ports: ['6398:6379']", False),
        ("image: redis\n    ports: ['6379']", False),
        ("image: redis", False),
        ("image: postgres\n    ports: ['6399:6379']", False),
        ("build: redis\n    ports: ['6399:6379']", False),
        ("image: [redis]\n    ports: 6399", False),
    ],
)
def test_the_service_of_the_compose_file_is_the_one_that_answers_there(
    entry: str, is_taken: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    docker = tmp_path / "docker"
    docker.touch(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    (tmp_path / "docker-compose.yml").write_text(f"services:\n  it:\n    {entry}\n")
    (wanted,) = backing.wanted(plan(tmp_path, REDIS_URL="redis://localhost:6399"), {})
    assert (composed(tmp_path, wanted) is not None) is is_taken


@pytest.mark.parametrize(
    "text", ["", "- 1", "services: 3", "a: &a [*a]", "\x00", "services: {a: 1}"]
)
def test_a_broken_compose_file_has_no_server(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "docker").touch(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    (tmp_path / "compose.yaml").write_text(text)
    (wanted,) = backing.wanted(plan(tmp_path, REDIS_URL="redis://localhost:6399"), {})
    assert composed(tmp_path, wanted) is None
