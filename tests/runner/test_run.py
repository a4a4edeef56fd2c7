"""Whole runs with real processes: started, ready, passed through, stopped, and nothing left."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import threading
import urllib.request
from pathlib import Path

import psutil
import pytest

from devtool.errors import ConfigError, ToolchainError
from devtool.model.launch import LaunchPlan, Probe, ProbeKind, RestartPolicy
from devtool.runner import prepare, run
from tests.runner.conftest import Drive, Project, eventually, marked

WAITS = """
    import time
    print("waiting", flush=True)
    time.sleep(1000)
"""

# Ignores every gentle signal.
DEAF = """
    import signal, time
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    print("deaf", flush=True)
    time.sleep(1000)
"""

FAMILIES = {
    "grandchild": """
        import subprocess, sys, time
        subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1000)"])
        print("family", flush=True)
        time.sleep(1000)
    """,
    "shell wrapper": """
        import os
        os.execvp("sh", ["sh", "-c", "echo family; sleep 1000; echo never"])
    """,
    "setsid daemon": """
        import subprocess, sys, time
        subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1000)"], start_new_session=True)
        print("family", flush=True)
        time.sleep(1000)
    """,
    "double fork": """
        import os, time
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                time.sleep(1000)
            os._exit(0)
        os.wait()
        print("family", flush=True)
        time.sleep(1000)
    """,
    "daemon that ignores signals": """
        import os, signal, time
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                time.sleep(1000)
            os._exit(0)
        os.wait()
        print("family", flush=True)
        time.sleep(1000)
    """,
    "stopped": """
        import os, signal
        print("family", flush=True)
        os.kill(os.getpid(), signal.SIGSTOP)
    """,
}

# Leaves its parent, its session and its environment behind; only descent tells whose it is.
NAMELESS = """
    import os, sys, time
    read, write = os.pipe()
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.set_inheritable(write, True)
            code = "import os, time; os.write(%d, str(os.getpid()).encode()); os.close(%d); time.sleep(1000)"
            os.execve(sys.executable, [sys.executable, "-c", code % (write, write)], {})
        os._exit(0)
    os.wait()
    print("daemon", os.read(read, 20).decode(), flush=True)
    time.sleep(1000)
"""


def test_the_url_is_shown_once_it_answers(drive: Drive, project: Project, port: int) -> None:
    run = drive(project.plan(project.web("backend", port)))
    run.wait_for(rf"http://127\.0\.0\.1:{port} ready in \d+\.\d\d s")
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/") as answer:
        assert answer.status == 200
    run.send(signal.SIGTERM)
    assert run.wait() == 143


@pytest.mark.parametrize(
    ("signum", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
@pytest.mark.parametrize("guard", [(), ("--unguarded",)], ids=["guarded", "alone"])
def test_a_signal_ends_everything(
    drive: Drive, project: Project, signum: signal.Signals, code: int, guard: tuple[str, ...]
) -> None:
    services = [project.service(name, WAITS) for name in ("one", "two")]
    run = drive(project.plan(*services), *guard)
    run.wait_for(r"one \| waiting")
    run.wait_for(r"two \| waiting")
    run.send(signum)
    assert run.wait() == code


@pytest.mark.parametrize("kind", FAMILIES)
@pytest.mark.parametrize("guard", [(), ("--unguarded",)], ids=["guarded", "alone"])
def test_no_relative_survives_a_stop(
    drive: Drive, project: Project, mark: str, kind: str, guard: tuple[str, ...]
) -> None:
    run = drive(project.plan(project.service("one", FAMILIES[kind], grace=0.5)), *guard)
    run.wait_for("family")
    run.send(signal.SIGTERM)
    assert run.wait() == 143
    assert [each.pid for each in marked(mark)] == [os.getpid()] or not marked(mark)


@pytest.mark.parametrize("kind", FAMILIES)
@pytest.mark.parametrize("guard", [(), ("--unguarded",)], ids=["guarded", "alone"])
def test_no_relative_survives_a_killed_devtool(
    drive: Drive, project: Project, mark: str, kind: str, guard: tuple[str, ...]
) -> None:
    run = drive(project.plan(project.service("one", FAMILIES[kind])), *guard)
    run.wait_for("family")
    run.send(signal.SIGKILL)
    eventually(lambda: not [p for p in marked(mark) if p.pid != os.getpid()], "all gone")


def test_no_relative_survives_a_killed_worker(drive: Drive, project: Project, mark: str) -> None:
    run = drive(project.plan(project.service("one", FAMILIES["double fork"])))
    run.wait_for("family")
    (worker,) = psutil.Process(run.pid).children()
    worker.kill()
    assert run.wait() == 137
    assert "killed by SIGKILL" in run.text
    assert not [p for p in marked(mark) if p.pid != os.getpid()]


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGKILL])
def test_even_a_daemon_without_a_name_is_ended(
    drive: Drive, project: Project, signum: signal.Signals
) -> None:
    run = drive(project.plan(project.service("one", NAMELESS)))
    pid = int(run.wait_for(r"daemon (\d+)\s")[1])
    run.send(signum)
    run.process.wait(60)
    eventually(lambda: not psutil.pid_exists(pid), "the daemon is gone")


def test_killing_the_process_group_leaves_nothing(
    drive: Drive, project: Project, mark: str
) -> None:
    run = drive(project.plan(project.service("one", FAMILIES["setsid daemon"])))
    run.wait_for("family")
    os.killpg(run.pid, signal.SIGKILL)
    run.process.wait(60)
    eventually(lambda: not [p for p in marked(mark) if p.pid != os.getpid()], "all gone")


def test_a_second_interrupt_does_not_wait_for_the_grace(drive: Drive, project: Project) -> None:
    run = drive(project.plan(project.service("one", DEAF, grace=3600.0)))
    run.wait_for("deaf")
    run.send(signal.SIGINT)
    # The first is an echo of the second if it comes at once; whoever types again is slower.
    threading.Timer(0.5, run.send, (signal.SIGINT,)).start()
    assert run.wait() == 130


def test_a_deaf_service_is_killed_after_its_grace(drive: Drive, project: Project) -> None:
    run = drive(project.plan(project.service("one", DEAF, grace=0.3)))
    run.wait_for("deaf")
    run.send(signal.SIGTERM)
    assert run.wait() == 143


@pytest.mark.parametrize("code", [0, 3, 255])
def test_the_exit_code_of_a_single_service_is_passed_on(
    drive: Drive, project: Project, code: int
) -> None:
    run = drive(project.plan(project.service("one", f"raise SystemExit({code})")))
    assert run.wait() == code


def test_a_signal_death_is_named(drive: Drive, project: Project) -> None:
    run = drive(project.plan(project.service("one", "import os; os.kill(os.getpid(), 9)")))
    assert run.wait() == 137
    assert "one was killed by SIGKILL" in run.text


def test_the_first_to_die_ends_the_others_and_gives_the_code(
    drive: Drive, project: Project
) -> None:
    dies = project.service(
        "dies", "import sys; print('cannot open the shop'); sys.exit(7)", needs=("lives",)
    )
    run = drive(project.plan(project.service("lives", WAITS), dies))
    assert run.wait() == 7
    assert "dies exited with code 7" in run.text
    assert "the last lines of dies:\n    cannot open the shop\n" in run.text


def test_a_service_waits_for_what_it_needs(drive: Drive, project: Project, port: int) -> None:
    ask = f"""
        import urllib.request
        print("answer", urllib.request.urlopen("http://127.0.0.1:{port}/").status, flush=True)
    """
    needs = project.service("frontend", ask, needs=("backend",))
    run = drive(project.plan(project.web("backend", port), needs))
    assert run.wait() == 0
    assert "frontend | answer 200" in run.text


def test_a_one_shot_service_ends_before_what_needs_it_starts(
    drive: Drive, project: Project
) -> None:
    migrate = project.service("migrate", "open('migrated', 'w')", one_shot=True)
    check = "import os; print('migrated:', os.path.exists('migrated'))"
    run = drive(project.plan(migrate, project.service("check", check, needs=("migrate",))))
    assert run.wait() == 0
    assert "check   | migrated: True" in run.text


def test_a_failed_one_shot_service_ends_the_run(drive: Drive, project: Project) -> None:
    migrate = project.service("migrate", "raise SystemExit(4)", one_shot=True)
    run = drive(project.plan(migrate, project.service("app", WAITS, needs=("migrate",))))
    assert run.wait() == 4
    assert "waiting" not in run.text


def test_a_service_is_started_again(drive: Drive, project: Project) -> None:
    code = """
        import os, sys, time
        if not os.path.exists("once"):
            open("once", "w")
            sys.exit(9)
        print("second life", flush=True)
        time.sleep(1000)
    """
    service = project.service("one", code, restart=RestartPolicy.ON_FAILURE)
    run = drive(project.plan(service))
    run.wait_for("one exited with code 9")
    run.wait_for("one is started again")
    run.wait_for("second life")
    run.send(signal.SIGTERM)
    assert run.wait() == 143


def test_a_service_killed_from_outside_is_started_again(
    drive: Drive, project: Project, port: int
) -> None:
    web = project.web("backend", port, restart=RestartPolicy.ALWAYS)
    run = drive(project.plan(web, project.service("other", WAITS)))
    run.wait_for("ready in")
    (worker,) = psutil.Process(run.pid).children()
    (server,) = [each for each in worker.children() if "http.server" in each.cmdline()]
    server.kill()
    run.wait_for("backend was killed by SIGKILL")
    eventually(lambda: run.text.count("ready in") == 2, "ready again")


def test_a_log_line_may_mean_readiness(drive: Drive, project: Project) -> None:
    code = """
        import time
        print("listening on nothing", flush=True)
        time.sleep(1000)
    """
    probe = Probe(kind=ProbeKind.LOG, target=r"listening on \w+")
    run = drive(project.plan(project.service("worker", code, probe=probe)))
    run.wait_for(r"worker ready in \d")


def test_a_command_may_mean_readiness(drive: Drive, project: Project) -> None:
    code = "import time; open('there', 'w'); time.sleep(1000)"
    probe = Probe(kind=ProbeKind.COMMAND, target="test -e there")
    run = drive(project.plan(project.service("worker", code, probe=probe)))
    run.wait_for(r"worker ready in \d")


def test_silence_is_told(drive: Drive, project: Project, port: int) -> None:
    probe = Probe(kind=ProbeKind.PORT, target=f"127.0.0.1:{port}", timeout=0.2)
    run = drive(project.plan(project.service("worker", WAITS, probe=probe)))
    run.wait_for(r"worker runs, but nothing has answered for 0\.2 s")


def test_a_program_that_is_not_there_is_named(drive: Drive, project: Project) -> None:
    service = project.service("one", "")
    plan = project.plan(
        type(service)(name="one", role=service.role, argv=("no-such-program",), cwd=service.cwd)
    )
    run = drive(plan)
    assert run.wait() == 5
    assert "one cannot be started: there is no program no-such-program" in run.text


def test_a_taken_port_starts_nothing(drive: Drive, project: Project, port: int) -> None:
    witness = project.service("frontend", "open('started', 'w')")
    with socket.create_server(("127.0.0.1", port)):
        run = drive(project.plan(witness, project.web("backend", port)))
        assert run.wait() == 2
    assert f"port {port}" in run.text
    assert f"(pid {os.getpid()})" in run.text
    assert "--port auto" in run.text
    assert not (project.root / "started").exists()


def test_of_six_starts_at_once_one_serves(drive: Drive, project: Project, port: int) -> None:
    plan = project.plan(project.web("backend", port))
    started = [drive(plan) for _ in range(6)]
    eventually(lambda: sum(each.process.poll() is None for each in started) == 1, "one is left")
    (winner,) = (each for each in started if each.process.poll() is None)
    winner.wait_for("ready in")
    losers = [each for each in started if each is not winner]
    assert {each.wait() for each in losers} == {2}
    assert all(f"port {port}" in each.text for each in losers)


def test_a_service_that_cannot_run_yet_says_what_to_do(project: Project) -> None:
    service = project.service(
        "one", "", runnable="there is no environment", fix="devtool run --sync"
    )
    with pytest.raises(ToolchainError) as caught:
        prepare(project.plan(service))
    assert caught.value.hint == "devtool run --sync"


def test_a_host_that_is_not_ours_is_refused(project: Project, port: int) -> None:
    service = project.service("one", "", host="192.0.2.1", port=port)
    with pytest.raises(ConfigError, match=r"cannot listen on 192\.0\.2\.1"):
        prepare(project.plan(service))


def test_a_run_in_a_thread_leaves_signals_alone(project: Project, tmp_path: Path) -> None:
    before = signal.getsignal(signal.SIGINT)
    codes: list[int] = []
    plan: LaunchPlan = project.plan(project.service("one", "print('hello'); raise SystemExit(3)"))
    out = os.open(tmp_path / "out", os.O_WRONLY | os.O_CREAT)
    with contextlib.closing(os.fdopen(out, "wb")):
        thread = threading.Thread(target=lambda: codes.append(run(plan, out=out, err=out)))
        thread.start()
        thread.join(60)
    assert codes == [3]
    assert signal.getsignal(signal.SIGINT) == before
    assert (tmp_path / "out").read_bytes().startswith(b"hello\n")


def test_ports_are_free_again_after_a_run(project: Project, port: int, tmp_path: Path) -> None:
    service = project.service("one", "", host="127.0.0.1", port=port)
    with (tmp_path / "out").open("wb") as out:
        assert run(project.plan(service), out=out.fileno(), err=out.fileno()) == 0
        assert run(project.plan(service), out=out.fileno(), err=out.fileno()) == 0
