"""A single service on a terminal has it whole: input, size, keys, and settings put back."""

from __future__ import annotations

import os
import signal
import sys
import termios
import threading
from urllib.request import urlopen

import pytest

from devtool.model.detection import Role
from devtool.model.launch import Probe, ProbeKind, ReloadMode, Service
from tests.runner.conftest import Drive, Project, eventually

CONSOLE = """
    import os, signal, sys
    print("terminal:", [os.isatty(fd) for fd in (0, 1, 2)], os.get_terminal_size().columns)
    print("hello", input("name? "))
"""

# It waits for signals and for lines at once: a program that reads a line does not see a signal that
# comes just before it begins to.
COUNTS = """
    import os, select, signal, sys
    count = 0
    near, far = os.pipe()
    os.set_blocking(far, False)
    signal.set_wakeup_fd(far)
    signal.signal(signal.SIGINT, lambda *_: None)
    print("counting", flush=True)
    while 0 not in (ready := select.select([0, near], [], [])[0]):
        count += len(os.read(near, 100))
        print("interrupts:", count, flush=True)
    print("typed", repr(os.read(0, 100)), "after", count, flush=True)
    sys.exit(5)
"""


def test_a_console_program_has_the_terminal(drive: Drive, project: Project) -> None:
    run = drive(project.plan(project.service("app", CONSOLE, tty=True)), terminal=True)
    run.resize(40, 123)
    run.wait_for("name\\? ")
    run.type("Ada\n")
    assert run.wait() == 0
    assert "terminal: [True, True, True]" in run.text
    assert run.text.endswith("hello Ada\r\n")
    assert "app |" not in run.text


def test_the_size_is_that_of_the_terminal(drive: Drive, project: Project) -> None:
    code = """
        import os, signal
        input("ready? ")
        print("columns:", os.get_terminal_size().columns)
    """
    run = drive(project.plan(project.service("app", code, tty=True)), terminal=True)
    run.wait_for("ready")
    run.resize(40, 123)
    run.type("\n")
    assert run.wait() == 0
    assert "columns: 123" in run.text


def test_ctrl_c_reaches_a_console_program_once(drive: Drive, project: Project) -> None:
    run = drive(project.plan(project.service("app", COUNTS, tty=True)), terminal=True)
    run.wait_for("counting")
    run.type("\x03")
    run.wait_for("interrupts: 1")
    run.type("go on\n")
    assert run.wait() == 5
    assert "typed b'go on\\n' after 1" in run.text


def test_a_signal_to_devtool_alone_reaches_a_console_program_once(
    drive: Drive, project: Project
) -> None:
    service = project.service("app", COUNTS, tty=True, grace=3600.0)
    run = drive(project.plan(service), terminal=True)
    run.wait_for("counting")
    run.send(signal.SIGINT)
    run.wait_for("interrupts: 1")
    run.type("end\n")
    assert run.wait() == 130
    assert "after 1" in run.text


def test_ctrl_c_ends_a_console_program_that_does_not_handle_it(
    drive: Drive, project: Project
) -> None:
    code = """
        import signal, time
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        print("sleeping", flush=True)
        time.sleep(1000)
    """
    run = drive(project.plan(project.service("app", code, tty=True)), terminal=True)
    run.wait_for("sleeping")
    run.type("\x03")
    assert run.wait() == 130


def test_ctrl_c_stops_a_single_server_once(drive: Drive, project: Project, port: int) -> None:
    run = drive(project.plan(project.web("backend", port)), terminal=True)
    run.wait_for("ready in")
    run.type("\x03")
    assert run.wait() == 130
    assert run.text.count("Keyboard interrupt received") == 1


def test_ctrl_c_stops_several_services(drive: Drive, project: Project, port: int) -> None:
    waits = project.service("other", "import time; time.sleep(1000)")
    run = drive(project.plan(project.web("backend", port), waits), terminal=True)
    run.wait_for("ready in")
    run.type("\x03")
    assert run.wait() == 130
    assert run.text.count("Keyboard interrupt received") == 1


def test_prefixes_have_colour_only_on_a_terminal(
    drive: Drive, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = project.plan(*(project.service(name, "print('hi')") for name in ("one", "two")))
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    run = drive(plan, terminal=True)
    run.wait()
    assert "\x1b[36mone | \x1b[0mhi" in run.text
    monkeypatch.setenv("NO_COLOR", "1")
    plain = drive(plan, terminal=True)
    plain.wait()
    assert "\x1b" not in plain.text
    assert "one | hi" in plain.text


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGKILL])
def test_the_settings_of_the_terminal_are_put_back(
    drive: Drive, project: Project, signum: signal.Signals
) -> None:
    code = """
        import sys, time, tty
        tty.setraw(0)
        print("raw", flush=True)
        time.sleep(1000)
    """
    run = drive(project.plan(project.service("app", code, tty=True, grace=0.3)), terminal=True)
    assert run.far is not None
    before = termios.tcgetattr(run.far)
    run.wait_for("raw")
    assert termios.tcgetattr(run.far) != before
    run.send(signum)
    run.process.wait(60)
    far = run.far
    eventually(lambda: termios.tcgetattr(far) == before, "settings are back")


def test_a_terminal_that_closes_ends_everything(drive: Drive, project: Project) -> None:
    waits = "import time; print('here', flush=True); time.sleep(1000)"
    services = [project.service(name, waits) for name in ("one", "two")]
    run = drive(project.plan(*services), terminal=True)
    run.wait_for("two | here")
    run.hang_up()
    assert run.process.wait(60) == 129


def test_a_console_program_reads_a_pipe(drive: Drive, project: Project) -> None:
    read, write = os.pipe()
    code = "import sys; print(sys.stdin.read().upper())"
    run = drive(project.plan(project.service("app", code, tty=True)), stdin=read)
    os.close(read)
    os.write(write, b"shop")
    os.close(write)
    assert run.wait() == 0
    assert run.text == "SHOP\n"


STOPS = """
    async def app(scope, receive, send):
        if scope["type"] != "http":
            return
        answer = 20
        if scope["path"] == "/stop":
            breakpoint()
            answer += 1
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": str(answer).encode()})
"""


def stopping(project: Project, port: int, **env: str) -> Service:
    """A service under the warm reloader that stops at a breakpoint when it is asked to."""
    project.service("stops", STOPS)
    url = f"http://127.0.0.1:{port}"
    return Service(
        name="backend",
        role=Role.BACKEND,
        argv=(sys.executable, "-m", "uvicorn", "stops:app", "--no-access-log"),
        cwd=str(project.root),
        env=tuple(env.items()),
        host="127.0.0.1",
        port=port,
        url=url,
        probe=Probe(kind=ProbeKind.HTTP, target=url),
        reload=ReloadMode.WARM,
        warm="uvicorn",
    )


def visits(url: str) -> tuple[threading.Thread, list[bytes]]:
    """A request that may take a while, and where its answer will be."""
    answers: list[bytes] = []

    def visit() -> None:
        with urlopen(url, timeout=60) as answer:
            answers.append(answer.read())

    thread = threading.Thread(target=visit)
    thread.start()
    return thread, answers


def test_a_breakpoint_in_one_of_several_services_has_the_terminal(
    drive: Drive, project: Project, port: int
) -> None:
    backend = stopping(project, port)
    waits = project.service("other", "import time; time.sleep(1000)")
    run = drive(project.plan(backend, waits), terminal=True)
    run.wait_for("ready in")
    visit, answers = visits(f"{backend.url}/stop")
    run.wait_for(r"\(Pdb\) ")
    run.type("answer * 2 + 2\n")
    run.wait_for(r"\b42\b")
    run.type("answer = 30\nc\n")
    visit.join(60)
    assert answers == [b"31"]
    run.type("\x03")
    assert run.wait() == 130


def test_a_breakpoint_without_a_terminal_is_passed_over_and_said(
    drive: Drive, project: Project, port: int
) -> None:
    backend = stopping(project, port)
    run = drive(project.plan(backend))
    run.wait_for("ready in")
    visit, answers = visits(f"{backend.url}/stop")
    visit.join(60)
    assert answers == [b"21"]
    run.wait_for(r"stops\.py:7: breakpoint\(\) is passed over")


def test_who_has_chosen_another_debugger_keeps_it(
    drive: Drive, project: Project, port: int
) -> None:
    backend = stopping(project, port, PYTHONBREAKPOINT="stops_with.stop")
    project.service("stops_with", "def stop():\n    print('another debugger', flush=True)\n")
    run = drive(project.plan(backend))
    run.wait_for("ready in")
    visits(f"{backend.url}/stop")[0].join(60)
    run.wait_for("another debugger")
    assert "passed over" not in run.text
