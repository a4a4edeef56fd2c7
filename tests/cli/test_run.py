"""`devtool run`, `hot-reload`, `status` and `stop` as a user meets them, on declared services."""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import WEB, WORKER, Start, declare, devtool
from tests.e2e.running import get


def test_a_run_is_up_seen_and_stopped(start: Start, root: Path, state: Path, port: int) -> None:
    declare(root, WEB, WORKER, port=port)
    run = start("run")
    run.wait_until_ready(f"http://127.0.0.1:{port}")
    run.wait_for(r"worker  \| working")
    assert get(f"http://127.0.0.1:{port}/").status_code == 200
    seen = devtool(root, state, "status")
    assert f"backend  ready      http://127.0.0.1:{port}  pid" in seen.stdout
    stopped = devtool(root, state, "stop")
    assert stopped.returncode == 0
    assert stopped.stdout == f"stopped backend, worker (devtool pid {run.process.pid})\n"
    assert run.wait() == 143
    assert run.family() == []


def test_status_is_told_as_json(start: Start, root: Path, state: Path, port: int) -> None:
    declare(root, WEB, port=port)
    start("run").wait_until_ready(f"http://127.0.0.1:{port}")
    told = json.loads(devtool(root, state, "status", "--json").stdout)
    assert told["schema"] == 1
    assert told["running"] is True
    (service,) = told["processes"]
    assert service["status"] == "ready"
    assert service["url"] == f"http://127.0.0.1:{port}"
    assert service["uptime"] > 0


def test_nothing_runs(root: Path, state: Path) -> None:
    for command in ("status", "stop"):
        done = devtool(root, state, command)
        assert (done.returncode, done.stdout) == (0, "nothing is running\n")
    assert json.loads(devtool(root, state, "status", "--json").stdout)["running"] is False
    assert json.loads(devtool(root, state, "stop", "--json").stdout)["stopped"] == []
    assert not state.exists()


def test_what_failed_last_time_is_told(root: Path, state: Path) -> None:
    declare(root, '[services.job]\ncommand = [{python}, "-c", "raise SystemExit(3)"]\n')
    assert devtool(root, state, "run").returncode == 3
    assert "last time job failed with code 3" in devtool(root, state, "status").stdout


@pytest.mark.parametrize(("signum", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_stops_everything(
    start: Start, root: Path, signum: signal.Signals, code: int
) -> None:
    declare(root, WORKER)
    run = start("run")
    run.wait_for("(?m)^working")
    assert run.stop(signum) == code
    assert run.family() == []


def test_a_dry_run_starts_nothing_and_hides_values(root: Path, state: Path, port: int) -> None:
    secret = '[services.backend.env]\nTOKEN = "sesame"\n'
    declare(root, WEB, secret, port=port)
    plain = devtool(root, state, "run", "--dry-run")
    assert plain.returncode == 0
    assert f"url      http://127.0.0.1:{port}" in plain.stdout
    assert "TOKEN" in plain.stdout
    asked = devtool(root, state, "run", "--dry-run", "--json")
    (service,) = json.loads(asked.stdout)["services"]
    assert service["argv"][0] == sys.executable
    assert service["env"] == ["PORT", "HOST", "TOKEN"]
    assert "sesame" not in plain.stdout + asked.stdout
    assert not state.exists()


def test_only_and_except_choose(root: Path, state: Path, port: int) -> None:
    declare(root, WEB, WORKER, port=port)

    def names(*args: str) -> list[str]:
        told = devtool(root, state, "run", "--dry-run", "--json", *args)
        return [service["name"] for service in json.loads(told.stdout)["services"]]

    assert names() == ["backend", "worker"]
    assert names("--only", "worker") == ["worker"]
    assert names("--only", "worker,backend") == ["backend", "worker"]
    assert names("--except", "worker") == ["backend"]
    wrong = devtool(root, state, "run", "--only", "wroker")
    assert wrong.returncode == 2
    assert "backend, worker" in wrong.stderr


def test_further_words_go_to_the_main_service(root: Path, state: Path, port: int) -> None:
    declare(root, WEB, port=port)
    told = devtool(root, state, "run", "--dry-run", "--json", "--", "--directory", "x y")
    assert json.loads(told.stdout)["services"][0]["argv"][-2:] == ["--directory", "x y"]
    stray = devtool(root, state, "run", "somewhere")
    assert stray.returncode == 2
    assert "after --" in stray.stderr


def test_a_taken_port_is_refused_before_anything_starts(root: Path, state: Path, port: int) -> None:
    declare(
        root,
        "[services.worker]\ncommand = [{python}, \"-c\", \"open('started', 'w')\"]\n",
        WEB,
        port=port,
    )
    with socket.create_server(("127.0.0.1", port)):
        refused = devtool(root, state, "run")
    assert refused.returncode == 2
    assert f"port {port} on 127.0.0.1" in refused.stderr
    assert f"(pid {os.getpid()})" in refused.stderr
    assert "--port auto" in refused.stderr
    assert not (root / "started").exists()


@pytest.mark.parametrize(
    "option", [("--port", "99999"), ("--port", "x"), ("--host", "a b"), ("--grace", "-1")]
)
def test_a_wrong_option_is_refused(
    root: Path, state: Path, port: int, option: tuple[str, str]
) -> None:
    declare(root, WEB, port=port)
    refused = devtool(root, state, "run", *option)
    assert refused.returncode == 2
    assert option[0].strip("-") in refused.stderr


def test_a_console_program_keeps_its_output_to_itself(root: Path, state: Path) -> None:
    declare(
        root,
        '[services.app]\ncommand = [{python}, "-c", "print(6 * 7)"]\nrole = "console"\ntty = true\n',
    )
    done = devtool(root, state, "run")
    assert (done.returncode, done.stdout, done.stderr) == (0, "42\n", "")


def test_variables_come_from_files_and_ours_win(
    root: Path, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = "import os; print(os.environ['COLOUR'], os.environ['SHAPE'], os.environ['SIZE'])"
    declare(
        root,
        f'[services.app]\ncommand = [{{python}}, "-c", "{code}"]\n[services.app.env]\nSIZE = "declared"\n',
    )
    (root / "shop.env").write_text(
        "COLOUR=file\nexport SHAPE='from file'  # a comment\nSIZE=file\n", encoding="utf-8"
    )
    monkeypatch.setenv("COLOUR", "ours")
    done = devtool(root, state, "run", "--env-file", "shop.env")
    assert done.returncode == 0, done.stderr
    assert "ours from file declared\n" in done.stdout


def test_a_folder_that_is_gone_is_no_traceback(root: Path, state: Path) -> None:
    for command in ("run", "status", "stop"):
        done = devtool(root, state, command, "-C", "no such folder")
        assert "Traceback" not in done.stderr
        assert done.returncode == (2 if command == "run" else 0)
