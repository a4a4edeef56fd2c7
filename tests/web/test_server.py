"""What the page is told: the same as the command line, as it changes."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from devtool.errors import ConfigError
from devtool.feed import MAX_LINES, Feed
from devtool.runner.state import Slot
from devtool.web.server import WebServer
from tests.runner.conftest import Drive, Project
from tests.web.conftest import Asker

IDLE = "import time; time.sleep(600)"

HOSTILE = """
    import sys, time
    out = sys.stdout.buffer
    out.write(b"<script>alert(1)</script>\\n")
    out.write(b"\\x1b[31mred\\x1b[0m \\x1b]0;title\\x07\\x1b]8;;http://evil.example\\x07link\\x1b]8;;\\x07\\n")
    out.write(bytes(range(256)) + b"\\n")
    out.write("right \\u202e to left \\u0000 nul".encode() + b"\\n")
    out.write(b"\\xff\\xfe not text\\n")
    out.write(b"x" * 3_000_000 + b"\\n")
    out.write(b"the end\\n")
    out.flush()
    time.sleep(600)
"""


def until(
    messages: Iterator[dict[str, Any]], claim: Callable[[dict[str, Any]], object]
) -> dict[str, Any]:
    """The first message of which a claim holds."""
    return next(each for each in messages if claim(each))


def is_up(message: dict[str, Any]) -> bool:
    services = [each for run in message.get("runs", ()) for each in run["services"]]
    return bool(services) and all(each["status"] == "ready" for each in services)


def lines_until(asker: Asker, last: str) -> list[list[Any]]:
    """Every line of the stream, up to one that ends so."""
    found: list[list[Any]] = []
    for message in asker.events():
        for line in message.get("lines", ()):
            found.append(line)
            if line[4].endswith(last):
                return found
    raise AssertionError(f"{last!r} never came")


def test_the_stream_tells_what_runs_and_what_it_prints(
    asker: Asker, drive: Drive, project: Project, port: int
) -> None:
    messages = asker.events()
    assert until(messages, lambda m: m["kind"] == "state")["runs"] == []
    talker = project.service("talker", "import time; print('hello', flush=True); time.sleep(600)")
    drive(project.plan(project.web("web", port), talker))
    state = until(messages, is_up)
    assert [each["name"] for each in state["runs"][0]["services"]] == ["web", "talker"]
    assert state["runs"][0]["services"][0]["url"] == f"http://127.0.0.1:{port}"
    said = lines_until(asker, "hello")[-1]
    assert said[2] == "talker"
    moments = until(asker.events(), lambda m: m["kind"] == "moments")["moments"]
    assert {"service": "web", "kind": "ready"}.items() <= moments[1].items() or any(
        each["service"] == "web" and each["kind"] == "ready" and each["ms"] for each in moments
    )


def test_buttons_stop_and_start_a_service(
    asker: Asker, drive: Drive, project: Project, port: int
) -> None:
    plan = project.plan(
        project.web("web", port), project.service("other", "import time; time.sleep(600)")
    )
    drive(plan)
    messages = asker.events()
    state = until(messages, is_up)
    pid = state["runs"][0]["pid"]

    def other(message: dict[str, Any]) -> str:
        services = [each for run in message.get("runs", ()) for each in run["services"]]
        return next((each["status"] for each in services if each["name"] == "other"), "")

    assert asker.act(pid=pid, service="other", do="stop").status == 200
    until(messages, lambda m: other(m) == "exited")
    assert asker.act(pid=pid, service="other", do="restart").status == 200
    until(messages, lambda m: other(m) == "ready")
    refused = asker.act(pid=pid, service="nobody", do="stop")
    assert refused.status == 409
    assert "nobody" in refused.said["error"]
    assert asker.act(pid=1, service="web", do="stop").said["error"] == "that run is over"


def test_a_supervisor_that_was_killed_is_told(asker: Asker, drive: Drive, project: Project) -> None:
    driven = drive(
        project.plan(
            project.service("one", "import time; time.sleep(600)"),
            project.service("two", "import time; time.sleep(600)"),
        )
    )
    messages = asker.events()
    state = until(messages, is_up)
    driven.process.kill()
    until(messages, lambda m: m["kind"] == "state" and not m["runs"])
    assert asker.act(pid=state["runs"][0]["pid"], service="one", do="stop").status == 409


def test_bytes_of_services_are_made_harmless(asker: Asker, drive: Drive, project: Project) -> None:
    drive(project.plan(project.service("odd", HOSTILE), project.service("calm", IDLE)))
    lines = lines_until(asker, "the end")
    texts = [text for _, _, service, _, text in lines if service == "odd"]
    assert texts[0] == "<script>alert(1)</script>"
    assert texts[1] == "red link"
    assert all(c.isprintable() or c == "\t" for text in texts for c in text)
    longest = max(texts, key=len)
    assert len(longest) <= 4001
    assert longest.endswith("…")


def test_a_viewer_that_comes_back_gets_what_it_missed_and_no_more(
    asker: Asker, drive: Drive, project: Project
) -> None:
    code = "import time\nfor i in range(50): print(i, flush=True)\ntime.sleep(600)"
    drive(project.plan(project.service("counter", code), project.service("calm", IDLE)))
    lines = lines_until(asker, "49")
    middle = next(number for number, _, _, _, text in lines if text == "24")
    first = until(asker.events(after=middle), lambda m: m["kind"] == "lines")
    assert first["missed"] == 0
    assert next(line[4] for line in first["lines"] if line[2] == "counter") == "25"


def test_two_viewers_see_the_same(asker: Asker, drive: Drive, project: Project) -> None:
    first, second = asker.events(), asker.events()
    for each in (first, second):
        until(each, lambda m: m["kind"] == "state")
    drive(project.plan(project.service("a", IDLE), project.service("b", IDLE)))
    assert until(first, is_up)["runs"] == until(second, is_up)["runs"]


def test_a_flood_leaves_the_last_lines_and_says_how_many_are_missing(
    tmp_path: Path,
) -> None:
    root = tmp_path / "root"
    root.mkdir()
    slot = Slot.take(root)
    slot.logs.mkdir()
    text = b"".join(b"line %d\n" % number for number in range(3 * MAX_LINES))
    (slot.logs / "web.log").write_bytes(text)
    # Nothing runs here; the logs of what ran last are shown.
    slot.path.write_text(json.dumps(forged(root)))
    feed = Feed(root)
    feed.look()
    lines, missed = feed.lines_after(0)
    assert len(lines) == MAX_LINES
    assert lines[-1].text == f"line {3 * MAX_LINES - 1}"
    assert missed == 2 * MAX_LINES
    slot.release()


def forged(root: Path, **changes: object) -> dict[str, object]:
    """A state file as someone else may have written it."""
    process = {
        "name": "<img src=x onerror=alert(1)>",
        "role": '"><script>alert(1)</script>',
        "status": "ready",
        "pid": os.getpid(),
        "pid_started": 1.0,
        "url": "javascript:alert(1)",
        "last_error": "<b>bold</b>\u001b[31m",
    }
    return {
        "schema": 1,
        "root": str(root),
        "supervisor_pid": os.getpid(),
        "supervisor_started": 1.0,
        "started_at": 1.0,
        "run": "forged",
        "processes": [process | changes],
    }


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", '{"schema": 99}', "\x00", '{"schema": 1, "processes": 3}', "[" * 100_000],
)
def test_odd_state_files_are_reported_and_nothing_else(asker: Asker, text: str) -> None:
    slot = Slot.take(asker.server.root)
    slot.path.write_text(text)
    state = until(asker.events(), lambda m: bool(m.get("problems")))
    # All that is known of the run is who holds its place.
    (run,) = state["runs"]
    assert (run["pid"], run["run"], run["services"]) == (os.getpid(), "", [])
    slot.release()


def test_what_is_detected_and_checked_is_told_with_its_evidence(
    asker: Asker, project: Project
) -> None:
    (project.root / "main.py").write_text("from fastapi import FastAPI\n\napp = FastAPI()\n")
    (project.root / "requirements.txt").write_text("fastapi\nuvicorn\n")
    said = asker("/api/project").said
    assert said["phase"] == 2
    (backend,) = said["components"]
    assert backend["framework"] == "fastapi"
    assert ("main.py", 3) in [(fact["path"], fact["line"]) for fact in backend["evidence"]]
    checks = asker("/api/checks").said["findings"]
    assert "environment" in {each["check"] for each in checks}


def test_pending_migrations_are_told(asker: Asker, project: Project) -> None:
    versions = project.root / "alembic" / "versions"
    versions.mkdir(parents=True)
    (versions / "one.py").write_text('revision = "one"\ndown_revision = None\n')
    (project.root / "alembic.ini").write_text(
        "[alembic]\nscript_location = alembic\nsqlalchemy.url = sqlite:///shop.db\n"
    )
    (project.root / "main.py").write_text("from fastapi import FastAPI\n\napp = FastAPI()\n")
    checks = asker("/api/checks").said["findings"]
    told = [each["text"] for each in checks if each["check"] == "migrations"]
    assert told == ["1 of 1 migrations of alembic.ini are not applied in shop.db"]


def test_routes_come_from_the_running_backend(
    asker: Asker, drive: Drive, project: Project, port: int
) -> None:
    assert asker("/api/routes").status == 409
    document = {
        "info": {"title": "<i>Shop</i>"},
        "paths": {
            "/items/{id}": {"get": {"summary": "One"}, "x-odd": 3, "parameters": []},
            "/odd": "no object",
        },
    }
    (project.root / "openapi.json").write_text(json.dumps(document))
    drive(project.plan(project.web("web", port), project.service("calm", IDLE)))
    until(asker.events(), is_up)
    said = asker("/api/routes").said
    assert [(each["method"], each["path"]) for each in said["routes"]] == [("GET", "/items/{id}")]
    assert said["title"] == "<i>Shop</i>"


def test_a_slow_viewer_does_not_hold_up_others(
    asker: Asker, drive: Drive, project: Project
) -> None:
    with socket.create_connection(("127.0.0.1", asker.server.server_port)) as lazy:
        head = f"GET /api/events HTTP/1.1\r\nHost: {asker.host}\r\n"
        token = asker.known["Authorization"]
        lazy.sendall(f"{head}Authorization: {token}\r\n\r\n".encode())
        code = "import time\nfor i in range(20000): print('x' * 200)\nprint('done', flush=True)\ntime.sleep(600)"
        drive(project.plan(project.service("loud", code), project.service("calm", IDLE)))
        assert lines_until(asker, "done")


def test_a_taken_port_is_refused(server: WebServer) -> None:
    with pytest.raises(ConfigError, match="cannot be served on port"):
        WebServer(server.root, port=server.server_port)


def test_the_command_prints_the_link_and_ends_on_ctrl_c(tmp_path: Path) -> None:
    argv = (sys.executable, "-m", "devtool", "status", "--web", "--json", "-C", str(tmp_path))
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout
        url = json.loads(process.stdout.readline())["url"]
        assert url.startswith("http://127.0.0.1:")
        port = int(url.split(":")[2].split("/")[0])
        with socket.create_connection(("127.0.0.1", port)):
            pass
        process.send_signal(2)
        assert process.wait(60) == 130
        assert process.stderr
        assert process.stderr.read() == b""


def test_options_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    for words in (("--web", "--all"), ("--web", "--watch"), ("--port", "80"), ("--open",)):
        argv = (sys.executable, "-m", "devtool", "status", "-C", str(tmp_path), *words)
        assert subprocess.run(argv, capture_output=True, check=False).returncode == 2
