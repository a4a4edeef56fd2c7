"""What happens where the kernel offers less than Linux does."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from devtool.runner import family, guard, state, watchdog
from devtool.runner.readiness import Place, reachable
from tests.runner.conftest import eventually


@pytest.fixture
def no_proc(monkeypatch: pytest.MonkeyPatch) -> None:
    """A system without /proc: psutil answers."""
    monkeypatch.setattr(family, "_has_proc", lambda: False)


def test_psutil_tells_the_same_as_proc(monkeypatch: pytest.MonkeyPatch) -> None:
    code = "import sys; print(flush=True); sys.stdin.read()"
    with subprocess.Popen(
        (sys.executable, "-c", code),
        env=os.environ | {family.RUN_VARIABLE: "run/web"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    ) as child:
        assert child.stdout is not None
        child.stdout.readline()
        since = family.now()
        seen = family.entry(child.pid)
        marked = family.mark_of(child.pid)
        below = child.pid in family.below(os.getpid())
        monkeypatch.setattr(family, "_has_proc", lambda: False)
        other = family.entry(child.pid)
        assert seen is not None
        assert other is not None
        assert (other.parent, other.session, other.dead) == (seen.parent, seen.session, seen.dead)
        assert abs(other.started - seen.started) < 1
        assert family.is_same(child.pid, seen.started)
        assert family.mark_of(child.pid) == marked == "run/web"
        assert below
        assert child.pid in family.below(os.getpid())
        assert child.pid in family.members(child.pid, since, "run/web")
        assert abs(family.now() - since) < 60
        child.kill()


@pytest.mark.usefixtures("no_proc")
def test_a_process_that_is_not_there_has_nothing() -> None:
    gone = 2**22 + 1
    assert family.entry(gone) is None
    assert family.started(gone) is None
    assert family.mark_of(gone) == ""


def test_without_fork_there_is_no_guardian(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "fork")
    assert guard.split() is None


def test_beside_other_threads_there_is_no_guardian() -> None:
    done = threading.Event()
    thread = threading.Thread(target=done.wait)
    thread.start()
    try:
        assert guard.split() is None
    finally:
        done.set()
        thread.join()


def test_elsewhere_the_state_lies_where_platformdirs_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(state, "sys", type("Mac", (), {"platform": "darwin"}))
    monkeypatch.delenv("DEVTOOL_STATE_DIR")
    assert state.state_folder().name == "devtool"


def test_a_home_that_leads_nowhere_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DEVTOOL_STATE_DIR")
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    monkeypatch.setenv("HOME", "nowhere")
    assert state.state_folder().is_absolute()


def test_a_watchdog_ends_by_itself_and_ends_nobody_else() -> None:
    mine = {family.RUN_VARIABLE: "this-run/web"}
    code = "import time; print(flush=True); time.sleep(1000)"
    with subprocess.Popen(
        (sys.executable, "-c", code), env=os.environ | mine, stdout=subprocess.PIPE
    ) as child:
        assert child.stdout is not None
        child.stdout.readline()
        eventually(lambda: watchdog.relatives("this-run") == [child.pid], "it is seen")
        watchdog.Watchdog("another-run").release()
        assert child.poll() is None
        watchdog.Watchdog("this-run").release()
        assert child.wait(60) == -9


def test_wildcards_are_no_addresses_to_connect_to() -> None:
    assert reachable("0.0.0.0") == "127.0.0.1"
    assert reachable("::") == "::1"
    assert Place(reachable("shop.test"), 1).host == "shop.test"


def test_the_watchdog_needs_the_standard_library_only() -> None:
    """It starts without site-packages: what it imports of ours must not reach for any."""
    code = "import sys; sys.path.insert(0, sys.argv[1]); import devtool.runner.watchdog"
    root = str(Path(watchdog.__file__).parent.parent.parent)
    subprocess.run((sys.executable, "-I", "-S", "-c", code, root), check=True)
