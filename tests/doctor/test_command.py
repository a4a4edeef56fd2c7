"""`devtool doctor` as it is called: levels, exit codes, JSON, and what `--fix` does."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.doctor.conftest import write
from tests.e2e.running import DEVTOOL, free_port


def doctor(root: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        (DEVTOOL, "doctor", *words),
        cwd=root,
        env={
            **os.environ,
            "DEVTOOL_STATE_DIR": str(root.parent / "state"),
            # The usual one may be somebody's on this machine.
            "DEVTOOL_PORT": str(free_port()),
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_errors_end_with_1_and_warnings_with_0(project: Path) -> None:
    done = doctor(project)
    assert done.returncode == 1
    assert "error    environment" in done.stdout
    write(project, {"devtool.toml": '[services.jobs]\ncommand = ["true"]\n'})
    (project / "app/main.py").unlink()
    (project / "requirements.txt").unlink()
    write(project, {".env.example": "A=1\n"})
    done = doctor(project)
    assert (done.returncode, "1 warning, 0 errors" in done.stdout) == (0, True), done.stdout


def test_quiet_leaves_out_what_is_well(project: Path) -> None:
    assert "\nok " not in "\n" + doctor(project, "--quiet").stdout


def test_json_is_one_object_with_a_schema_number(project: Path) -> None:
    done = doctor(project, "--json")
    found = json.loads(done.stdout)
    assert (found["schema"], found["root"]) == (1, str(project))
    assert any(each["level"] == "error" for each in found["findings"])
    keys = {"check", "level", "text", "fix", "action", "path", "line"}
    assert all(each.keys() == keys for each in found["findings"])


@pytest.mark.parametrize("text", ["port = [", "prot = 1\n", '[services.x]\nentry = "no:app"\n'])
def test_settings_that_are_wrong_are_findings(project: Path, text: str) -> None:
    done = doctor(write(project, {"devtool.toml": text}), "--json")
    found = json.loads(done.stdout)["findings"]
    assert done.returncode == 1
    assert any(f["check"] == "declarations" and f["level"] == "error" for f in found)


def test_a_stale_declaration_is_named_with_its_line(project: Path) -> None:
    done = doctor(write(project, {"Procfile": "web: uvicorn gone.main:app\n"}))
    assert "Procfile:1" in done.stdout
    assert "gone.main:app, which is not there" in done.stdout


def test_odd_content_ends_in_findings(tmp_path: Path) -> None:
    root = tmp_path / "odd \n name"
    write(root, {"app.py": "def (", "alembic.ini": "[alembic\n", "package.json": "[1]"})
    (root / "requirements.txt").write_bytes(b"\xff\xfe\x00\x00")
    os.mkfifo(root / "pyproject.toml")
    done = doctor(root, "--json")
    assert done.returncode in (0, 1), done.stderr
    assert "Traceback" not in done.stderr
    json.loads(done.stdout)


def test_a_folder_that_is_not_there_is_a_usage_error(tmp_path: Path) -> None:
    done = doctor(tmp_path, "-C", "nowhere")
    assert (done.returncode, "does not exist" in done.stderr) == (2, True)


def test_fix_copies_the_example_once_and_installs_packages(project: Path) -> None:
    write(project, {".env.example": "A=hidden\n", "requirements.txt": "# nothing yet\n"})
    done = doctor(project, "--fix")
    assert done.returncode == 0, done.stdout + done.stderr
    assert (project / ".env").read_text("utf-8") == "A=hidden\n"
    assert (project / ".env").stat().st_mode & 0o077 == 0
    assert (project / ".venv/bin/python").exists()
    assert "hidden" not in done.stdout + done.stderr
    (project / ".env").write_text("A=mine\n", encoding="utf-8")
    doctor(project, "--fix")
    assert (project / ".env").read_text("utf-8") == "A=mine\n"
