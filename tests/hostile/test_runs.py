"""Whole runs in odd places: folders of any name, broken environments, closed streams."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.hostile.test_surroundings import DEVTOOL, VARIABLES, on_linux
from tests.hostile.test_trees import DEADLINE
from tests.runner.conftest import mark

__all__ = ["mark"]

SPEAKS = """
[services.speaker]
command = [{python}, "-c", "print('words', flush=True)"]
[services.waiter]
command = [{python}, "-c", "import time; time.sleep(1000)"]
"""
WAITS = """
[services.one]
command = [{python}, "-c", "import time; print('up', flush=True); time.sleep(1000)"]
ready = {{ log = "up" }}
"""
REFUSED = {"a host of escapes"}


def declare(root: Path, text: str) -> None:
    root.mkdir(parents=True, exist_ok=True)
    (root / "devtool.toml").write_text(text.format(python=json.dumps(sys.executable)))


def ask(
    root: str | Path, *arguments: str, env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[bytes]:
    """Run devtool in a folder."""
    return subprocess.run(
        (DEVTOOL, *arguments),
        cwd=root,
        env=env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        timeout=DEADLINE,
    )


# Those that could matter once something is started; the rest is tried on commands that only look.
CLIMATES = (
    "none at all",
    "no home",
    "a home that is a file",
    "a home of odd bytes",
    "the C locale",
    "a locale that is none",
    "output in ASCII",
    "an empty path",
    "state in a device",
    "a relative state folder",
    "a host of escapes",
    "a foreign environment",
    "warnings as errors",
    "no temporary folder",
)


@pytest.mark.parametrize("name", CLIMATES)
def test_any_variables_will_do_for_a_run(name: str, tmp_path: Path, mark: str) -> None:
    root = tmp_path / "shop"
    declare(root, SPEAKS)
    state = {"XDG_STATE_HOME": str(tmp_path / "state"), "DEVTOOL_TEST_MARK": mark}
    usual = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    bare = name in {"none at all", "no home"}
    env = state | ({} if bare else usual) | VARIABLES[name]
    done = ask(root, "run", env=env)
    both = done.stdout + done.stderr
    assert b"Traceback" not in both.replace(b"waiter  | Traceback", b"")
    assert b"a bug in devtool" not in both
    if name in REFUSED:
        assert done.returncode == 2
        return
    assert done.returncode == 0, both
    assert b"speaker | words" in done.stdout


FOLDERS = (
    "a b",
    "it's",
    'say "x"',
    "two\nlines",
    "-rf",
    "--help",
    "$(touch owned)",
    "`id`;&|<>*?[]{}",
    "back\\slash",
    "[red] 日本 é%20#",
    "n" * 200,
    os.fsdecode(b"\xff\xfe"),
)


@pytest.fixture
def parent(tmp_path: Path) -> Iterator[Path]:
    """A folder for odd ones; what runs in them is stopped."""
    yield tmp_path
    for root in tmp_path.iterdir():
        if (root / "devtool.toml").exists():
            ask(root, "stop")


@on_linux
@pytest.mark.parametrize("name", FOLDERS, ids=ascii)
def test_a_folder_may_have_any_name(name: str, parent: Path) -> None:
    declare(parent / name, WAITS)
    # A folder that looks like an option is named behind the option's own sign.
    assert ask(parent, "run", "--detach", f"--root={name}").returncode == 0
    told = json.loads(ask(parent, "status", "--json", f"--root={name}").stdout)
    assert [each["status"] for each in told["processes"]] == ["ready"]
    said = ask(parent / name, "status", "--all").stdout
    assert all(byte >= 32 or byte == 10 for byte in said)
    assert ask(parent, "stop", f"--root={name}").stdout.startswith(b"stopped one")
    assert not (parent / "owned").exists()


@on_linux
@pytest.mark.parametrize("streams", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-", ">/dev/full"])
def test_a_run_needs_no_streams(streams: str, tmp_path: Path) -> None:
    root = tmp_path / "shop"
    declare(root, SPEAKS.replace("print(", "open('done', 'w').close(); print("))
    line = f"exec '{DEVTOOL}' run --quiet {streams}"
    done = subprocess.run(
        ("/bin/sh", "-c", line), cwd=root, capture_output=True, check=False, timeout=DEADLINE
    )
    assert done.returncode == 0
    assert (root / "done").exists()


@on_linux
def test_a_project_that_moves_while_it_runs_is_found_by_its_old_name(parent: Path) -> None:
    declare(parent / "old", WAITS)
    assert ask(parent / "old", "run", "--detach").returncode == 0
    (parent / "old").rename(parent / "new")
    told = json.loads(ask(parent, "status", "--all", "--json").stdout)
    assert [run["root"] for run in told["runs"]] == [str(parent / "old")]
    assert ask(parent, "stop", "-C", "old").returncode == 0
    assert json.loads(ask(parent, "status", "--all", "--json").stdout)["running"] is False


@on_linux
def test_a_removed_lock_makes_nobody_else_s_process_ours(parent: Path) -> None:
    declare(parent / "shop", WAITS)
    assert ask(parent / "shop", "run", "--detach").returncode == 0
    (lock,) = (parent / "state").glob("projects/*/state.lock")
    lock.unlink()
    with subprocess.Popen((sys.executable, "-c", "input()"), stdin=subprocess.PIPE) as stranger:
        assert ask(parent / "shop", "stop").returncode == 0
        assert stranger.poll() is None
        stranger.communicate(b"\n")
    assert json.loads(ask(parent / "shop", "status", "--json").stdout)["running"] is False
