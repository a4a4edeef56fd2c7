"""What the watcher decides, without a file: rules, pace and mounts."""

from __future__ import annotations

import pytest

from devtool.errors import ConfigError
from devtool.runner.watch_mounts import Choice, Mode, choose, file_system, parse
from devtool.runner.watch_pace import LONGEST, QUIET, QUIET_MANY, SETTLE, SETTLE_MANY, Pace
from devtool.runner.watch_rules import Rules


@pytest.mark.parametrize(
    ("pattern", "matches", "others"),
    [
        ("*.html", ["a.html", "t/deep/a.html"], ["a.htm", "a.html2"]),
        ("data", ["data/x.py", "deep/data/x"], ["data2/x.py"]),
        ("data/", ["data/x.py", "deep/data/y/x"], ["deep/data"]),
        ("app/data", ["app/data/x", "app/data"], ["x/app/data"]),
        ("/main.py", ["main.py"], ["app/main.py"]),
        ("./main.py", ["main.py"], ["app/main.py"]),
        ("app/**/x.py", ["app/x.py", "app/a/b/x.py"], ["x.py", "app/ax.py"]),
        ("**/x.py", ["x.py", "a/b/x.py"], ["ax.py"]),
        ("app/**", ["app/x", "app/a/b"], ["app", "application/x"]),
        ("a?.py", ["ab.py"], ["a.py", "a/.py"]),
        ("[ab].py", ["a.py"], ["c.py"]),
        ("[!ab].py", ["c.py"], ["a.py"]),
        ("a+b.py", ["a+b.py"], ["aab.py"]),
    ],
)
def test_globs_mean_what_gitignore_means(
    pattern: str, matches: list[str], others: list[str]
) -> None:
    rules = Rules(["/p"], include=[pattern])
    assert [path for path in matches + others if rules.declares(f"/p/{path}")] == matches


def test_include_opens_an_ignored_folder_and_no_other() -> None:
    rules = Rules(["/p"], include=[".config/*.yaml"])
    assert rules.wants_folder("/p/.config")
    assert not rules.wants_folder("/p/.git")
    assert rules.wants_file("/p/.config/a.yaml")
    assert not rules.wants_file("/p/.config/a.py")


def test_exclude_wins_over_include_and_closes_folders() -> None:
    rules = Rules(["/p"], include=["*.j2"], exclude=["generated/", "old.j2"])
    assert not rules.wants_folder("/p/generated")
    assert not rules.wants_file("/p/generated/x.py")
    assert not rules.declares("/p/old.j2")
    assert rules.declares("/p/new.j2")


def test_a_root_inside_an_ignored_folder_is_a_root_all_the_same() -> None:
    rules = Rules(["/home/me/.work/p"])
    assert rules.wants_folder("/home/me/.work/p")
    assert rules.wants_file("/home/me/.work/p/x.py")


def test_the_first_change_is_due_at_once() -> None:
    pace = Pace()
    assert pace.due() is None
    pace.saw(10.0)
    assert pace.due() == 10.0 + SETTLE


def test_many_files_at_once_are_waited_for_a_little_longer() -> None:
    pace = Pace()
    for step in range(20):
        pace.saw(10.0 + step * 0.01, pending=step + 1)
        assert pace.due() == pytest.approx(
            10.0 + step * 0.01 + (SETTLE if step < 2 else SETTLE_MANY)
        )


def test_many_files_one_by_one_are_waited_for_longer_still() -> None:
    pace = Pace()
    pace.saw(10.0)
    pace.fired(10.002)
    for step in range(20):
        pace.saw(10.02 + step * 0.02, pending=step + 1)
        pause = QUIET if step < 2 else QUIET_MANY
        assert pace.due() == pytest.approx(10.02 + step * 0.02 + pause)


def test_what_follows_a_batch_waits_for_quiet_and_not_for_ever() -> None:
    pace = Pace()
    pace.saw(10.0)
    pace.fired(10.002)
    now = 10.01
    while now < 10.0 + LONGEST:
        pace.saw(now)
        assert pace.due() == pytest.approx(min(now + QUIET, 10.01 + LONGEST))
        now += 0.02
    assert now < 10.01 + LONGEST + QUIET


def test_after_quiet_a_change_is_the_first_again() -> None:
    pace = Pace()
    pace.saw(10.0)
    pace.fired(10.002)
    pace.saw(11.0)
    assert pace.due() == 11.0 + SETTLE


def test_batches_in_a_row_come_slower_and_slower() -> None:
    pace = Pace()
    now, waits = 10.0, []
    for _ in range(5):
        pace.saw(now)
        due = pace.due()
        assert due is not None
        waits.append(round(due - now, 4))
        pace.fired(due)
        now = due + 0.001
    assert waits == [SETTLE, 0.04, 0.08, 0.16, 0.16]


def test_a_save_that_seems_half_done_waits_for_quiet() -> None:
    pace = Pace()
    pace.saw(10.0)
    pace.wait()
    assert pace.due() == 10.0 + QUIET


@pytest.mark.parametrize(
    ("kind", "mode"),
    [
        *((kind, Mode.POLL) for kind in ("9p", "drvfs", "virtiofs", "nfs4", "cifs", "fuse.sshfs")),
        *((kind, Mode.EVENTS) for kind in ("ext4", "overlay", "tmpfs", "btrfs", "fusectl", "")),
    ],
)
def test_the_mode_follows_the_mount(kind: str, mode: Mode) -> None:
    assert choose(["/p/app"], {}, {"/": "ext4", "/p": kind}).mode is mode


def test_the_user_decides_before_the_mount() -> None:
    mounts = {"/": "nfs"}
    assert choose(["/p"], {"DEVTOOL_WATCH": "events"}, mounts).mode is Mode.EVENTS
    assert choose(["/p"], {"DEVTOOL_WATCH": "Poll"}, {}) == Choice(
        Mode.POLL, "as DEVTOOL_WATCH says"
    )
    with pytest.raises(ConfigError):
        choose(["/p"], {"DEVTOOL_WATCH": "no"}, {})


def test_the_mount_table_is_read() -> None:
    text = (
        "22 27 0:21 / / rw,relatime shared:1 - ext4 /dev/vda rw\n"
        "23 22 0:22 / /home/my\\040files rw - 9p host rw\n"
        "24 22 0:22 / /home rw - ext4 x rw\n"
        "nonsense\n"
    )
    mounts = parse(text)
    assert mounts == {"/": "ext4", "/home/my files": "9p", "/home": "ext4"}
    assert file_system("/home/my files/p", mounts) == "9p"
    assert file_system("/home/my", mounts) == "ext4"
    assert file_system("/home", mounts) == "ext4"
    assert file_system("/p", {}) == ""
