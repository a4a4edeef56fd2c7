"""Runs in the background, and the commands that ask about them."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from devtool.runner import family
from tests.cli.conftest import WEB, WORKER, Start, declare, devtool
from tests.e2e.running import DEVTOOL, get

FILE_SIZE = resource.RLIMIT_FSIZE


@pytest.fixture(autouse=True)
def nothing_is_left(root: Path, state: Path) -> Iterator[None]:
    """Whatever a test left in the background is stopped."""
    yield
    assert devtool(root, state, "stop", "--timeout", "60").returncode == 0


def told(root: Path, state: Path) -> dict[str, object]:
    """What `devtool status --json` says."""
    value: dict[str, object] = json.loads(devtool(root, state, "status", "--json").stdout)
    return value


def pids(root: Path, state: Path) -> dict[str, int | None]:
    """The pid of each service."""
    processes = told(root, state)["processes"]
    assert isinstance(processes, list)
    return {each["name"]: each["pid"] for each in processes}


def supervisor(root: Path, state: Path) -> int:
    """The pid of the process that keeps watch."""
    pid = told(root, state)["supervisor_pid"]
    assert isinstance(pid, int)
    return pid


def begin(root: Path, state: Path, *args: str) -> subprocess.Popen[str]:
    """Start a command of devtool, and leave it."""
    return subprocess.Popen(
        (DEVTOOL, *args),
        cwd=root,
        env=os.environ | {"XDG_STATE_HOME": str(state)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_a_detached_run_answers_and_outlives_the_command(
    root: Path, state: Path, port: int
) -> None:
    declare(root, WEB, WORKER, port=port)
    done = devtool(root, state, "run", "--detach")
    assert done.returncode == 0, done.stderr
    assert f"http://127.0.0.1:{port} is ready" in done.stdout
    assert get(f"http://127.0.0.1:{port}/").status_code == 200
    pid = supervisor(root, state)
    assert psutil.Process(pid).terminal() is None
    assert devtool(root, state, "stop").stdout.startswith("stopped backend, worker")
    assert family.started(pid) is None


def test_a_detached_run_that_fails_says_so(root: Path, state: Path) -> None:
    code = "print('no database'); raise SystemExit(3)"
    declare(
        root,
        f'[services.job]\ncommand = [{{python}}, "-c", "{code}"]\nready = {{{{ log = "up" }}}}',
    )
    done = devtool(root, state, "run", "--detach")
    assert done.returncode == 3
    assert "devtool logs" in done.stderr
    assert "no database" in devtool(root, state, "logs", "job").stdout


def test_a_detached_run_refuses_as_one_in_the_foreground(
    root: Path, state: Path, port: int
) -> None:
    declare(root, WEB, port=port)
    assert devtool(root, state, "run", "--detach").returncode == 0
    again = devtool(root, state, "run", "--detach")
    assert again.returncode == 2
    assert f"port {port}" in again.stderr
    assert "another devtool run" in again.stderr


def test_a_console_program_is_not_detached(root: Path, state: Path) -> None:
    declare(root, '[services.app]\ncommand = [{python}, "-c", "1"]\nrole = "console"\ntty = true\n')
    refused = devtool(root, state, "run", "--detach")
    assert refused.returncode == 1
    assert "needs the terminal" in refused.stderr


def test_one_service_is_restarted_and_the_other_stays(root: Path, state: Path, port: int) -> None:
    declare(root, WEB, WORKER, port=port)
    devtool(root, state, "run", "--detach")
    before = pids(root, state)
    done = devtool(root, state, "restart", "backend")
    assert done.returncode == 0, done.stderr
    assert "backend is ready again" in done.stdout
    after = pids(root, state)
    assert after["worker"] == before["worker"]
    assert after["backend"] != before["backend"]
    assert get(f"http://127.0.0.1:{port}/").status_code == 200


def test_one_service_is_stopped_and_the_other_stays(root: Path, state: Path, port: int) -> None:
    declare(root, WEB, WORKER, port=port)
    devtool(root, state, "run", "--detach")
    done = devtool(root, state, "stop", "worker")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("stopped worker")
    assert pids(root, state)["worker"] is None
    assert get(f"http://127.0.0.1:{port}/").status_code == 200
    assert devtool(root, state, "restart", "worker").returncode == 0
    assert pids(root, state)["worker"] is not None


@pytest.mark.parametrize("command", [("stop", "nobody"), ("restart", "nobody")])
def test_a_service_that_is_not_there_is_named(
    root: Path, state: Path, command: tuple[str, str]
) -> None:
    assert "nothing is running" in devtool(root, state, *command).stderr
    declare(root, WORKER)
    devtool(root, state, "run", "--detach")
    refused = devtool(root, state, *command)
    assert refused.returncode == 1
    assert "'nobody'" in refused.stderr
    assert "there are: worker" in refused.stderr


def test_waiting_ends_when_everything_answers(
    start: Start, root: Path, state: Path, port: int
) -> None:
    declare(root, WEB, WORKER, port=port)
    with begin(root, state, "wait", "--ready", "--timeout", "60") as waiting:
        run = start("run")
        out, _ = waiting.communicate(timeout=60)
    assert waiting.returncode == 0
    assert f"backend ready  http://127.0.0.1:{port}" in out
    assert run.stop(signal.SIGTERM) == 143


def test_waiting_does_not_wait_for_ever(root: Path, state: Path, port: int) -> None:
    late = devtool(root, state, "wait", "--timeout", "0.1")
    assert late.returncode == 5
    assert "nothing has been started" in late.stderr
    declare(root, WORKER, f'ready = {{{{ port = "127.0.0.1:{port}" }}}}\n')
    with begin(root, state, "run"):
        while "worker" not in pids(root, state):
            time.sleep(0.05)
        late = devtool(root, state, "wait", "--timeout", "0.1")
        devtool(root, state, "stop")
    assert late.returncode == 5
    assert "worker did not answer" in late.stderr


def test_logs_are_kept_and_filtered(root: Path, state: Path) -> None:
    code = "import sys; [print('line', n) for n in range(300)]; print('oops', file=sys.stderr)"
    command = f'command = [{{python}}, "-c", "{code}"]\none_shot = true\n'
    declare(root, f"[services.job]\n{command}", f"[services.other]\n{command}")
    assert devtool(root, state, "run").returncode == 0
    assert devtool(root, state, "logs", "job", "--grep", "line 29\\d").stdout.count("\n") == 10
    assert devtool(root, state, "logs", "job", "-n", "7").stdout.count("\n") == 7
    assert devtool(root, state, "logs", "job", "--since", "1h", "-n", "0").stdout == ""
    assert devtool(root, state, "logs", "job", "--since", "2100-01-01").stdout == ""
    both = devtool(root, state, "logs", "job", "other", "--grep", "oops").stdout
    assert sorted(both.splitlines()) == ["job   | oops", "other | oops"]
    line = json.loads(devtool(root, state, "logs", "job", "--json", "--grep", "oops").stdout)
    assert (line["service"], line["line"]) == ("job", "oops")
    assert abs(time.time() - line["time"]) < 600


@pytest.mark.parametrize("option", [("--since", "yesterday"), ("--grep", "(")])
def test_a_filter_that_means_nothing_is_refused(
    root: Path, state: Path, option: tuple[str, str]
) -> None:
    declare(root, '[services.job]\ncommand = [{python}, "-c", "print(1)"]\none_shot = true\n')
    devtool(root, state, "run")
    refused = devtool(root, state, "logs", *option)
    assert refused.returncode == 2
    assert option[0] in refused.stderr


def test_logs_of_nothing_are_an_error(root: Path, state: Path) -> None:
    none = devtool(root, state, "logs")
    assert none.returncode == 1
    assert "no logs" in none.stderr


def test_following_shows_what_comes_and_ends_with_the_run(root: Path, state: Path) -> None:
    code = "import itertools, time\\nfor n in itertools.count(): print(n, flush=True); time.sleep(0.05)"
    declare(root, f'[services.worker]\ncommand = [{{python}}, "-c", "{code}"]\n')
    assert devtool(root, state, "run", "--detach").returncode == 0
    with begin(root, state, "logs", "-f", "worker") as following:
        assert following.stdout is not None
        assert [int(following.stdout.readline()) for _ in range(10)] == list(range(10))
        devtool(root, state, "stop")
        following.communicate(timeout=60)
        assert following.returncode == 0


def test_status_is_watched(root: Path, state: Path) -> None:
    declare(root, WORKER)
    with begin(root, state, "status", "--watch", "--json") as watching:
        assert watching.stdout is not None
        assert json.loads(watching.stdout.readline())["running"] is False
        devtool(root, state, "run", "--detach")
        assert json.loads(watching.stdout.readline())["running"] is True
        devtool(root, state, "stop")
        while json.loads(watching.stdout.readline())["running"]:
            pass
        watching.kill()


def test_every_project_of_a_user_is_shown(root: Path, state: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    for folder in (root, other):
        declare(folder, WORKER)
        assert devtool(folder, state, "run", "--detach").returncode == 0
    text = devtool(tmp_path, state, "status", "--all").stdout
    assert str(root) in text
    assert str(other) in text
    everything = json.loads(devtool(tmp_path, state, "status", "--all", "--json").stdout)
    assert len(everything["runs"]) == 2
    assert devtool(other, state, "stop").returncode == 0


def test_a_killed_supervisor_leaves_nothing_and_is_followed_by_another(
    root: Path, state: Path, port: int
) -> None:
    declare(root, WEB, port=port)
    devtool(root, state, "run", "--detach")
    server = psutil.Process(pids(root, state)["backend"])
    os.kill(supervisor(root, state), signal.SIGKILL)
    server.wait(60)
    assert "nothing is running" in devtool(root, state, "status").stdout
    assert devtool(root, state, "run", "--detach").returncode == 0
    assert get(f"http://127.0.0.1:{port}/").status_code == 200


@pytest.mark.parametrize("folder", ["/dev/null/state", "full"])
def test_a_run_that_nobody_could_see_is_not_left_in_the_background(
    folder: str, root: Path, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    declare(root, WORKER)
    if folder != "full":
        monkeypatch.setenv("DEVTOOL_STATE_DIR", folder)
    limit = (0, resource.RLIM_INFINITY) if folder == "full" else resource.getrlimit(FILE_SIZE)
    done = subprocess.run(
        (DEVTOOL, "run", "--detach"),
        cwd=root,
        env=os.environ | {"XDG_STATE_HOME": str(state)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        preexec_fn=lambda: resource.setrlimit(FILE_SIZE, limit),
    )
    assert done.returncode == 1
    assert "cannot be left in the background: the state folder cannot be written" in done.stderr
    monkeypatch.delenv("DEVTOOL_STATE_DIR", raising=False)


def test_a_detached_run_does_not_wait_for_what_never_answers(
    root: Path, state: Path, port: int
) -> None:
    (root / "devtool.toml").write_text(
        '[services.deaf]\ncommand = ["sleep", "100"]\n'
        f'port = {port}\nready = {{ http = "/", timeout = 0.5 }}\n'
    )
    done = devtool(root, state, "run", "--detach")
    assert done.returncode == 5
    assert "deaf has not answered within 0.5 s; it runs on in the background" in done.stderr
    assert pids(root, state)["deaf"] is not None
