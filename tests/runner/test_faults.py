"""Faults that nobody plans for: stopped processes, families that fight back, disks without room."""

from __future__ import annotations

import os
import resource
import signal
import sys

import psutil
import pytest

from devtool.runner import stop
from tests.runner.conftest import Drive, Driven, Project, eventually, marked
from tests.runner.test_run import WAITS

# A relative that sees its end coming starts a successor first.
HYDRA = """
    import subprocess, sys, time
    CODE = (
        "import signal, subprocess, sys, time\\n"
        "def again(*_):\\n"
        "    argv = [sys.executable, '-c', sys.argv[1], sys.argv[1]]\\n"
        "    subprocess.Popen(argv, start_new_session=True)\\n"
        "    sys.exit()\\n"
        "signal.signal(signal.SIGINT, again)\\n"
        "signal.signal(signal.SIGTERM, again)\\n"
        "print('family', flush=True)\\n"
        "time.sleep(1000)\\n"
    )
    subprocess.Popen([sys.executable, "-c", CODE, CODE])
    time.sleep(1000)
"""

# Never older than a moment: each generation forks the next and ends.
MAYFLY = """
    import os, time
    if os.fork() == 0:
        os.setsid()
        end = time.monotonic() + 120  # if nobody ends it, it must not go on for ever
        while time.monotonic() < end:
            if os.fork():
                os._exit(0)
            time.sleep(0.002)
    print("family", flush=True)
    time.sleep(1000)
"""

# A shutdown hook that waits for what never comes.
HANGS = """
    import signal, time
    def hang(*_):
        time.sleep(1000)
    signal.signal(signal.SIGINT, hang)
    signal.signal(signal.SIGTERM, hang)
    print("family", flush=True)
    time.sleep(1000)
"""

# Blocks what it could be told by, and stops itself and its child.
STOPPED = """
    import os, signal, time
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    pid = os.fork()
    if pid == 0:
        os.kill(os.getpid(), signal.SIGSTOP)
        time.sleep(1000)
    os.waitpid(pid, os.WUNTRACED)
    print("family", flush=True)
    os.kill(os.getpid(), signal.SIGSTOP)
"""

FIGHTERS = {"hydra": HYDRA, "mayfly": MAYFLY, "hanging hook": HANGS, "stopped": STOPPED}


def is_alone(mark: str) -> bool:
    """True if nothing lives that carries a mark, but this process."""
    return not [each for each in marked(mark) if each.pid != os.getpid()]


def worker_of(run: Driven) -> psutil.Process:
    (worker,) = psutil.Process(run.pid).children()
    return worker


@pytest.mark.parametrize("kind", FIGHTERS)
def test_what_fights_back_is_ended_within_the_grace(
    drive: Drive, project: Project, mark: str, kind: str
) -> None:
    run = drive(project.plan(project.service("one", FIGHTERS[kind], grace=0.4)))
    run.wait_for("family")
    run.send(signal.SIGTERM)
    assert run.wait() == 143
    assert is_alone(mark)


@pytest.mark.parametrize("kind", FIGHTERS)
def test_what_fights_back_does_not_outlive_a_killed_devtool(
    drive: Drive, project: Project, mark: str, kind: str
) -> None:
    run = drive(project.plan(project.service("one", FIGHTERS[kind])))
    run.wait_for("family")
    run.send(signal.SIGKILL)
    run.process.wait(60)
    eventually(lambda: is_alone(mark), "all gone")


@pytest.mark.parametrize("who", ["guardian", "worker", "service"])
def test_what_was_stopped_still_ends(drive: Drive, project: Project, who: str) -> None:
    run = drive(project.plan(project.service("one", WAITS), project.service("two", WAITS)))
    run.wait_for("two . waiting")
    worker = worker_of(run)
    {"guardian": psutil.Process(run.pid), "worker": worker, "service": worker.children()[0]}[
        who
    ].suspend()
    run.send(signal.SIGTERM)
    if who == "guardian":
        # Nothing wakes it but SIGCONT, which `devtool stop` sends.
        assert [each.ended for each in stop(project.root)] == [True]
    assert run.wait() == 143


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM, signal.SIGQUIT])
def test_a_run_that_is_not_ready_yet_ends_too(
    drive: Drive, project: Project, port: int, signum: signal.Signals
) -> None:
    migrate = project.service("migrate", WAITS, one_shot=True)
    run = drive(project.plan(migrate, project.web("web", port, needs=("migrate",))))
    run.wait_for("waiting")
    run.send(signum)
    assert run.wait() == 128 + signum
    assert "http" not in run.text


def test_a_run_under_nohup_outlives_its_terminal(drive: Drive, project: Project) -> None:
    run = drive(
        project.plan(project.service("one", WAITS)),
        preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN),
    )
    run.wait_for("waiting")
    run.send(signal.SIGHUP)
    run.send(signal.SIGTERM)
    assert run.wait() == 143


@pytest.mark.parametrize("code", [1, 2, 100, 126, 127, 128, 130, 137, 139, 143, 254])
def test_every_exit_code_is_passed_on(drive: Drive, project: Project, code: int) -> None:
    run = drive(project.plan(project.service("one", f"import os; os._exit({code})")))
    assert run.wait() == code


@pytest.mark.parametrize("signum", [signal.SIGSEGV, signal.SIGABRT, signal.SIGKILL, signal.SIGPIPE])
def test_every_death_is_named(drive: Drive, project: Project, signum: signal.Signals) -> None:
    code = f"""
        import os, signal
        signal.signal({int(signum)}, signal.SIG_DFL) if {int(signum)} != 9 else None
        os.kill(os.getpid(), {int(signum)})
    """
    run = drive(project.plan(project.service("one", code), project.service("two", WAITS)))
    assert run.wait() == 128 + signum
    assert f"one was killed by {signum.name}" in run.text


def no_file_may_grow() -> None:
    """What a full disk looks like, for one program."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)


def test_a_full_disk_stops_no_run(drive: Drive, project: Project) -> None:
    one = project.service("one", "print('still', 'here')")
    run = drive(project.plan(one, project.service("two", WAITS)), preexec_fn=no_file_may_grow)
    assert run.wait() == 0
    assert "the logs cannot be kept" in run.text
    assert "the state cannot be written" in run.text
    assert "one | still here" in run.text


@pytest.mark.skipif(sys.platform != "linux", reason="the limit counts processes on Linux only")
def test_few_descriptors_stop_no_run(drive: Drive, project: Project) -> None:
    few = (48, 48)
    run = drive(
        project.plan(*(project.service(f"s{n}", WAITS) for n in range(4))),
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, few),
    )
    for n in range(4):
        run.wait_for(rf"s{n} . waiting")
    run.send(signal.SIGINT)
    assert run.wait() == 130


def test_a_service_that_closes_its_output_lives_on(drive: Drive, project: Project) -> None:
    code = """
        import os, time
        print("last words", flush=True)
        os.close(1); os.close(2)
        open("lives", "w").close()
        time.sleep(1000)
    """
    run = drive(project.plan(project.service("one", code), project.service("two", WAITS)))
    run.wait_for("last words")
    eventually((project.root / "lives").exists, "it lives")
    run.wait_for("waiting")
    assert len(worker_of(run).children()) == 2
    run.send(signal.SIGTERM)
    assert run.wait() == 143


def test_a_stranger_with_a_pipe_of_ours_does_not_keep_a_run_alive(
    drive: Drive, project: Project, mark: str
) -> None:
    """A daemon holds the pipe of a service that has ended; it is ended as well, and with it the run."""
    code = """
        import subprocess, sys
        subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1000)"], start_new_session=True)
        print("family", flush=True)
    """
    run = drive(project.plan(project.service("one", code, grace=0.4)))
    assert run.wait() == 0
    assert is_alone(mark)
