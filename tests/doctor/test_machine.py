"""Ports, databases, watchers and Node.js: what the machine has."""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path

import pytest

from devtool.api import detect_project, load_settings
from devtool.doctor.examination import subject_of
from devtool.doctor.watching import look as look_at_watching
from devtool.model.doctor import Action, Level
from tests.doctor.conftest import Examine, levels, without_node, write

PACKAGE = json.dumps(
    {"name": "page", "scripts": {"dev": "vite"}, "devDependencies": {"vite": "^7.0.0"}}
)


def test_a_port_that_is_taken_is_named_with_its_holder(find: Examine) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        (finding,) = find("ports", {"devtool.toml": f"port = {port}\n"})
    assert finding.level is Level.ERROR
    assert f"port {port}" in finding.text
    assert f"(pid {os.getpid()})" in finding.text
    assert finding.fix == "devtool run --port auto"


def test_a_port_that_is_free_is_well(find: Examine) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert levels(find("ports", {"devtool.toml": f"port = {port}\n"})) == [Level.OK]


def test_a_database_that_does_not_answer_is_named_without_its_password(find: Examine) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        env = {".env": f"DATABASE_URL=postgresql://me:hidden@127.0.0.1:{port}/shop\n"}
        (finding,) = find("databases", env)
        assert finding.level is Level.OK
    (finding,) = find("databases")
    assert finding.level is Level.ERROR
    assert f"postgresql://me@127.0.0.1:{port}/shop" in finding.text
    assert "hidden" not in finding.text + finding.fix


@pytest.mark.parametrize(
    ("limit", "level"), [(1_000_000, Level.OK), (3, Level.WARNING), (2, Level.ERROR)]
)
def test_the_limit_of_watches_is_held_against_the_folders(
    project: Path, tmp_path: Path, limit: int, level: Level
) -> None:
    (tmp_path / "limit").write_text(f"{limit}\n", encoding="ascii")
    subject = subject_of(project, load_settings, detect_project, os.environ)
    (finding,) = look_at_watching(subject, limit_file=tmp_path / "limit")
    assert finding.level is level
    assert bool(finding.fix) is (level is not Level.OK)


def test_a_frontend_without_node_says_how_to_get_it(tmp_path: Path, find: Examine) -> None:
    files = {"frontend/package.json": PACKAGE, "frontend/vite.config.ts": ""}
    found = find("frontend", files, PATH=without_node(tmp_path / "bin"))
    assert found[0].text == "frontend needs node and npm, which are not on PATH"
    assert "nodejs.org" in found[0].fix
    assert found[1].text == "the packages of frontend are not installed"
    assert found[1].action is Action.SYNC


def lock(vite: str) -> str:
    return json.dumps({"packages": {"": {}, "node_modules/vite": {"version": vite}}})


def test_packages_of_a_frontend_are_held_against_its_lock_file(
    project: Path, find: Examine
) -> None:
    files = {
        "frontend/package.json": PACKAGE,
        "frontend/vite.config.ts": "",
        "frontend/package-lock.json": lock("7.0.1"),
        "frontend/node_modules/vite/package.json": "{}",
        "frontend/node_modules/.package-lock.json": lock("7.0.0"),
    }
    (finding,) = find("frontend", files)
    assert finding.level is Level.WARNING
    assert finding.text.endswith("package-lock.json says: vite 7.0.0 instead of 7.0.1")
    write(project, {"frontend/node_modules/.package-lock.json": lock("7.0.1")})
    assert levels(find("frontend")) == [Level.OK]
