"""What the warm reloader decides, without a process."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from devtool.errors import ServiceError
from devtool.inproc.devtool_channel import Channel
from devtool.inproc.devtool_memory import PAGE, mappings, touched
from devtool.model.detection import Role
from devtool.model.launch import Service
from devtool.model.state import Status
from devtool.runner.binding import listen, listen_locally
from devtool.runner.events import Reload, Say
from devtool.runner.interpreters import MINORS, find_python
from devtool.runner.reload import Crashed, News, Notice, Reloaded, ReloadFailed, Reloading
from devtool.runner.reload_memory import Learned, recall, remember
from devtool.runner.reload_nodes import (
    FEW_MODULES,
    HOT_FILES,
    Kind,
    Node,
    deepest,
    is_dependency,
    overtaken,
    pause_after,
    stale,
    that_matter,
    that_save_little,
    that_were_waited_for,
    warmer,
)
from devtool.runner.supervisor import Supervisor, Unit
from devtool.runner.warm_service import Address, address

FORKS = pytest.mark.skipif(sys.platform != "linux", reason="versions are forked on Linux alone")
INPROC = Path(__file__).parent.parent.parent / "devtool" / "inproc"


def node(kind: Kind, **files: str) -> Node:
    return Node(None, kind, files=files)  # type: ignore[arg-type]  # nobody talks to it


# --- where a version starts ------------------------------------------------------------------------


def test_a_version_starts_from_the_deepest_process_that_is_valid() -> None:
    parent = node(Kind.PARENT)
    early, late = node(Kind.CHECKPOINT, a="1"), node(Kind.CHECKPOINT, a="1", b="1")
    server = node(Kind.SERVER, a="1", b="1", c="1")
    nodes = [parent, early, late, server]
    assert deepest(nodes, {}) is late
    assert deepest(nodes, {"b": "2"}) is early
    assert deepest(nodes, {"a": "2"}) is parent
    assert deepest(nodes, {"a": "1", "b": "1"}) is late
    assert stale(nodes, {"b": "2"}, str) == [late]


def test_a_copy_is_stale_when_what_it_has_read_or_what_comes_next_is_another() -> None:
    copy = node(Kind.CHECKPOINT, a="1")
    copy.before, copy.reads = "b", {"data.json": "as it is"}
    assert stale([copy], {"b": "2"}, lambda _: "as it is") == []
    assert stale([copy], {"b": ""}, lambda _: "as it is") == [copy]
    assert stale([copy], {}, lambda _: "another") == [copy]


def test_of_two_that_are_equally_deep_the_one_that_stands_by_is_taken() -> None:
    checkpoint, standby = node(Kind.CHECKPOINT, a="1"), node(Kind.STANDBY, a="1")
    assert deepest([checkpoint, standby], {}) is standby
    assert deepest([standby, checkpoint], {}) is standby


def test_copies_that_save_little_are_given_up_when_the_edits_end() -> None:
    parent = node(Kind.PARENT)
    names = [f"part_{number}" for number in range(3 * FEW_MODULES)]

    def copy(depth: int) -> Node:
        held = node(Kind.CHECKPOINT, **dict.fromkeys(names[:depth], "1"))
        held.before = names[depth]
        return held

    early, middle, close, late = copy(2), copy(20), copy(21), copy(40)
    standby = node(Kind.STANDBY)
    standby.source = close
    nodes = [parent, early, middle, close, late, standby]
    # The last is far from the one before it; the two in the middle from all that has not their file.
    assert that_save_little(nodes) == [early]
    standby.source = early
    assert that_save_little(nodes) == [close]
    assert that_save_little([early, middle]) == []


def test_a_file_matters_if_it_was_executed_and_holds_something_else() -> None:
    files = {"/a.py": "1", "/b.py": "1"}
    assert that_matter({"/a.py": "2"}, files, (), after_failure=False) == ["/a.py"]
    assert that_matter({"/a.py": ""}, files, (), after_failure=False) == ["/a.py"]
    assert that_matter({"/a.py": "1", "/c.py": "9"}, files, (), after_failure=False) == []
    assert that_matter({"/c.py": "9"}, files, (), after_failure=True) == ["/c.py"]
    assert that_matter({"/c.txt": "9"}, files, (), after_failure=True) == []


@pytest.mark.parametrize(
    ("path", "matters"),
    [
        ("/app/parts/new.py", True),
        ("/app/parts/new/__init__.py", True),
        ("/app/parts/new/inner.py", False),
        ("/app/parts/known.py", False),
        ("/app/parts/page.html", False),
        ("/app/others/new.py", False),
        ("/app/full/new.py", False),
    ],
)
def test_a_new_module_matters_where_a_folder_was_looked_through(
    path: str, *, matters: bool
) -> None:
    reads = {"/app/parts": "1/", "/app/full": "2/", "/app/others": "1"}
    files = {"/app/parts/known.py": "1"}
    found = that_were_waited_for({path: "9"}, files, reads, lambda _: "2/")
    assert bool(found) is matters
    assert that_were_waited_for({path: ""}, files, reads, lambda _: "2/") == []


@pytest.mark.parametrize(
    ("path", "file", "matters"),
    [
        ("/app/parts/__init__.py", "/app/parts.py", True),
        ("/app/parts/__init__.py", "/app/parts/deep/one.py", True),
        ("/app/parts/__init__.py", "/app/parts/__init__.py", False),
        ("/app/parts/__init__.py", "/app/other.py", False),
        ("/app/parts/one.py", "/app/parts.py", False),
    ],
)
def test_a_new_package_matters_where_its_name_was_taken(
    path: str, file: str, *, matters: bool
) -> None:
    assert bool(that_matter({path: "1"}, {file: "1"}, (), after_failure=False)) is matters
    copy = node(Kind.CHECKPOINT)
    copy.before = file
    assert bool(overtaken([copy], [path])) is matters


@pytest.mark.parametrize(
    ("path", "missing", "matters"),
    [
        ("/app/local.py", "app.local", True),
        ("/app/extras/__init__.py", "app.extras", True),
        ("/app/other.py", "app.local", False),
    ],
)
def test_a_new_file_matters_if_it_was_missed(path: str, missing: str, *, matters: bool) -> None:
    assert bool(that_matter({path: "1"}, {}, [missing], after_failure=False)) is matters
    assert that_matter({path: ""}, {}, [missing], after_failure=False) == []


@pytest.mark.parametrize(
    ("path", "is_one"),
    [
        ("/shop/uv.lock", True),
        ("/shop/pyproject.toml", True),
        ("/env/lib/python3.12/site-packages/httpx-0.28.1.dist-info", True),
        ("/env/lib/python3.12/site-packages/__pycache__", False),
        ("/env/lib/python3.12/site-packages/six.py", False),
        ("/shop/main.py", False),
    ],
)
def test_installations_are_told_from_caches(path: str, *, is_one: bool) -> None:
    assert is_dependency(path) is is_one


def test_the_files_edited_last_are_kept_warm() -> None:
    hot: list[str] = []
    for number in range(9):
        hot = warmer(hot, [str(number)])
    assert hot == ["8", "7", "6", "5"]
    assert len(hot) == HOT_FILES
    assert warmer(hot, ["6"])[:2] == ["6", "8"]


def test_pauses_grow_with_every_death_and_have_an_end() -> None:
    pauses = [pause_after(deaths) for deaths in range(1, 12)]
    assert pauses[0] == 0
    assert pauses == sorted(pauses)
    assert pauses[-1] == 10


# --- what a user sees ------------------------------------------------------------------------------


def told(news: News, **changes: object) -> tuple[Unit, str]:
    service = Service(name="shop", role=Role.BACKEND, argv=("x",), cwd="/")
    supervisor = Supervisor([service])
    unit = supervisor.units["shop"]
    for name, value in {"status": Status.READY, "life": 1, "leader": True, **changes}.items():
        setattr(unit, name, value)
    decisions = supervisor.handle(Reload("shop", 1, news), 1.0)
    return unit, "\n".join(each.text for each in decisions if isinstance(each, Say))


def test_a_reload_is_one_line_and_counts() -> None:
    news = Reloaded(file="app/tasks.py", files=1, modules=3, ms=48.26, pid=7)
    unit, text = told(news, status=Status.RELOADING, last_error="old")
    assert text == "shop reloaded in 48 ms: app/tasks.py (3 modules imported)"
    assert (unit.status, unit.reloads, unit.reload_ms, unit.last_error) == ("ready", 1, 48.3, "")
    _, text = told(news._replace(files=3, modules=1))
    assert text == "shop reloaded in 48 ms: app/tasks.py and 2 more (1 module imported)"


def test_a_first_version_is_no_reload() -> None:
    unit, text = told(Reloaded(file="", files=0, modules=3, ms=1.0, pid=7), status=Status.STARTING)
    assert (unit.status, unit.reloads, text) == (Status.STARTING, 0, "")


def test_a_broken_save_is_shown_with_its_place_and_line() -> None:
    failure = ReloadFailed("NameError: x", file="app/tasks.py", line=3, source="x + 1")
    unit, text = told(failure, status=Status.RELOADING)
    assert text.splitlines() == [
        "app/tasks.py:3: NameError: x",
        "    x + 1",
        "shop was not reloaded; the version before goes on serving",
    ]
    assert (unit.status, unit.last_error) == ("ready", "app/tasks.py:3: NameError: x")
    _, text = told(failure._replace(has_served=False), status=Status.STARTING)
    assert text.endswith("shop does not serve; it starts again when a file changes")
    _, text = told(ReloadFailed("no uvicorn", has_served=False, is_final=True))
    assert text == "no uvicorn"


def test_a_crash_is_a_complaint_and_a_restart() -> None:
    unit, text = told(Crashed(0.5))
    assert (unit.restarts, text) == (1, "shop crashed; it is started again in 0.5 s")
    assert "version before goes on" in told(Crashed(0.0, resumed=True))[1]


def test_a_reload_that_goes_on_shows_in_the_state() -> None:
    unit, text = told(Reloading(("a.py",)))
    assert (unit.status, text) == (Status.RELOADING, "")
    assert told(Notice("looks for changes"))[1] == "shop: looks for changes"


# --- addresses -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        ("main:app --host ::1 --port 81", Address(("main:app",), "::1", 81)),
        ("main:app --port 81 --port=82 --ws none", Address(("main:app", "--ws", "none"), port=82)),
        ("main:app --uds /s", Address(("main:app",), uds="/s")),
    ],
)
def test_the_address_is_taken_out_of_the_words_of_a_server(words: str, meant: Address) -> None:
    assert address(words.split()) == meant


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
def test_a_listener_takes_connections_before_anyone_accepts(host: str) -> None:
    listeners = listen(host, 0)
    for listener in listeners:
        with socket.create_connection(listener.getsockname()[:2], timeout=60):
            pass
        listener.close()


def test_an_address_that_is_not_ours_is_refused_in_words() -> None:
    with pytest.raises(ServiceError, match=r"cannot listen on 192\.0\.2\.1, port 9"):
        listen("192.0.2.1", 9)


def test_a_unix_socket_that_was_left_is_replaced_and_one_in_use_is_not(tmp_path: Path) -> None:
    path = str(tmp_path / "s")
    (first,) = listen_locally(path)
    with pytest.raises(ServiceError, match="someone listens"):
        listen_locally(path)
    first.close()
    (second,) = listen_locally(path)
    second.close()


# --- the conversation ------------------------------------------------------------------------------


@pytest.fixture
def ends() -> Iterator[tuple[Channel, Channel]]:
    near, far = Channel.pair()
    yield near, far
    near.close()
    far.close()


def test_messages_and_descriptors_arrive_in_order(ends: tuple[Channel, Channel]) -> None:
    near, far = ends
    parts = [socket.socketpair() for _ in range(3)]
    near.send({"do": "plain"})
    for number, (one, _) in enumerate(parts):
        near.send({"number": number, "text": "x" * 70_000}, [one.fileno()])
    received: list[dict[str, Any]] = []
    while len(received) < 4:
        received += far.receive() or []
    assert [each.get("number") for each in received] == [None, 0, 1, 2]
    for message, (one, other) in zip(received[1:], parts, strict=True):
        (fd,) = message["fds"]
        with socket.socket(fileno=fd) as copy:
            copy.send(b"!")
        assert other.recv(1) == b"!"
        one.close()
        other.close()


def test_a_channel_that_was_hung_up_says_so_and_sends_no_more() -> None:
    near, far = Channel.pair()
    far.close()
    assert near.receive() is None
    assert near.send({"do": "go"}) is False
    near.close()


def test_nothing_to_hear_is_not_the_end(ends: tuple[Channel, Channel]) -> None:
    assert ends[0].receive(wait=False) == []


# --- under every interpreter -----------------------------------------------------------------------

SCENARIO = """
import json, os, socket, sys
sys.path.insert(0, sys.argv[1])
import devtool_channel as words
import devtool_zygote
from devtool_zygote import Node

near, far = words.Channel.pair()
if os.fork() == 0:
    near.close()
    node = Node(far, "plain", [])
    sys.path[0] = os.getcwd()
    node.set_up()
    node.pause()
    import shop
    node.imported()
    node.tell_ready()
    node.tell("done", value=shop.VALUE, names=sorted(m for m in sys.modules if m == "decimal"))
    os._exit(0)
far.close()

heard = []

def hear(channel, event):
    while True:
        while heard:
            message = heard.pop(0)
            if message["ev"] == event:
                return message
        heard.extend(channel.receive() or sys.exit("hung up"))

def version(names=()):
    ours, theirs = words.Channel.pair()
    near.send({"do": words.DO_FORK}, [theirs.fileno()])
    theirs.close()
    ours.send({"do": words.DO_GO, "generation": 1, "stops": [], "banner": False})
    ready, done = hear(ours, "ready"), hear(ours, "done")
    return list(ready["files"]), done["value"], done["names"]

listener = socket.create_server(("127.0.0.1", 0))
near.send({}, [listener.fileno()])
hear(near, "parent")
open("shop.py", "w").write("VALUE = 1")
first = version()
near.send({"do": words.DO_PRELOAD, "names": ["decimal", "no_such_module"], "compile": []})
failed = hear(near, "preloaded")["failed"]
open("shop.py", "w").write("VALUE = 2")
print(json.dumps([first, version(), failed]))
near.close()
os.wait()
"""


# A version leaves a copy of itself behind, and is dropped when that is known: the copy goes on.
DROPPED = (
    SCENARIO.partition("listener = ")[0]
    + """
listener = socket.create_server(("127.0.0.1", 0))
near.send({}, [listener.fileno()])
hear(near, "parent")
open("shop.py", "w").write("VALUE = 1")
for _ in range(30):
    ours, theirs = words.Channel.pair()
    near.send({"do": words.DO_FORK}, [theirs.fileno()])
    theirs.close()
    stops = [os.path.abspath("shop.py")]
    ours.send({"do": words.DO_GO, "generation": 1, "stops": stops, "banner": False})
    copy = words.Channel.from_fd(hear(ours, "checkpoint")["fds"][0])
    ours.close()
    heard.clear()
    ours, theirs = words.Channel.pair()
    copy.send({"do": words.DO_FORK}, [theirs.fileno()])
    theirs.close()
    ours.send({"do": words.DO_GO, "generation": 2, "stops": [], "banner": False})
    assert hear(ours, "done")["value"] == 1
    heard.clear()
    copy.close()
print("all of them")
near.close()
os.wait()
"""
)


def interpreters() -> list[str]:
    """Each version of Python from 3.9 that is on this machine."""
    found = []
    for minor in sorted(MINORS):
        try:
            found.append(
                find_python(f"==3.{minor}", {"PATH": "/usr/bin", "HOME": str(Path.home())})
            )
        except Exception:  # noqa: BLE001  # it is not here
            continue
    return found


@FORKS
@pytest.mark.parametrize("python", interpreters() or [sys.executable])
def test_the_warm_parent_works_under_every_python(python: str, tmp_path: Path) -> None:
    done = subprocess.run(
        (python, "-c", SCENARIO, str(INPROC)),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    file = str(tmp_path / "shop.py")
    assert done.stderr == ""
    assert (
        done.stdout == f'[[["{file}"], 1, []], [["{file}"], 2, ["decimal"]], ["no_such_module"]]\n'
    )


@FORKS
def test_a_copy_outlives_the_version_that_has_left_it_behind(tmp_path: Path) -> None:
    done = subprocess.run(
        (sys.executable, "-c", DROPPED, str(INPROC)),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("all of them\n", "")


# --- memory ----------------------------------------------------------------------------------------

WRITER = """
import os, sys
data = bytearray(64 << 20)
for at in range(0, len(data), 4096): data[at] = 1
read, write = os.pipe()
if os.fork() == 0:
    for at in range(0, 8 << 20, 4096): data[at] = 2
    print(os.getpid(), flush=True)
    sys.stdin.read()
    os._exit(0)
os.wait()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="Linux tells")
def test_what_a_fork_has_written_to_is_known() -> None:
    with subprocess.Popen(
        (sys.executable, "-c", WRITER), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        pid = int(process.stdout.readline())
        found = touched(pid, mappings(pid))
        process.stdin.close()
    size = sum(length for _, length in found)
    assert 8 << 20 <= size < 24 << 20
    assert all(start % PAGE == 0 and length % PAGE == 0 for start, length in found)


# --- what is remembered ----------------------------------------------------------------------------


def test_what_was_learned_is_known_until_the_packages_change(tmp_path: Path) -> None:
    packages = tmp_path / "env" / "lib" / "python3.11" / "site-packages"
    packages.mkdir(parents=True)
    python, file = str(tmp_path / "env" / "bin" / "python"), tmp_path / "state" / "x.json"
    assert recall(file, python) == Learned()
    learned = Learned(("a", "a.b"), (("c", "starts a thread"),))
    remember(file, python, learned)
    assert recall(file, python) == learned
    os.utime(packages, (1, 1))
    assert recall(file, python) == Learned()


@pytest.mark.parametrize("text", ["", "[1]", "{", '{"packages": [], "good": 3, "unsafe": {}}'])
def test_a_broken_memory_is_none(tmp_path: Path, text: str) -> None:
    file = tmp_path / "x.json"
    file.write_text(text)
    assert recall(file, "/nowhere/bin/python") == Learned()
