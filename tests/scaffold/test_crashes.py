"""Whatever the moment of a crash, a change can be taken back byte for byte, or finished."""

from __future__ import annotations

import errno
import subprocess
import sys
from itertools import count
from pathlib import Path

import pytest

from devtool.errors import ConfigError, DevtoolError
from devtool.scaffold import journal, update
from devtool.scaffold.update import apply_update, plan_update
from tests.scaffold.project import MAIN, V1, V2, change, edit, snapshot


class CrashError(Exception):
    """The machine lost its power."""


class Countdown:
    """Crashes before the nth effect."""

    def __init__(self, effects: int) -> None:
        self.left = effects

    def __call__(self, name: str) -> None:
        if self.left == 0:
            raise CrashError(name)
        self.left -= 1


@pytest.fixture
def root(tmp_path: Path) -> Path:
    change(tmp_path, V1)
    edit(tmp_path, MAIN, "(tasks.router)\n", "(tasks.router, prefix='/v1')\n")  # a conflict
    return tmp_path


def test_a_crash_at_any_point_is_taken_back(root: Path) -> None:
    before = snapshot(root)
    for effects in count():
        try:
            apply_update(plan_update(root, V2), step=Countdown(effects))
        except CrashError:
            _undo_if_begun(root)
            assert snapshot(root) == before
            continue
        break
    assert effects > 20
    update.undo(root)
    assert snapshot(root) == before


def test_a_full_disk_at_any_point_leaves_all_or_what_undo_takes_back(root: Path) -> None:
    whole = sorted(root.rglob("*"))
    before = snapshot(root)
    for effects in count():
        failure = _failure(root, Full(effects))
        if failure is None:
            break
        assert "no space left" in failure.message
        if failure.hint == "nothing was changed":
            assert sorted(root.rglob("*")) == whole
            continue
        with pytest.raises(DevtoolError, match="no space left") as caught:
            update.undo(root, step=Full(0))
        assert caught.value.hint == "make room for it, then devtool undo again"
        update.undo(root)
        assert snapshot(root) == before
    assert effects > 20


def _failure(root: Path, step: journal.Step) -> DevtoolError | None:
    try:
        apply_update(plan_update(root, V2), step=step)
    except DevtoolError as error:
        return error
    return None


class Full:
    """A disk that is full after so many effects."""

    def __init__(self, left: int) -> None:
        self.left = left

    def __call__(self, _: str) -> None:
        self.left -= 1
        if self.left < 0:
            raise OSError(errno.ENOSPC, "No space left on device")


def _undo_if_begun(root: Path) -> None:
    try:
        plan_update(root, V2)
    except ConfigError:  # half written, as `plan_update` says
        update.undo(root)


def test_a_crash_at_any_point_is_finished(root: Path) -> None:
    before = snapshot(root)
    apply_update(plan_update(root, V2))
    after = snapshot(root)
    update.undo(root)
    for effects in count():
        try:
            apply_update(plan_update(root, V2), step=Countdown(effects))
        except CrashError:
            try:
                apply_update(plan_update(root, V2))
            except ConfigError:
                journal.resume(root)
        else:
            break
        assert snapshot(root) == after
        update.undo(root)
        assert snapshot(root) == before


def test_a_crash_of_undo_at_any_point_is_taken_up(root: Path) -> None:
    before = snapshot(root)
    for effects in count():
        apply_update(plan_update(root, V2))
        try:
            update.undo(root, step=Countdown(effects))
        except CrashError:
            update.undo(root)
            assert snapshot(root) == before
            continue
        break
    assert effects > 10
    assert snapshot(root) == before


KILLED = """
import os, signal, sys
import errno
from itertools import count
from pathlib import Path
from devtool.errors import ConfigError, DevtoolError
from devtool.scaffold.update import apply_update, plan_update, undo
from tests.scaffold.project import V2, snapshot

root = Path(sys.argv[1])
before = snapshot(root)

def die_before(number):
    left = number
    def step(name):
        nonlocal left
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)
    return step

for number in count():
    child = os.fork()
    if child == 0:
        apply_update(plan_update(root, V2), step=die_before(number))
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if status == 0:
        break
    assert os.WTERMSIG(status) == signal.SIGKILL, status
    try:
        plan_update(root, V2)
    except ConfigError:
        undo(root)
    assert snapshot(root) == before, number
print(number)
"""


def test_kill_9_at_every_step_is_taken_back(root: Path) -> None:
    ended = subprocess.run(
        (sys.executable, "-c", KILLED, str(root)),
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert int(ended.stdout) > 20
