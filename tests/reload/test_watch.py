"""Watching real files, in every way that changes are noticed."""

from __future__ import annotations

import os
import queue
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from devtool.errors import ConfigError
from devtool.runner import watch, watch_inotify
from devtool.runner.watch import Batch, Watcher
from devtool.runner.watch_native import Native
from devtool.runner.watch_poll import Poll

DEADLINE = 60
# How changes are noticed: by the kernel, by looking, by watchfiles (elsewhere than on Linux).
SOURCES = ("events", "poll", "native")


class Watched:
    """Folders under watch, and what was handed on."""

    def __init__(
        self,
        root: Path,
        source: str,
        *,
        extra: Iterable[Path] = (),
        shallow: Iterable[Path] = (),
        include: Iterable[str] = (),
        exclude: Iterable[str] = (),
    ) -> None:
        self.root = root
        self.batches: queue.SimpleQueue[Batch] = queue.SimpleQueue()
        self.notices: list[str] = []
        self.watcher = Watcher(
            [root],
            on_batch=self.batches.put,
            on_notice=self.notices.append,
            env={"DEVTOOL_WATCH": "poll" if source == "poll" else "events"},
            extra=extra,
            shallow=shallow,
            include=include,
            exclude=exclude,
            read_after=0,
        )
        self.watcher.start()
        assert self.watcher.begun.wait(DEADLINE)
        assert self.watcher.remembers.wait(DEADLINE)

    def next(self) -> Batch:
        return self.batches.get(timeout=DEADLINE)

    def until(self, *paths: Path) -> set[str]:
        """What was handed on until all of these had been."""
        wanted = {str(path) for path in paths}
        seen: set[str] = set()
        deadline = time.monotonic() + DEADLINE
        while not wanted <= seen:
            assert time.monotonic() < deadline, f"only {seen}"
            seen |= set(self.next().paths)
        return seen

    def marked(self) -> set[str]:
        """What was handed on until a mark that is made now: nothing else is under way after it."""
        mark = self.root / f"mark{time.monotonic_ns()}.py"
        mark.write_text("1", encoding="utf-8")
        return self.until(mark) - {str(mark)}


@pytest.fixture(params=SOURCES)
def source(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(watch, "Poll", partial(Poll, soonest=0.02))
    if request.param == "native":
        # What stands in `watch` for another system than this.
        monkeypatch.setattr(watch, "Inotify", Native)
    return str(request.param)


Watching = Callable[..., Watched]


@pytest.fixture
def watching(source: str) -> Iterator[Watching]:
    all_of_them: list[Watched] = []

    def begin(root: Path, **options: Any) -> Watched:
        all_of_them.append(Watched(root, source, **options))
        return all_of_them[-1]

    yield begin
    for each in all_of_them:
        each.watcher.stop()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    for name in ("main.py", "app/__init__.py", "app/models.py"):
        write(folder / name, f"name = {name!r}\n")
    return folder


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_a_save_is_handed_on_with_its_real_path(root: Path, watching: Watching) -> None:
    link = root.parent / "link"
    link.symlink_to(root)
    seen = watching(link)
    write(root / "app/models.py", "name = 2")
    batch = seen.next()
    assert batch.paths == (str(root / "app/models.py"),)
    assert time.monotonic() - batch.at < DEADLINE
    assert not batch.declared


def test_a_save_that_changes_no_byte_is_no_change(root: Path, watching: Watching) -> None:
    seen = watching(root)
    models = root / "app/models.py"
    models.write_bytes(models.read_bytes())
    os.utime(root / "main.py")
    assert not seen.marked()


def test_a_change_that_is_taken_back_is_a_change_too(root: Path, watching: Watching) -> None:
    seen = watching(root)
    before = (root / "main.py").read_text(encoding="utf-8")
    for text in ("other", before):
        write(root / "main.py", text)
        assert seen.until(root / "main.py") == {str(root / "main.py")}


def test_saves_of_one_length_within_one_second_are_all_seen(root: Path, watching: Watching) -> None:
    seen = watching(root)
    for number in range(5):
        write(root / "main.py", f"name = {number}")
        assert seen.until(root / "main.py")


def test_an_atomic_save_is_one_change_of_the_file(root: Path, watching: Watching) -> None:
    seen = watching(root)
    write(root / "main.py.tmp", "name = 3").replace(root / "main.py")
    assert seen.next().paths == (str(root / "main.py"),)
    assert not seen.marked()


def test_a_save_by_way_of_a_backup_is_one_change(root: Path, watching: Watching) -> None:
    """As vim does it: the old file is moved away, and for a moment there is none."""
    seen = watching(root)
    write(root / "4913", "")
    (root / "4913").unlink()
    (root / "main.py").rename(root / "main.py~")
    write(root / ".main.py.swp", "swap")
    write(root / "main.py", "name = 4")
    (root / "main.py~").unlink()
    assert seen.marked() == {str(root / "main.py")}


def test_deletion_and_new_files_and_folders(root: Path, watching: Watching) -> None:
    seen = watching(root)
    (root / "app/models.py").unlink()
    seen.until(root / "app/models.py")
    new = write(root / "app/parts/deep/new.py", "x = 1")
    seen.until(new)
    write(new, "x = 2")
    assert seen.until(new) == {str(new)}


def test_a_renamed_package_is_gone_and_new_and_still_watched(
    root: Path, watching: Watching
) -> None:
    seen = watching(root)
    (root / "app").rename(root / "shop")
    names = ("__init__.py", "models.py")
    seen.until(*(root / folder / name for folder in ("app", "shop") for name in names))
    write(root / "shop/models.py", "name = 5")
    assert seen.until(root / "shop/models.py") == {str(root / "shop/models.py")}


def test_a_deleted_tree_that_comes_back_is_watched_again(root: Path, watching: Watching) -> None:
    seen = watching(root)
    for name in ("__init__.py", "models.py"):
        (root / "app" / name).unlink()
    (root / "app").rmdir()
    seen.until(root / "app/models.py", root / "app/__init__.py")
    write(root / "app/models.py", "name = 6")
    seen.until(root / "app/models.py")
    write(root / "app/models.py", "name = 7")
    seen.until(root / "app/models.py")


@pytest.mark.parametrize(
    "name",
    [
        ".git/index",
        ".venv/lib/x.py",
        "node_modules/x/index.js",
        "app/__pycache__/models.cpython-312.pyc",
        ".pytest_cache/x.py",
        ".devtool/manifest.json",
        "app.db",
        "app.db-wal",
        "shop.sqlite3-journal",
        "run.log",
        "run.log.1",
        ".models.py.swp",
        "models.py~",
        "#models.py#",
        ".#models.py",
    ],
)
def test_what_is_no_source_is_not_handed_on(root: Path, watching: Watching, name: str) -> None:
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    seen = watching(root)
    write(root / name, "changed")
    assert not seen.marked()


def test_an_environment_under_any_name_is_not_watched(root: Path, watching: Watching) -> None:
    write(root / "old/pyvenv.cfg", "")
    write(root / "old/lib/x.py", "")
    seen = watching(root)
    write(root / "old/lib/x.py", "1")
    write(root / "fresh/pyvenv.cfg", "")
    seen.marked()
    write(root / "fresh/lib/x.py", "1")
    assert not seen.marked()


def test_a_linked_file_and_a_linked_folder_are_watched_where_they_are(
    root: Path, tmp_path: Path, watching: Watching
) -> None:
    target = write(tmp_path / "shared/settings.py", "x = 1")
    inner = write(tmp_path / "library/lib/inner.py", "x = 1")
    (root / "settings.py").symlink_to(target)
    (root / "lib").symlink_to(inner.parent)
    (root / "self").symlink_to(root)
    seen = watching(root)
    for path in (target, inner):
        write(path, "x = 2")
        assert str(path) in seen.until(path)
    write(target.with_name("other.py"), "x = 1")
    assert not seen.marked()


def test_a_link_that_leads_elsewhere_now_changes_what_it_led_to(
    root: Path, tmp_path: Path, watching: Watching
) -> None:
    old, new = (write(tmp_path / name, name) for name in ("old.py", "new.py"))
    (root / "settings.py").symlink_to(old)
    seen = watching(root)
    (root / "next").symlink_to(new)
    (root / "next").rename(root / "settings.py")
    seen.until(root / "settings.py")
    write(new, "x = 3")
    seen.until(new)


def test_what_is_outside_the_root_can_be_watched_too(
    root: Path, tmp_path: Path, watching: Watching
) -> None:
    env = write(tmp_path / "env/.env", "A=1")
    seen = watching(root, extra=[env])
    write(env, "A=2")
    batch = seen.next()
    assert batch.paths == (str(env),)
    assert batch.declared == {str(env)}
    write(env.with_name("other.py"), "")
    editable = write(tmp_path / "editable/lib/part.py", "x = 1")
    seen.watcher.add(editable.parent)
    # An answer for the file, once it is watched, is a fresh content of it.
    for number in range(DEADLINE):
        write(editable, f"x = {number + 2}")
        try:
            assert seen.batches.get(timeout=1).paths == (str(editable),)
            break
        except queue.Empty:
            continue
    else:
        raise AssertionError("the added folder is not watched")


def test_a_package_that_is_installed_shows_in_its_folder(
    root: Path, tmp_path: Path, watching: Watching
) -> None:
    packages = tmp_path / "env/lib/site-packages"
    write(packages / "one/__init__.py", "")
    seen = watching(root, shallow=[packages])
    write(packages / "one/part.py", "")
    (packages / "two.dist-info").mkdir()
    assert seen.until(packages / "two.dist-info") == {str(packages / "two.dist-info")}


def test_include_declares_files_and_exclude_wins(root: Path, watching: Watching) -> None:
    write(root / "data/prices.db", "0")
    write(root / "data/secret.db", "0")
    seen = watching(root, include=["data/*.db", "*.j2"], exclude=["secret.*", "app/"])
    write(root / "data/secret.db", "1")
    write(root / "app/models.py", "name = 8")
    page = write(root / "pages/index.j2", "hello")
    seen.until(page)
    prices = write(root / "data/prices.db", "1")
    batch = seen.next()
    assert batch.paths == (str(prices),)
    assert batch.declared == {str(prices)}


def test_thirty_files_at_once_make_one_batch_or_a_first_and_the_rest(
    root: Path, watching: Watching
) -> None:
    seen = watching(root)
    files = [write(root / f"app/part{number}.py", "x = 1") for number in range(30)]
    batches: list[Batch] = []
    while len({path for batch in batches for path in batch.paths}) < len(files):
        batches.append(seen.next())
    assert len(batches) <= 2
    assert not seen.marked()


def test_watching_takes_no_time_while_nothing_changes(root: Path) -> None:
    seen = Watched(root, "events")
    clock = time.thread_time
    spent: queue.SimpleQueue[float] = queue.SimpleQueue()
    seen.watcher._on_batch = lambda _: spent.put(clock())
    write(root / "main.py", "name = 9")
    before = spent.get(timeout=DEADLINE)
    time.sleep(2)
    write(root / "main.py", "name = 10")
    after = spent.get(timeout=DEADLINE)
    seen.watcher.stop()
    # 0.3 % of a core, and what the second change itself takes.
    assert after - before < 2 * 0.003 + 0.005


def test_when_the_system_has_no_watch_left_changes_are_looked_for(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise watch_inotify.EventsUnavailableError("no space left on device")

    monkeypatch.setattr(watch_inotify.Inotify, "_follow", refuse)
    seen = Watched(root, "events")
    write(root / "main.py", "name = 11")
    assert seen.next().paths == (str(root / "main.py"),)
    seen.watcher.stop()
    (notice,) = seen.notices
    assert notice == (
        "changes are looked for, not awaited: no space left on device; "
        "a higher fs.inotify.max_user_watches would help"
    )


def test_a_limit_that_is_reached_later_loses_nothing(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = Watched(root, "events")

    def refuse(*_: object) -> None:
        raise watch_inotify.EventsUnavailableError("no space left on device")

    monkeypatch.setattr(seen.watcher._source.tree, "_follow", refuse)  # type: ignore[union-attr]
    new = write(root / "later/new.py", "x = 1")
    deadline = time.monotonic() + DEADLINE
    while not seen.notices:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    write(new, "x = 2")
    seen.until(new)
    seen.watcher.stop()


def test_a_mount_without_events_is_looked_at(root: Path) -> None:
    notices: list[str] = []
    batches: queue.SimpleQueue[Batch] = queue.SimpleQueue()
    watcher = Watcher(
        [root],
        on_batch=batches.put,
        on_notice=notices.append,
        env={},
        mounts={"/": "ext4", str(root.parent): "9p"},
    )
    watcher.start()
    assert watcher.begun.wait(DEADLINE)
    watcher.stop()
    assert notices == [
        f"changes are looked for, not awaited: {root} is on 9p, which reports no changes of other sides"
    ]


def test_the_variable_must_say_one_of_two_things(root: Path) -> None:
    with pytest.raises(ConfigError, match="DEVTOOL_WATCH must be poll or events, not sometimes"):
        Watcher([root], on_batch=print, env={"DEVTOOL_WATCH": "sometimes"})


def test_stopping_ends_the_thread(root: Path, watching: Watching) -> None:
    seen = watching(root)
    seen.watcher.stop()
    assert not seen.watcher._thread.is_alive()


def test_watchfiles_is_loaded_only_where_it_watches() -> None:
    code = "import devtool.runner.watch, sys; sys.exit('watchfiles' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("told", [1, 2], ids=["before files are read", "after files were read"])
def test_a_save_is_not_lost_when_files_are_read_for_the_first_time(
    root: Path, monkeypatch: pytest.MonkeyPatch, told: int
) -> None:
    saved = root / "main.py"

    class Scripted(watch_inotify.Inotify):
        """Tells of a save at that call, and has nothing to tell at the one after it."""

        calls = 0

        def wait(self, timeout: float | None) -> set[str]:
            self.calls += 1
            if self.calls == 2:
                saved.write_text("name = 'other'\n", encoding="utf-8")
            if self.calls - 1 == told:
                super().wait(0)
                return {str(saved)}
            return super().wait(timeout) if self.calls > 4 else set()

    monkeypatch.setattr(watch, "Inotify", Scripted)
    watched = Watched(root, "events")
    try:
        assert watched.next().paths == (str(saved),)
    finally:
        watched.watcher.stop()
