"""Every command that only looks: no traceback, nothing run, nothing written, nothing let out."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.hostile.trees import SECRET, TREES

# Documented exit codes of commands that look (docs/reference/exit-codes.md).
DOCUMENTED = {0, 2, 3, 4, 7}
DEADLINE = 30.0
LOOKING = (("phase", "--json"), ("phase", "--explain"), ("run", "--dry-run", "--json"))
CONTROL = re.compile(rb"[\x00-\x09\x0b-\x1f\x7f]|\xc2[\x80-\x9f]")


def snapshot(root: Path) -> dict[bytes, tuple[int, int, int]]:
    found = {}
    for folder, folders, names in os.walk(os.fsencode(root)):
        for name in (*folders, *names):
            path = folder + b"/" + name
            status = os.lstat(path)
            found[path] = (status.st_mode, status.st_size, status.st_mtime_ns)
    return found


def look(root: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    env = {
        **os.environ,
        "DEVTOOL_STATE_DIR": str(root.parent / "state"),
        "PATH": f".:{root}:{os.environ['PATH']}",
    }
    script = Path(sys.executable).with_name("devtool")
    done = subprocess.run(
        (script, *arguments),
        cwd=root,
        env=env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        timeout=DEADLINE,
    )
    both = done.stdout + done.stderr
    assert b"Traceback" not in both
    assert b"a bug in devtool" not in both
    assert SECRET.encode() not in both
    assert not CONTROL.search(both), both
    assert done.returncode in DOCUMENTED, both
    both.decode("utf-8")
    return done


@pytest.mark.parametrize("name", TREES)
def test_a_hostile_tree_is_only_looked_at(name: str, tmp_path: Path) -> None:
    case = TREES[name]
    root, canary = tmp_path / "root", tmp_path / "canary"
    root.mkdir()
    case.build(root, canary)
    before = snapshot(root)
    results = [look(root, *arguments) for arguments in LOOKING]
    assert not canary.exists()
    assert snapshot(root) == before
    assert results[0].returncode in case.codes, results[0].stderr
    for done in (results[0], results[2]):
        body = json.loads(done.stdout)
        assert ("error" in body) == (done.returncode != 0)
    if case.names:
        notes = json.loads(results[0].stdout)["notes"]
        assert any(case.names in note["path"] for note in notes), notes
        assert f"note: {case.names}".encode() in results[1].stdout


@pytest.mark.parametrize("command", [("status",), ("config",), ("stop",), ("phase",)])
def test_the_other_commands_look_too(command: tuple[str, ...], tmp_path: Path) -> None:
    root, canary = tmp_path / "root", tmp_path / "canary"
    root.mkdir()
    TREES["planted/programs-and-modules"].build(root, canary)
    before = snapshot(root)
    look(root, *command)
    assert not canary.exists()
    assert snapshot(root) == before


def test_there_are_about_two_hundred() -> None:
    assert len(TREES) > 200


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="takes root to become another")
def test_folders_that_may_not_be_read_are_named(tmp_path: Path) -> None:
    root = tmp_path / "root"
    (root / "closed").mkdir(parents=True)
    (root / "main.py").write_text("from fastapi import FastAPI\n\napp = FastAPI()\n")
    (root / "closed.toml").write_text(SECRET)
    (root / "pyproject.toml").write_text(SECRET)
    (root / "closed").chmod(0)
    (root / "pyproject.toml").chmod(0)
    for folder in (tmp_path, *tmp_path.parents):
        if folder != Path("/"):
            folder.chmod(folder.stat().st_mode | 0o055)
    # Everything is imported before the change of user: the interpreter itself may be root's.
    code = (
        "import os, sys, ast, json, re, tomllib, warnings, yaml\n"
        "from devtool.detection import detect\n"
        "detect('.')\n"
        "os.setuid(65534)\n"
        "print(*detect(sys.argv[1]).notes, sep='\\n')\n"
    )
    done = subprocess.run(
        (sys.executable, "-c", code, str(root)), capture_output=True, check=False, timeout=DEADLINE
    )
    assert done.returncode == 0, done.stderr
    assert b"closed could not be listed (permission denied)" in done.stdout
    assert b"pyproject.toml could not be read (permission denied)" in done.stdout
