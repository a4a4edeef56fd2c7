"""Interpreters and environments, from files: nothing of the project is run."""

from __future__ import annotations

import sys
from pathlib import Path

from devtool.doctor.packages import Mismatch, differing, unmet
from devtool.model.doctor import Action, Level
from tests.doctor.conftest import Examine, add_environment, examined, levels, write


def test_an_environment_that_is_not_there_is_named_with_what_makes_it(find: Examine) -> None:
    (finding,) = find("environment")
    assert finding.level is Level.ERROR
    assert finding.text == "this project has no environment for requirements.txt"
    assert (finding.fix, finding.action) == ("devtool doctor --fix", Action.SYNC)


def test_an_environment_with_what_is_asked_for_is_well(project: Path, find: Examine) -> None:
    add_environment(project, "fastapi-0.100.0")
    assert levels(find("environment")) == [Level.OK]
    assert levels(find("interpreter")) == [Level.OK]


def test_packages_that_are_missing_or_of_another_version_are_named(
    project: Path, find: Examine
) -> None:
    add_environment(project, "uvicorn-0.30.0")
    found = find("environment", {"requirements.txt": "fastapi\nuvicorn==0.29\n"})
    assert [finding.text for finding in found] == [
        ".venv lacks fastapi, which requirements.txt asks for",
        ".venv has uvicorn 0.30.0 instead of uvicorn==0.29",
    ]


def test_a_version_that_drifted_from_the_lock_file_is_a_warning(
    project: Path, find: Examine
) -> None:
    add_environment(project, "fastapi-0.100.0")
    files = {
        "pyproject.toml": '[project]\nname = "shop"\nversion = "1"\ndependencies = ["fastapi"]\n',
        "uv.lock": 'version = 1\n[[package]]\nname = "fastapi"\nversion = "0.101.0"\n',
    }
    (project / "requirements.txt").unlink()
    (finding,) = find("environment", files)
    assert finding.level is Level.WARNING
    assert "fastapi 0.100.0 instead of 0.101.0" in finding.text


def test_a_python_that_is_too_old_is_an_error(project: Path, find: Examine) -> None:
    add_environment(project, "fastapi-0.100.0")
    (project / "requirements.txt").unlink()
    wanted = f">={sys.version_info.major}.{sys.version_info.minor + 20}"
    text = f'[project]\nname = "shop"\nversion = "1"\nrequires-python = "{wanted}"\ndependencies = ["fastapi"]\n'
    (finding,) = find("interpreter", {"pyproject.toml": text})
    assert finding.level is Level.ERROR
    assert f"pyproject.toml asks for {wanted}" in finding.text
    assert finding.fix


def test_an_environment_whose_interpreter_is_gone_is_said_to_be_so(
    project: Path, find: Examine
) -> None:
    home = add_environment(project)
    for link in home.glob("bin/python*"):
        link.unlink()
    (finding,) = find("interpreter")
    assert finding.text == "the interpreter of .venv is gone"


def test_an_interpreter_of_the_project_is_not_run(project: Path) -> None:
    home = add_environment(project, "fastapi-0.100.0")
    trace = project / "was-run"
    for name in ("python", "python3"):
        program = home / "bin" / name
        program.unlink()
        program.write_text(f"#!/bin/sh\ntouch {trace}\n", encoding="utf-8")
        program.chmod(0o755)
    examined(project)
    assert not trace.exists()


def test_only_versions_that_can_be_compared_are(tmp_path: Path) -> None:
    write(
        tmp_path, {"requirements.txt": 'a>=1,<2\nb~=1.2\nc==1.*\nd==2; sys_platform=="x"\ne>=1\n'}
    )
    there = {"a": "2.0", "b": "1.3.1", "c": "1.9.3", "e": "0.5rc1"}
    assert unmet(tmp_path, "requirements.txt", there) == [Mismatch("a", "a>=1,<2", "2.0")]


def test_what_a_lock_file_says_of_other_systems_is_left_out(tmp_path: Path) -> None:
    lock = tmp_path / "poetry.lock"
    lock.write_text('[[package]]\nname = "pywin32"\nversion = "1"\n', encoding="utf-8")
    assert differing(lock, {"fastapi": "1"}) == []
