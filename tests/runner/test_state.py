"""The state file: true after a crash, survived when forged, and proof of nothing by itself."""

from __future__ import annotations

import errno
import json
import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import platformdirs
import pytest

from devtool.errors import ServiceError
from devtool.model.state import ProcessState, RunState, Status
from devtool.runner import family, prepare, report, status, stop
from devtool.runner.ports import PortTakenError
from devtool.runner.running import wait_until_ready
from devtool.runner.state import Slot, make_private, project_folder, read, state_folder
from tests.runner.conftest import Drive, Project, eventually

WAITS = "import time; print('waiting', flush=True); time.sleep(1000)"


def forge(root: Path, state: object) -> Path:
    """Put a state file where that of a project belongs."""
    folder = project_folder(root)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "state.json"
    path.write_text(state if isinstance(state, str) else json.dumps(state), encoding="utf-8")
    return path


def a_process(pid: int) -> ProcessState:
    """A service that claims to be a living process."""
    return ProcessState(
        name="web",
        role="backend",
        status=Status.READY,
        pid=pid,
        pid_started=family.started(pid),
        started_at=time.time(),
    )


def a_state(root: Path, **changes: object) -> dict[str, object]:
    """A state that claims that this test is a supervisor and runs a service."""
    me = os.getpid()
    process = a_process(me)
    state = RunState(
        root=str(root),
        supervisor_pid=me,
        supervisor_started=family.started(me) or 0.0,
        started_at=time.time(),
        processes=(process,),
        run="forged",
    )
    return state._asdict() | {"processes": [process._asdict()]} | changes


def test_status_tells_what_runs(drive: Drive, project: Project, port: int) -> None:
    waits = project.service("worker", WAITS)
    run = drive(project.plan(project.web("backend", port), waits))
    run.wait_for("ready in")
    run.wait_for("waiting")
    eventually(lambda: (s := status(project.root)) and s.processes[0].ready_ms, "state is written")
    state = status(project.root)
    assert state is not None
    assert state.supervisor_pid == run.pid
    backend, worker = state.processes
    assert (backend.status, backend.url) == (Status.READY, f"http://127.0.0.1:{port}")
    assert family.is_same(backend.pid, backend.pid_started)
    assert worker.pid != backend.pid


def test_a_state_file_is_private_and_outside_the_project(drive: Drive, project: Project) -> None:
    run = drive(project.plan(project.service("one", WAITS)))
    run.wait_for("waiting")
    path = project_folder(project.root) / "state.json"
    eventually(path.exists, "state is written")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert not path.is_relative_to(project.root)


def test_stop_ends_a_run(drive: Drive, project: Project) -> None:
    run = drive(project.plan(project.service("one", WAITS)))
    run.wait_for("waiting")
    eventually(lambda: status(project.root), "state is written")
    (stopped,) = stop(project.root)
    assert stopped.ended
    assert run.wait() == 143
    assert status(project.root) is None


def test_the_state_tells_how_a_run_ended(drive: Drive, project: Project) -> None:
    run = drive(project.plan(project.service("one", "raise SystemExit(3)")))
    assert run.wait() == 3
    told = report(project.root)
    assert told.runs == ()
    assert told.last is not None
    assert told.last.processes[0].status is Status.FAILED
    assert told.last.processes[0].exit_code == 3


def test_status_does_not_lie_after_a_crash(drive: Drive, project: Project) -> None:
    run = drive(project.plan(project.service("one", WAITS)))
    run.wait_for("waiting")
    eventually(lambda: status(project.root), "state is written")
    run.send(signal.SIGKILL)
    run.process.wait(60)
    assert status(project.root) is None


def test_two_runs_of_a_project_are_both_seen_and_stopped(drive: Drive, project: Project) -> None:
    runs = [drive(project.plan(project.service(name, WAITS))) for name in ("one", "two")]
    for run in runs:
        run.wait_for("waiting")
    eventually(lambda: len(report(project.root).runs) == 2, "both are seen")
    assert len(stop(project.root)) == 2
    assert [run.wait() for run in runs] == [143, 143]


@pytest.fixture
def bystander() -> subprocess.Popen[bytes]:
    """Someone else's process."""
    code = "import time; time.sleep(1000)"
    return subprocess.Popen((sys.executable, "-c", code), stdin=subprocess.DEVNULL)


def test_a_forged_state_makes_us_touch_nobody(
    project: Project, bystander: subprocess.Popen[bytes]
) -> None:
    since = family.started(bystander.pid)
    process = ProcessState(
        name="web", role="backend", status=Status.READY, pid=bystander.pid, pid_started=since
    )
    forge(
        project.root,
        a_state(
            project.root,
            supervisor_pid=bystander.pid,
            supervisor_started=since,
            processes=[process._asdict()],
        ),
    )
    assert status(project.root) is None
    assert stop(project.root) == []
    assert bystander.poll() is None
    bystander.kill()
    bystander.wait()


def is_ready(state: RunState | None) -> bool:
    return state is not None and all(each.status is Status.READY for each in state.processes)


def test_a_forged_file_beside_a_living_run_is_not_believed(
    drive: Drive, project: Project, bystander: subprocess.Popen[bytes]
) -> None:
    run = drive(project.plan(project.service("one", WAITS)))
    run.wait_for("waiting")
    # Its last state for now, or the run itself would replace the forged one.
    eventually(lambda: is_ready(status(project.root)), "the state is written")
    since = family.started(bystander.pid)
    forge(
        project.root,
        a_state(project.root, supervisor_pid=bystander.pid, supervisor_started=since),
    )
    assert status(project.root) is None
    assert stop(project.root) == []
    assert bystander.poll() is None
    bystander.kill()
    bystander.wait()


def killed_run(root: Path, pid: int) -> None:
    """The state of a run whose supervisor is gone, and one of whose processes is not."""
    processes = [a_process(pid)._asdict()]
    forge(root, a_state(root, supervisor_pid=2**22 + 1, processes=processes, run="run-1"))


def test_what_a_killed_run_left_is_ended(project: Project) -> None:
    env = os.environ | {family.RUN_VARIABLE: "run-1/web"}
    left = subprocess.Popen(
        (sys.executable, "-c", "import time; time.sleep(1000)"), env=env, start_new_session=True
    )
    # The kernel shows the environment of a process a moment after it was started.
    eventually(lambda: family.mark_of(left.pid), "the mark is seen")
    killed_run(project.root, left.pid)
    (said,) = report(project.root).problems
    assert f"has left web (pid {left.pid}): devtool stop ends that" in said
    (stopped,) = stop(project.root)
    assert stopped.leftovers == (left.pid,)
    assert report(project.root).problems == ()
    assert left.wait(60) == -signal.SIGTERM


def test_a_port_held_by_what_a_killed_run_left_names_the_way_out(project: Project) -> None:
    listen = "import socket; s = socket.create_server(('127.0.0.1', 0)); print(s.getsockname()[1], flush=True); s.accept()"
    env = os.environ | {family.RUN_VARIABLE: "run-1/web"}
    with subprocess.Popen(
        (sys.executable, "-c", listen),
        env=env,
        start_new_session=True,
        stdout=subprocess.PIPE,
        text=True,
    ) as left:
        assert left.stdout is not None
        port = int(left.stdout.readline())
        killed_run(project.root, left.pid)
        with pytest.raises(PortTakenError) as caught:
            prepare(project.plan(project.web("web", port)))
        left.kill()
    assert "devtool stop" in caught.value.hint


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "no JSON"),
        ("{", "no JSON"),
        ("[]", "holds no object"),
        ("[" * 100_000, "no JSON"),
        ('{"schema": 99}', "schema is 99, not 1"),
        ('{"schema": 1}', "processes are no list"),
        ('{"schema": 1, "processes": []}', "is missing"),
        ('{"schema": 1, "processes": ["x"]}', "process is no object"),
        ("\udcff".encode("utf-8", "surrogateescape").decode("latin-1"), "no JSON"),
    ],
)
def test_a_broken_state_is_named_and_survived(project: Project, text: str, problem: str) -> None:
    path = forge(project.root, text)
    told = report(project.root)
    assert told.runs == ()
    (said,) = told.problems
    assert str(path) in said
    assert problem in said


@pytest.mark.parametrize(
    "changes",
    [{"supervisor_pid": "1"}, {"supervisor_pid": True}, {"started_at": None}, {"run": 3}],
)
def test_a_field_of_the_wrong_type_is_named(project: Project, changes: dict[str, object]) -> None:
    forge(project.root, a_state(project.root, **changes))
    (said,) = report(project.root).problems
    assert next(iter(changes)) in said


def test_a_state_that_is_a_link_a_pipe_or_huge_is_not_read(project: Project) -> None:
    path = forge(project.root, "x")
    secret = project.root / "secret"
    secret.write_text(json.dumps(a_state(project.root)), encoding="utf-8")
    path.unlink()
    path.symlink_to(secret)
    assert len(report(project.root).problems) == 1
    path.unlink()
    os.mkfifo(path)
    assert len(report(project.root).problems) == 1
    path.unlink()
    with path.open("wb") as file:
        file.truncate(1 << 40)
    assert len(report(project.root).problems) == 1


def test_writing_replaces_a_planted_link_and_leaves_its_target(project: Project) -> None:
    slot = Slot.take(project.root)
    target = project.root / "precious"
    target.write_text("precious", encoding="utf-8")
    slot.path.symlink_to(target)
    me = os.getpid()
    slot.write(RunState(root="/", supervisor_pid=me, supervisor_started=1.0, started_at=1.0))
    slot.release()
    assert target.read_text(encoding="utf-8") == "precious"
    assert not slot.path.is_symlink()
    assert read(slot.path).supervisor_pid == me


def test_a_folder_that_is_a_link_is_refused(project: Project) -> None:
    folder = project_folder(project.root)
    folder.parent.mkdir(parents=True)
    folder.symlink_to(project.root)
    with pytest.raises(OSError, match="no folder"):
        Slot.take(project.root)
    assert list(project.root.iterdir()) == []


def test_an_open_folder_is_closed(tmp_path: Path) -> None:
    folder = tmp_path / "open"
    folder.mkdir(mode=0o777)
    make_private(folder)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_run_goes_on_without_a_state_folder(
    drive: Drive, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocked = project.root / "file"
    blocked.write_text("", encoding="utf-8")
    monkeypatch.setenv("DEVTOOL_STATE_DIR", str(blocked))
    run = drive(project.plan(project.service("one", "print('hello')")))
    assert run.wait() == 0
    assert "hello" in run.text
    assert run.text.count("no `devtool status` of this run") == 1


def test_a_run_whose_state_was_spoilt_is_seen_and_can_be_stopped(
    drive: Drive, project: Project
) -> None:
    run = drive(project.plan(project.service("one", WAITS)))
    run.wait_for("waiting")
    eventually(lambda: report(project.root).runs, "it is seen")
    (state,) = report(project.root).runs
    slot = project_folder(project.root) / "state.json"
    slot.write_bytes(b"\0\xff")
    told = report(project.root)
    assert [each.supervisor_pid for each in told.runs] == [state.supervisor_pid]
    assert "it is no JSON" in told.problems[0]
    with pytest.raises(ServiceError, match="within 0 s"):
        wait_until_ready(project.root, timeout=0)
    (stopped,) = stop(project.root)
    assert stopped.ended
    assert run.wait() == 143
    assert report(project.root).runs == ()


def test_a_full_disk_does_not_make_the_state_a_lie(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    slot = Slot.take(project.root)
    slot.write(RunState(str(project.root), 1, 1.0, 1.0))

    def full(_path: Path, _text: bytes) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("devtool.runner.state._write_new", full)
    process = ProcessState(name="web", role="backend", status=Status.READY, pid=7)
    slot.write(RunState(str(project.root), 1, 1.0, 1.0, (process,)))
    assert read(slot.path).processes == (process,)
    slot.write(RunState(str(project.root), 1, 1.0, 1.0))
    assert read(slot.path).processes == ()
    too_many = tuple(process._replace(name=f"web-{n}") for n in range(100))
    with pytest.raises(OSError, match="No space left"):
        slot.write(RunState(str(project.root), 1, 1.0, 1.0, too_many))
    assert read(slot.path).processes == ()
    slot.release()


def test_the_folder_is_the_one_of_platformdirs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DEVTOOL_STATE_DIR")
    for base in ("", "/somewhere", "relative"):
        monkeypatch.setenv("XDG_STATE_HOME", base)
        own = Path("/somewhere" if base == "/somewhere" else "~/.local/state").expanduser()
        assert state_folder() == own / "devtool"
    monkeypatch.delenv("XDG_STATE_HOME")
    assert str(state_folder()) == platformdirs.user_state_dir("devtool", appauthor=False)


def test_a_deleted_root_can_still_be_asked_about_and_stopped(
    drive: Drive, project: Project, tmp_path: Path
) -> None:
    run = drive(project.plan(project.service("one", WAITS)))
    run.wait_for("waiting")
    eventually(lambda: status(project.root), "state is written")
    project.root.rename(tmp_path / "moved")
    assert status(project.root) is not None
    assert len(stop(project.root)) == 1
    assert run.wait() == 143
