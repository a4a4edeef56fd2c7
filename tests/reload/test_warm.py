"""The warm reloader on real processes: what is served, what fails, and what is left."""

from __future__ import annotations

import contextlib
import http.client
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from devtool.errors import ConfigError
from devtool.runner import reload_relay, reload_warm
from devtool.runner.reload import Crashed, Notice, Reloaded, ReloadFailed, Reloading
from devtool.runner.reload_nodes import HOT_FILES, Node
from devtool.runner.reload_relay import Relay
from tests.reload.shop import DEADLINE, VIEWS, Shop, eventually

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="versions are forked on Linux alone"
)

MakeShop = Callable[..., Shop]


@pytest.fixture
def make_shop(tmp_path: Path) -> Iterator[MakeShop]:
    """Start shops; when the test ends, nothing of them is left."""
    made: list[Shop] = []

    def make(*words: str, **options: object) -> Shop:
        shop = Shop(tmp_path, *words, **options)  # type: ignore[arg-type]
        made.append(shop)
        return shop.start()

    yield make
    for shop in made:
        shop.stop()
    eventually(lambda: not family(tmp_path), "all processes gone")


@pytest.fixture
def shop(make_shop: MakeShop) -> Shop:
    """A shop that serves."""
    return make_shop()


def family(root: Path) -> list[psutil.Process]:
    """The processes that work in a folder."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.cwd() == str(root) and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found


MANY_BYTES = 4 << 20


def memory_of_its_own(shop: Shop) -> int:
    """The bytes that the process which stands by shares with no other; 0 if there is none now."""
    serving = shop.log and int(shop.entries[-1].split()[-1])
    with contextlib.suppress(psutil.Error):
        youngest = max(family(shop.root), key=lambda each: each.create_time())
        if youngest.pid != serving:
            return int(youngest.memory_full_info().uss)
    return 0


# --- what a save does ------------------------------------------------------------------------------


def test_a_save_is_served_by_a_new_process(shop: Shop) -> None:
    assert shop.get() == "1"
    told = shop.update_version("2")
    assert shop.get() == "2"
    assert (Path(told.file).name, told.files, told.modules) == ("views.py", 1, 4)
    assert told.pid != shop.wait_for(Reloaded).pid


def test_two_saves_of_one_length_in_one_second_are_both_served(shop: Shop) -> None:
    for version in "23456":
        shop.update_version(version)
        assert shop.get() == version


def test_what_was_imported_before_the_edited_file_is_imported_once(make_shop: MakeShop) -> None:
    noting = "from main import note\nnote('import {}')"
    shop = make_shop(files={"early.py": noting.format("early"), "late.py": noting.format("late")})
    shop.update_version("2")
    before = shop.log.count("import early"), shop.log.count("import late")
    told = shop.update_version("3")
    assert told.modules == 2  # the views, and what comes after them
    after = shop.log.count("import early"), shop.log.count("import late")
    assert (after[0] - before[0], after[1] - before[1]) == (0, 1)
    assert shop.get() == "3"


def test_a_change_of_an_earlier_file_starts_before_it(shop: Shop) -> None:
    shop.update_version("2")
    assert shop.update("early.py", "X = 1").modules == 4
    assert shop.update_version("3").modules == 3
    assert shop.update_version("4").modules == 2
    assert shop.update("early.py", "X = 2").modules == 3
    assert shop.get() == "4"


def test_only_the_files_edited_last_have_a_copy_in_front_of_them(make_shop: MakeShop) -> None:
    names = [f"part_{number}" for number in range(HOT_FILES + 3)]
    imports = "".join(f"import {name}\n" for name in names)
    shop = make_shop(files={"early.py": imports, **{f"{name}.py": "" for name in names}})
    for name in names:
        shop.update(f"{name}.py", "X = 1")
    # The warm parent, one that stands by, and the version that serves.
    eventually(lambda: len(family(shop.root)) == HOT_FILES + 3, "few processes")


def test_copies_that_save_little_are_given_up_when_the_edits_end(
    make_shop: MakeShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reload_warm, "IDLE_SECONDS", 2.0)
    shop = make_shop()
    shop.update("early.py", "X = 1")
    shop.update_version("2")
    # The warm parent, the version, one that stands by, and the copies: in front of both, then of one.
    eventually(lambda: len(family(shop.root)) == 5, "two copies")
    eventually(lambda: len(family(shop.root)) == 4, "one copy")
    assert shop.update_version("3").modules == 2
    assert shop.update("early.py", "X = 2").modules == 4


def test_a_copy_that_is_killed_costs_no_save(shop: Shop) -> None:
    shop.update("early.py", "X = 1")
    serving = shop.update_version("2").pid
    eventually(lambda: len(family(shop.root)) == 5, "two copies, and one that stands by")
    parent, *others = sorted(family(shop.root), key=lambda each: each.create_time())
    paused = [each for each in others if each.pid != serving]
    # The one that stands by may give way to another meanwhile, which stands before the views as well.
    for process in paused:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.suspend()
    known = len(shop.news)
    shop.save("early.py", "X = 2")
    shop.wait_for(Reloading, after=known)
    for process in paused:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    # From the warm parent, or from a copy that was woken and has forked before it was killed.
    assert shop.wait_for(Reloaded, after=known).modules in {3, 4}
    assert not [each for each in shop.news[known:] if isinstance(each, ReloadFailed)]
    assert parent.is_running()


def test_memory_that_was_copied_ahead_of_time_is_given_back(
    make_shop: MakeShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reload_warm, "IDLE_SECONDS", 2.0)
    # A version writes to the counts of all that it takes from a module before it.
    views = f"import early\nTAKEN = list(early.HELD)\n{VIEWS}"
    held = "HELD = [object() for _ in range(300_000)]"
    shop = make_shop(files={"early.py": held, "views.py": views})
    for version in "234":
        shop.update("views.py", views.replace("{version}", version))
        time.sleep(2 * reload_warm.LEARN_AFTER)
    eventually(lambda: memory_of_its_own(shop) > MANY_BYTES, "copies ahead of time")
    eventually(lambda: memory_of_its_own(shop) < MANY_BYTES, "they are given back")
    assert shop.update("views.py", views.replace("{version}", "5")).modules == 2
    assert shop.get() == "5"


def test_what_changes_nothing_reloads_nothing(shop: Shop) -> None:
    shop.save("views.py", VIEWS.replace("{version}", "1"))
    shop.save("unrelated.py", "X = 1")
    shop.save("page.html", "<p>")
    shop.update_version("2")
    assert [each for each in shop.news if isinstance(each, Reloaded)][1].file.endswith("views.py")
    assert shop.log.count("startup") == 2


def test_a_module_that_was_missed_reloads_when_it_comes(make_shop: MakeShop) -> None:
    views = """
try:
    import local_settings
except ImportError:
    VERSION = "without"
else:
    VERSION = "with"
"""
    shop = make_shop(files={"views.py": views + VIEWS.replace('VERSION = "{version}"', "")})
    assert shop.get() == "without"
    shop.update("local_settings.py", "")
    assert shop.get() == "with"


def test_a_link_that_leads_elsewhere_is_followed_from_then_on(
    make_shop: MakeShop, tmp_path: Path
) -> None:
    views = VIEWS.replace("return VERSION", "import linked, parts; return linked.V + parts.V")
    shop = make_shop(
        files={"views.py": views, "linked.py": "V = 'a'", "parts/__init__.py": "V = ''"}
    )
    first, second = tmp_path / "first", tmp_path / "second"
    for folder, value in ((first, "b"), (second, "c")):
        Shop.write(folder, {"linked.py": f"V = '{value}'", "parts/__init__.py": f"V = '{value}'"})
    assert shop.get() == "a"

    def lead(name: str, target: Path) -> None:
        link = tmp_path / name
        aside = tmp_path / "aside"
        aside.symlink_to(target, target_is_directory=target.is_dir())
        if link.is_dir() and not link.is_symlink():
            shutil.rmtree(link)
        aside.replace(link)

    def reload(*paths: Path) -> None:
        known = len(shop.news)
        shop.reloader.reload([str(path) for path in paths])
        shop.wait_for(Reloaded, after=known)

    lead("linked.py", first / "linked.py")
    lead("parts", first / "parts")
    reload(tmp_path / "linked.py", tmp_path / "parts" / "__init__.py")
    assert shop.get() == "bb"
    lead("linked.py", second / "linked.py")
    reload(first / "linked.py")
    assert shop.get() == "cb"
    lead("parts", second / "parts")
    reload(first / "parts")
    assert shop.get() == "cc"
    for name in ("linked.py", "parts/__init__.py"):
        shop.update(f"second/{name}", "V = 'd'")
    assert shop.get() == "dd"


def test_a_module_that_was_missed_before_the_edited_file_is_found(make_shop: MakeShop) -> None:
    early = "try:\n    import extra\nexcept ImportError:\n    extra = None"
    views = VIEWS.replace("return VERSION", "import early; return early.extra and VERSION")
    shop = make_shop(files={"early.py": early, "views.py": views})
    for version in "23":
        shop.update("views.py", views.replace("{version}", version))
    assert shop.get() == "None"
    shop.update("extra/__init__.py", "")
    assert shop.get() == "3"


def test_a_module_that_is_gone_is_missing_as_in_a_new_process(make_shop: MakeShop) -> None:
    views = """
try:
    import extra
except ImportError:
    VERSION = "without"
else:
    VERSION = extra.NAME
"""
    shop = make_shop(
        files={
            "views.py": views + VIEWS.replace('VERSION = "{version}"', ""),
            "extra.py": "NAME = 'a'",
        }
    )
    shop.update("extra.py", "NAME = 'b'")
    shop.update("extra.py", "NAME = 'c'")
    known = len(shop.news)
    (shop.root / "extra.py").unlink()
    shop.reloader.reload([str(shop.root / "extra.py")])
    shop.wait_for(Reloaded, after=known)
    assert shop.get() == "without"


def test_a_package_takes_the_place_of_a_module_or_of_a_folder(make_shop: MakeShop) -> None:
    views = f"import extra\nimport parts.one\nimport parts\n{VIEWS}".replace(
        '"{version}"', 'extra.NAME, getattr(parts, "NAME", "")'
    )
    shop = make_shop(files={"views.py": views, "extra.py": "NAME = 'a'", "parts/one.py": ""})
    shop.update("early.py", "X = 1")
    shop.update("late.py", "X = 1")
    shop.update("extra/__init__.py", "NAME = 'b'")
    assert shop.get() == "('b', '')"
    shop.update("parts/__init__.py", "NAME = 'c'")
    shop.update("late.py", "X = 2")
    assert shop.get() == "('b', 'c')"


def test_what_was_read_at_import_is_read_again_once_it_is_another(make_shop: MakeShop) -> None:
    early = "import pathlib\nDATA = pathlib.Path('data.json').read_text()"
    views = VIEWS.replace("return VERSION", "import early; return early.DATA + VERSION")
    shop = make_shop(files={"early.py": early, "views.py": views, "data.json": "a"})
    for version in "23":
        shop.update("views.py", views.replace("{version}", version))
    assert shop.get() == "a3"
    shop.save("data.json", "b")
    told = shop.update("views.py", views.replace("{version}", "4"))
    assert shop.get() == "b4"
    assert told.modules == 4
    assert len([each for each in shop.news if isinstance(each, Reloaded)]) == 4


def test_a_module_where_all_of_a_folder_is_imported_reloads_when_it_comes(
    make_shop: MakeShop,
) -> None:
    parts = """
import importlib, pkgutil

NAMES = [each.name for each in pkgutil.iter_modules(__path__)]
for name in NAMES:
    importlib.import_module(f"parts.{name}")
"""
    views = VIEWS.replace("return VERSION", "import parts; return parts.NAMES")
    files = {"early.py": "import parts", "parts/__init__.py": parts, "parts/one.py": ""}
    shop = make_shop(files={**files, "views.py": views})
    shop.update("views.py", f"{views}# edited")
    shop.save("elsewhere/two.py", "")
    shop.update("parts/two.py", "")
    assert shop.get() == "['one', 'two']"
    shop.update("parts/three/__init__.py", "")
    assert shop.get() == "['one', 'three', 'two']"


def test_what_a_request_imports_counts_as_well(make_shop: MakeShop) -> None:
    views = VIEWS.replace("return VERSION", "import lazy; return lazy.NAME")
    shop = make_shop(files={"views.py": views, "lazy.py": "NAME = 'a'"})
    assert shop.get() == "a"
    shop.update("lazy.py", "NAME = 'b'")
    assert shop.get() == "b"


def test_many_files_at_once_make_one_reload(shop: Shop) -> None:
    paths = [shop.put(f"{name}.py", "Y = 2") for name in ("early", "late")]
    paths.append(shop.put("views.py", VIEWS.replace("{version}", "2")))
    shop.reloader.reload([str(path) for path in paths])
    eventually(lambda: shop.get() == "2", "the new version")
    assert shop.wait_for(Reloaded, after=1).files == 3
    assert shop.log.count("startup") == 2


def test_a_copy_outlives_the_version_that_left_it(make_shop: MakeShop) -> None:
    # Between the fork and the first statement of the child, the kernel takes them for one another.
    slow = "import os, time\nos.register_at_fork(after_in_child=lambda: time.sleep(0.5))"
    shop = make_shop(files={"early.py": slow})
    shop.save_version("2")
    eventually(lambda: shop.log.count("import main") == 2, "the version has begun")
    time.sleep(0.25)
    shop.update_version("3")
    assert shop.get() == "3"
    assert not [each for each in shop.news if isinstance(each, ReloadFailed)]


def test_a_second_save_drops_the_version_that_is_starting(shop: Shop) -> None:
    shop.save("views.py", "import time, main\nmain.note('slow')\ntime.sleep(600)")
    eventually(lambda: "slow" in shop.log, "the slow version starts")
    told = shop.update_version("3")
    assert shop.get() == "3"
    assert told.ms < 500_000
    assert shop.log.count("startup") == 2


# --- what fails ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "error", "line"),
    [
        ("def oops(:", "SyntaxError", 1),
        ("\nimport not_there", "ModuleNotFoundError", 2),
        ("\n\nraise RuntimeError('no')", "RuntimeError: no", 3),
        ("import sys\nsys.exit('set API_KEY')", "SystemExit: set API_KEY", 2),
        ("async def begin():\n    raise OSError('port taken')", "OSError: port taken", 2),
    ],
)
def test_a_broken_save_keeps_the_version_before(
    shop: Shop, text: str, error: str, line: int
) -> None:
    failure = shop.fail("views.py", text)
    assert failure.error.startswith(error)
    assert (Path(failure.file).name, failure.line, failure.has_served) == ("views.py", line, True)
    assert failure.source == text.splitlines()[line - 1].strip()
    assert shop.get() == "1"
    shop.update_version("2")
    assert shop.get() == "2"


@pytest.mark.parametrize("text", ["import os; os._exit(1)", "import sys; sys.exit(1)"])
def test_a_version_that_ends_while_it_starts_changes_nothing(shop: Shop, text: str) -> None:
    shop.fail("views.py", text)
    assert shop.get() == "1"
    shop.update_version("2")
    assert shop.get() == "2"


def test_a_version_that_dies_right_after_its_start_gives_way_to_the_one_before(shop: Shop) -> None:
    dying = VIEWS.replace("{version}", "2").replace(
        "pass", "import asyncio, os; asyncio.get_running_loop().call_later(0.15, os._exit, 1)"
    )
    shop.save("views.py", dying)
    assert shop.wait_for(Crashed).resumed
    eventually(lambda: shop.get() == "1", "the old version serves again")
    shop.update_version("3")
    assert shop.get() == "3"


def test_a_killed_server_is_started_again_and_no_request_is_refused(shop: Shop) -> None:
    time.sleep(0.6)  # it has started well
    os.kill(shop.wait_for(Reloaded).pid, signal.SIGKILL)
    assert shop.get() == "1"
    assert not shop.wait_for(Crashed).resumed


@pytest.mark.parametrize("which", [0, 1, -1])
def test_a_process_that_someone_has_stopped_goes_on_when_it_is_needed(
    shop: Shop, which: int
) -> None:
    for version in "23":
        shop.update_version(version)
    time.sleep(2 * reload_warm.LEARN_AFTER)
    eventually(lambda: len(family(shop.root)) == 4, "the old versions are gone, the next stands by")
    serving = [each for each in shop.news if isinstance(each, Reloaded)][-1].pid
    paused = sorted(family(shop.root), key=lambda each: each.create_time())
    paused[which].suspend()
    assert paused[which].pid != serving
    shop.update("early.py", "X = 1")
    for version in "45":
        shop.update_version(version)
        assert shop.get() == version


def test_a_project_that_is_broken_from_the_start_is_served_once_it_is_mended(
    tmp_path: Path,
) -> None:
    shop = Shop(tmp_path, files={"views.py": "def oops(:"})
    shop.reloader.start()
    try:
        failure = shop.wait_for(ReloadFailed)
        assert (failure.line, failure.has_served) == (1, False)
        shop.update_version("2")
        assert shop.get() == "2"
    finally:
        shop.stop()


# --- connections -----------------------------------------------------------------------------------


class Load(threading.Thread):
    """Asks again and again, on one connection or on a new one each time."""

    def __init__(self, shop: Shop, *, keep: bool) -> None:
        super().__init__(daemon=True)
        self.shop, self.keep = shop, keep
        self.answers: list[str] = []
        self.errors: list[Exception] = []
        self.stalls: list[float] = []
        self.ended = threading.Event()

    def run(self) -> None:
        """Ask until the test has seen enough."""
        kept = self.shop.connect() if self.keep else None
        while not self.ended.wait(0.004):
            began = time.monotonic()
            try:
                self.answers.append(self.shop.get(connection=kept))
            except Exception as error:  # noqa: BLE001  # each of them is a failed request
                self.errors.append(error)
            self.stalls.append(time.monotonic() - began)
        if kept is not None:
            kept.close()

    def finish(self) -> None:
        """Stop asking."""
        self.ended.set()
        self.join(DEADLINE)


@pytest.mark.parametrize("parser", ["auto", "h11"])
def test_no_request_fails_across_reloads_and_errors(make_shop: MakeShop, parser: str) -> None:
    shop = make_shop("--http", parser)
    loads = [Load(shop, keep=keep) for keep in (True, True, False)]
    for load in loads:
        load.start()
    for version in range(2, 8):
        shop.update_version(str(version))
    shop.fail("views.py", "def oops(:")
    shop.update_version("8")
    for load in loads:
        eventually(lambda load=load: "8" in load.answers[-1:], "the last version")
        load.finish()
        assert load.errors == []
        assert load.answers == sorted(load.answers)


@pytest.mark.parametrize("parser", ["auto", "h11"])
def test_an_idle_connection_goes_on_in_the_new_version(make_shop: MakeShop, parser: str) -> None:
    shop = make_shop("--http", parser)
    kept = shop.connect()
    assert shop.get(connection=kept) == "1"
    ours = kept.sock.getsockname()
    shop.update_version("2")
    assert shop.get(connection=kept) == "2"
    assert kept.sock.getsockname() == ours
    kept.close()


STREAM = """
import asyncio
VERSION = "{version}"

async def begin():
    pass

async def answer(scope, send):
    if scope["path"] == "/slow":
        await asyncio.sleep(0.4)
    if scope["path"] == "/stream":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        while True:
            await send({"type": "http.response.body", "body": b"tick\\n", "more_body": True})
            await asyncio.sleep(0.02)
    return VERSION
"""


def test_a_save_while_connections_are_handed_over_loses_none(
    make_shop: MakeShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop, kept, is_ready = slow_handover(make_shop, monkeypatch)
    shop.save_version("2")
    assert is_ready.wait(DEADLINE)
    shop.update_version("3")
    eventually(lambda: shop.get() == "3", "the last version")
    assert shop.get(connection=kept) in {"2", "3"}
    kept.close()


def test_a_version_that_dies_before_it_takes_over_gives_the_connections_back(
    make_shop: MakeShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop, kept, is_ready = slow_handover(make_shop, monkeypatch)
    dying = "import asyncio, os; asyncio.get_running_loop().call_later(0.3, os._exit, 1)"
    shop.fail("views.py", VIEWS.replace("pass", dying))
    assert is_ready.is_set()
    assert shop.get(connection=kept) == "1"
    assert shop.get() == "1"
    shop.update_version("3")
    assert shop.get(connection=kept) == "3"
    kept.close()


def slow_handover(
    make_shop: MakeShop, monkeypatch: pytest.MonkeyPatch
) -> tuple[Shop, http.client.HTTPConnection, threading.Event]:
    """A shop, a connection that is kept, and what is set when the next version could take it.

    That version is told so a second later.
    """
    is_ready = threading.Event()
    ready = Relay.ready

    def noting(relay: Relay, node: Node) -> None:
        ready(relay, node)
        is_ready.set()

    monkeypatch.setattr(reload_relay, "ACCEPT_SECONDS", 1.0)
    monkeypatch.setattr(Relay, "drained", lambda _: None)
    monkeypatch.setattr(Relay, "ready", noting)
    shop = make_shop()
    kept = shop.connect()
    assert shop.get(connection=kept) == "1"
    is_ready.clear()
    return shop, kept, is_ready


def test_an_open_stream_holds_nothing_up_and_ends_within_the_grace(make_shop: MakeShop) -> None:
    shop = make_shop(files={"views.py": STREAM}, grace=1.0)
    stream = shop.connect()
    stream.request("GET", "/stream")
    response = stream.getresponse()
    assert response.readline() == b"tick\n"
    old = shop.wait_for(Reloaded).pid
    shop.update("views.py", STREAM.replace("{version}", "2"))
    assert shop.get() == "2"
    assert response.readline() == b"tick\n"
    eventually(lambda: not psutil.pid_exists(old), "the old version has ended")
    with contextlib.suppress(OSError, http.client.HTTPException):
        while response.readline():
            pass
    stream.close()


# As uvicorn's own for WebSockets: they hold a state machine, which is not that of HTTP.
ECHO = """
import asyncio

class Echo(asyncio.Protocol):
    def __init__(self, config, server_state, app_state):
        self.conn = object()
        self.state = server_state

    def connection_made(self, transport):
        self.transport = transport
        self.state.connections.add(self)

    def connection_lost(self, error):
        self.state.connections.discard(self)

    def data_received(self, data):
        self.transport.write(data)

    def shutdown(self):
        self.transport.close()
"""


def test_an_upgraded_connection_goes_on_within_the_grace(make_shop: MakeShop) -> None:
    shop = make_shop("--http", "h11", "--ws", "echo:Echo", files={"echo.py": ECHO}, grace=1.5)
    old = shop.wait_for(Reloaded).pid
    with socket.create_connection(("127.0.0.1", shop.port), timeout=DEADLINE) as client:
        client.sendall(
            b"GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
        )
        lines = client.makefile("rb")
        while lines.readline() != b"\r\n":
            pass
        shop.update_version("2")
        for number in range(5):
            client.sendall(b"%d\n" % number)
            assert lines.readline() == b"%d\n" % number
            time.sleep(0.1)
        assert shop.get() == "2"
        eventually(lambda: not psutil.pid_exists(old), "the old version has ended")
        assert lines.read() == b""
        lines.close()


def test_a_request_that_runs_is_answered_by_the_version_that_took_it(make_shop: MakeShop) -> None:
    shop = make_shop(files={"views.py": STREAM})
    answers: list[str] = []
    asking = threading.Thread(target=lambda: answers.append(shop.get("/slow")))
    asking.start()
    time.sleep(0.1)
    shop.update("views.py", STREAM.replace("{version}", "2"))
    asking.join(DEADLINE)
    assert answers == ["1"]


def test_a_server_that_is_stuck_does_not_hold_up_the_next(make_shop: MakeShop) -> None:
    stuck = VIEWS.replace(
        "return VERSION", 'import time; return scope["path"] == "/stuck" and time.sleep(600)'
    )
    shop = make_shop(files={"views.py": stuck}, grace=0.5)
    asking = shop.connect()
    asking.request("GET", "/stuck")
    old = shop.wait_for(Reloaded).pid
    time.sleep(0.2)
    shop.update_version("2")
    assert shop.get() == "2"
    eventually(lambda: not psutil.pid_exists(old), "the stuck version was killed")
    asking.close()


# --- as a fresh process ----------------------------------------------------------------------------

FRESH = """
import atexit, os, random, signal, threading
from main import note

atexit.register(note, "atexit")
SEEN = []
NUMBER = random.random()

async def begin():
    SEEN.append(1)

async def answer(scope, send):
    state = {
        "/random": NUMBER,
        "/seen": len(SEEN),
        "/threads": threading.active_count(),
        "/int": signal.getsignal(signal.SIGCHLD) is signal.SIG_DFL,
        "/env": os.environ.get("COLOUR"),
        "/main": hasattr(__import__("__main__"), "Node"),
    }
    return state[scope["path"]]
"""


def test_each_version_is_as_after_a_restart(make_shop: MakeShop) -> None:
    files = {
        "views.py": FRESH,
        "early.py": "import random\nrandom.seed(7)\nFIRST = random.random()",
    }
    shop = make_shop(files=files)
    asked = ("/random", "/seen", "/threads", "/int", "/main")
    first = [shop.get(path) for path in asked]
    assert first[1:] == ["1", "1", "True", "False"]
    for number in range(3):
        shop.update("views.py", FRESH + f"\n# {number}")
        # The project has seeded its random numbers, so they are the same each time.
        assert [shop.get(path) for path in asked] == first
    eventually(lambda: shop.log.count("atexit") == 3, "three old versions ended in an orderly way")
    assert shop.log.count("shutdown") == 3


def test_random_numbers_differ_where_nobody_seeds_them(make_shop: MakeShop) -> None:
    shop = make_shop(files={"views.py": FRESH})
    numbers = {shop.get("/random")}
    for number in range(3):
        shop.update("views.py", FRESH + f"\n# {number}")
        numbers.add(shop.get("/random"))
    assert len(numbers) == 4


def test_a_changed_env_file_makes_a_new_environment(make_shop: MakeShop) -> None:
    shop = make_shop(files={"views.py": FRESH}, env={"COLOUR": "red"})
    assert shop.get("/env") == "red"
    shop.env = {**shop.env, "COLOUR": "blue"}
    env_file = str(shop.put(".env", "COLOUR=blue"))
    shop.reloader.reload([env_file], declared=[env_file])
    eventually(lambda: shop.get("/env") == "blue", "the new environment")
    assert shop.wait_for(Reloaded, after=1).file == env_file
    shop.update("views.py", FRESH.replace('"/env"', '"/colour"'))
    assert shop.get("/colour") == "blue"


def test_variables_that_cannot_be_read_change_nothing(make_shop: MakeShop) -> None:
    shop = make_shop()

    def refuse() -> dict[str, str]:
        raise ConfigError(".env: cannot be read: it is not UTF-8")

    shop.reloader._environment = refuse
    env_file = str(shop.put(".env", "X"))
    shop.reloader.reload([env_file], declared=[env_file])
    assert "not UTF-8" in shop.wait_for(ReloadFailed).error
    assert shop.get() == "1"


def test_a_changed_lock_file_imports_packages_anew(make_shop: MakeShop, tmp_path: Path) -> None:
    package = tmp_path / "site-packages" / "dependency.py"
    package.parent.mkdir()
    package.write_text("VERSION = 'old'")
    views = VIEWS.replace("return VERSION", "import dependency; return dependency.VERSION")
    shop = make_shop(files={"views.py": views}, env={"PYTHONPATH": str(package.parent)})
    assert shop.get() == "old"
    package.write_text("VERSION = 'newer'")
    shop.reloader.reload([str(shop.put("uv.lock", "x"))])
    eventually(lambda: shop.get() == "newer", "the new package")


def test_packages_that_start_threads_are_left_to_each_version(
    make_shop: MakeShop, tmp_path: Path
) -> None:
    folder = tmp_path / "site-packages"
    folder.mkdir()
    starts = "import threading, time\nthreading.Thread(target=time.sleep, args=(900,), daemon=True).start()"
    (folder / "restless.py").write_text(starts)
    (folder / "its_user.py").write_text("import restless")
    (folder / "calm.py").write_text("")
    shop = make_shop(
        files={"early.py": "import its_user, calm"},
        env={"PYTHONPATH": str(folder)},
        explain=True,
    )
    eventually(lambda: "restless" in shop.reloader.unsafe, "the thread is noticed")
    assert shop.reloader.unsafe["restless"] == "starts a thread"
    assert shop.reloader.unsafe["its_user"] == "imports restless"
    assert "calm" not in shop.reloader.unsafe
    assert any("restless" in each.text for each in shop.news if isinstance(each, Notice))
    shop.update_version("2")
    assert shop.get() == "2"


def test_versions_that_may_not_overlap_follow_each_other(make_shop: MakeShop) -> None:
    shop = make_shop(serial=True)
    load = Load(shop, keep=False)
    load.start()
    for version in "23":
        shop.update_version(version)
    shop.fail("views.py", "def oops(:")
    assert shop.get() == "3"
    load.finish()
    assert load.errors == []
    events = [line for line in shop.log if line != "import main"]
    assert events == ["startup", "shutdown", "startup", "shutdown", "startup"]


def test_who_was_to_make_way_goes_on_if_the_next_save_is_broken(make_shop: MakeShop) -> None:
    views = VIEWS.replace(
        "return VERSION",
        "import asyncio, main\n    if scope['path'] == '/slow':\n"
        "        main.note('asked')\n        await asyncio.sleep(2)\n    return VERSION",
    )
    shop = make_shop(serial=True, grace=30.0, files={"views.py": views})
    kept = shop.connect()
    assert shop.get(connection=kept) == "1"
    answers: list[str] = []
    asking = threading.Thread(target=lambda: answers.append(shop.get("/slow")))
    asking.start()
    eventually(lambda: "asked" in shop.log, "a request that takes a while")
    shop.save("views.py", views.replace("{version}", "2"))
    shop.wait_for(Reloading)
    time.sleep(0.2)  # it has made way by then, and waits for the request to end
    shop.fail("views.py", "def oops(:")
    assert shop.get() == "1"
    assert shop.get(connection=kept) == "1"
    kept.close()
    asking.join()
    assert answers == ["1"]
    shop.update("views.py", views.replace("{version}", "3"))
    assert shop.get() == "3"
    assert shop.log.count("startup") == 2


def test_what_starts_alone_is_not_dropped_for_a_broken_save(make_shop: MakeShop) -> None:
    shop = make_shop(serial=True)
    slow = "import time, main\nmain.note('slow')\ntime.sleep(1)\n"
    shop.save("views.py", slow + VIEWS.replace("{version}", "2"))
    eventually(lambda: "slow" in shop.log, "the version starts, and the one before is gone")
    assert shop.fail("views.py", "def oops(:").has_served
    assert shop.get() == "2"
    # What is told first may still be the start of the second.
    shop.save_version("3")
    eventually(lambda: shop.get() == "3", "the third")


def test_the_next_run_knows_what_this_one_has_learned(tmp_path: Path) -> None:
    memory = tmp_path / "memory.json"
    files = {
        "early.py": "import sys\nfrom main import note\nnote('ahead' if 'sqlite3' in sys.modules else 'now')",
        "late.py": "import sqlite3",
    }
    for _ in range(2):
        shop = Shop(tmp_path, files=files, memory=memory).start()
        eventually(memory.exists, "it is kept")
        shop.stop()
    assert [line for line in shop.log if line in {"ahead", "now"}] == ["now", "ahead"]


# --- where and how it listens ----------------------------------------------------------------------


def test_the_next_run_need_not_compile_what_this_one_has(make_shop: MakeShop) -> None:
    shop = make_shop()
    kept = shop.root / "__pycache__"
    eventually(lambda: len(list(kept.glob("*.pyc"))) == 4, "the code of four files")
    assert not list(kept.glob("*.pyc.*"))


def test_options_of_the_server_are_its_own(make_shop: MakeShop) -> None:
    views = VIEWS.replace("return VERSION", 'return scope["root_path"]')
    shop = make_shop("--root-path", "/api", "--header", "X-From:shop", files={"views.py": views})
    for number in range(2):
        asked = shop.connect()
        asked.request("GET", "/")
        answer = asked.getresponse()
        assert (answer.read(), answer.getheader("x-from")) == (b"/api", "shop")
        asked.close()
        shop.update("late.py", f"Z = {number}")


def test_a_unix_socket_is_kept_too(make_shop: MakeShop, tmp_path: Path) -> None:
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(tmp_path / "s"))
    listener.listen(16)
    shop = make_shop(listener=listener)
    shop.update_version("2")
    with socket.socket(socket.AF_UNIX) as caller:
        caller.connect(str(tmp_path / "s"))
        caller.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        caller.settimeout(DEADLINE)
        answer = b"".join(iter(lambda: caller.recv(4096), b""))
    assert answer.endswith(b"2")


# --- the end ---------------------------------------------------------------------------------------

PROGRAM = """
import socket, sys, time
from devtool import Application, WarmReloader

listener = socket.create_server(("127.0.0.1", 0))
application = Application(python=sys.executable, cwd=".", kind="uvicorn", words=("main:app",))
reloader = WarmReloader(application, [listener], on_news=lambda news: print(news, flush=True))
reloader.start()
print(listener.getsockname()[1], flush=True)
time.sleep(600)
"""


def test_nothing_is_left_when_devtool_is_killed(tmp_path: Path) -> None:
    Shop.write(tmp_path)
    with subprocess.Popen(
        (sys.executable, "-c", PROGRAM),
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as program:
        assert program.stdout is not None
        port = int(program.stdout.readline())
        assert "Reloaded" in program.stdout.readline()
        eventually(lambda: len(family(tmp_path)) >= 4, "parent, server and standby")
        program.kill()
        eventually(lambda: not family(tmp_path), "all of them gone")
    with socket.socket() as caller:
        assert caller.connect_ex(("127.0.0.1", port)) != 0


def test_a_version_that_hangs_while_it_starts_is_not_left_either(tmp_path: Path) -> None:
    Shop.write(tmp_path, {"early.py": "import main, time\nmain.note('hangs')\ntime.sleep(900)"})
    with subprocess.Popen(
        (sys.executable, "-c", PROGRAM),
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as program:
        log = tmp_path / "log.txt"
        eventually(lambda: log.exists() and "hangs" in log.read_text(), "it hangs")
        program.kill()
        eventually(lambda: not family(tmp_path), "all of them gone")


def test_it_does_nothing_while_nothing_happens(shop: Shop) -> None:
    shop.update_version("2")
    time.sleep(1.5)
    processes = [each for each in family(shop.root) if each.pid != os.getpid()]
    before = sum(sum(each.cpu_times()[:2]) for each in processes)
    time.sleep(2)
    assert sum(sum(each.cpu_times()[:2]) for each in processes) - before <= 0.03
