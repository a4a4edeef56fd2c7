"""An existing project is changed, and no edit of its owner is lost."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from devtool.errors import ConfigError, ConflictError
from devtool.scaffold import journal, manifest, update
from devtool.scaffold.changes import Action
from devtool.scaffold.update import PROPOSAL, adopt, apply_update, plan_update, refuse_conflicts
from tests.scaffold.project import (
    CHAT,
    MAIN,
    MODELS,
    OLD,
    PACKAGE,
    PYPROJECT,
    README,
    ROUTERS,
    V1,
    V2,
    actions,
    change,
    edit,
    snapshot,
)

TAG = "\n\nclass Tag(SQLModel, table=True):\n    id: int | None = Field(default=None, primary_key=True)\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    change(tmp_path, V1)
    return tmp_path


def append(path: str, text: str) -> Callable[[Path], None]:
    def act(root: Path) -> None:
        with (root / path).open("a", encoding="utf-8", newline="") as file:
            file.write(text)

    return act


def swap(path: str, old: str, new: str) -> Callable[[Path], None]:
    return lambda root: edit(root, path, old, new)


def each(path: str, old: bytes, new: bytes) -> Callable[[Path], None]:
    def act(root: Path) -> None:
        (root / path).write_bytes((root / path).read_bytes().replace(old, new))

    return act


def own_file(root: Path) -> None:
    (root / CHAT).parent.mkdir()
    (root / CHAT).write_text("mine = 1\n")


def lose_bases(root: Path) -> None:
    shutil.rmtree(root / manifest.BASE)
    edit(root, MAIN, "'ok'}", "'fine'}")


def alter_base(root: Path) -> None:
    name = manifest.digest(V1[MAIN])
    (root / manifest.BASE / name).write_text("# another text\n")
    edit(root, MAIN, "'ok'}", "'fine'}")


CASES: dict[str, tuple[Callable[[Path], object], dict[str, Action]]] = {
    "no edit": (
        lambda _: None,
        {MAIN: Action.UPDATE, CHAT: Action.CREATE, OLD: Action.DELETE, README: Action.KEEP},
    ),
    "an edit far from the change": (swap(MAIN, "'ok'}", "'fine'}"), {MAIN: Action.MERGE}),
    "an edit on the next line": (
        swap(MAIN, "(tasks.router)\n", "(tasks.router, prefix='/v1')\n"),
        {MAIN: Action.CONFLICT},
    ),
    "a field added": (
        swap(MODELS, "    completed", "    priority: int = 0\n    completed"),
        {MODELS: Action.MERGE},
    ),
    "a class at the end": (append(MODELS, TAG), {MODELS: Action.CONFLICT}),
    "the same class elsewhere": (
        swap(MODELS, "class Task(", "class Conversation(SQLModel):\n    x: int\n\n\nclass Task("),
        {MODELS: Action.CONFLICT},
    ),
    "every quote changed": (each(MAIN, b"'", b'"'), {MAIN: Action.MERGE}),
    "a generated file deleted": (
        lambda root: (root / MODELS).unlink(),
        {MODELS: Action.KEEP_DELETED},
    ),
    "a file moved": (
        lambda root: (root / MAIN).rename(root / "backend/app/server.py"),
        {MAIN: Action.KEEP_DELETED},
    ),
    "an own file where a new one comes": (own_file, {CHAT: Action.CONFLICT}),
    "an edit of what is generated no more": (append(OLD, "Y = 2\n"), {OLD: Action.RELEASE}),
    "CRLF": (each(MAIN, b"\n", b"\r\n"), {MAIN: Action.UPDATE}),
    "CRLF and an edit": (
        each(MAIN, b"'ok'}\n", b"'fine'}\n"),
        {MAIN: Action.MERGE},
    ),
    "the base store deleted": (lose_bases, {MAIN: Action.CONFLICT, MODELS: Action.UPDATE}),
    "a base text altered": (alter_base, {MAIN: Action.CONFLICT}),
    "brought up to date by hand": (
        lambda root: (root / MAIN).write_text(V2[MAIN]),
        {MAIN: Action.ADOPT},
    ),
    "no text any more": (
        lambda root: (root / MAIN).write_bytes(b"\xff\xfe\x00"),
        {MAIN: Action.CONFLICT},
    ),
    "an own router beside": (
        swap(ROUTERS, "[tasks.router]", "[own.router, tasks.router]"),
        {ROUTERS: Action.MERGE},
    ),
    "own dependencies on the same lines": (
        swap(PYPROJECT, '    "sqlmodel', '    "httpx>=0.28",  # for me\n    "sqlmodel'),
        {PYPROJECT: Action.MERGE},
    ),
    "an own package on the same line": (
        swap(PACKAGE, '"19.2.0"', '"19.2.0",\n    "swr": "2.3.0"'),
        {PACKAGE: Action.MERGE},
    ),
}


def words(files: Mapping[str, bytes | None]) -> set[bytes]:
    """Everything that the texts say; where a list is rewritten, its lines are not the same."""
    return {
        word
        for path, data in files.items()
        if data is not None and not path.startswith(manifest.FOLDER)
        for word in re.split(rb"[\s,()\[\]{}]+", data)
    }


def own_words(files: Mapping[str, bytes | None]) -> set[bytes]:
    return words(files) - words({path: text.encode() for path, text in V1.items()})


@pytest.mark.parametrize("name", CASES)
def test_no_line_is_lost_and_a_second_run_changes_nothing(root: Path, name: str) -> None:
    act, expected = CASES[name]
    act(root)
    before = snapshot(root)
    planned = plan_update(root, V2)
    assert snapshot(root) == before  # planning writes nothing
    assert {path: actions(planned)[path] for path in expected} == expected
    apply_update(planned)
    after = snapshot(root)
    assert not own_words(before) - words(after)
    again = plan_update(root, V2)
    assert not again.files
    apply_update(again)
    assert snapshot(root) == after
    update.undo(root)
    assert snapshot(root) == before


def test_crlf_stays(root: Path) -> None:
    each(MAIN, b"\n", b"\r\n")(root)
    change(root)
    data = (root / MAIN).read_bytes()
    assert data.decode() == V2[MAIN].replace("\n", "\r\n")


def test_permissions_stay(root: Path) -> None:
    (root / MAIN).chmod(0o750)
    change(root)
    assert (root / MAIN).stat().st_mode & 0o777 == 0o750
    update.undo(root)
    assert (root / MAIN).stat().st_mode & 0o777 == 0o750


def link(root: Path) -> None:
    (root / MAIN).unlink()
    (root / MAIN).symlink_to("/etc/hostname")


def linked_folder(root: Path) -> None:
    (root / "elsewhere").mkdir()
    shutil.move(root / "backend/app", root / "elsewhere/app")
    (root / "backend/app").symlink_to(root / "elsewhere/app")


def folder(root: Path) -> None:
    (root / CHAT).mkdir(parents=True)


def file_for_folder(root: Path) -> None:
    (root / CHAT).parent.write_text("a file")


def pipe(root: Path) -> None:
    (root / MAIN).unlink()
    os.mkfifo(root / MAIN)


@pytest.mark.parametrize("act", [link, linked_folder, folder, file_for_folder, pipe])
def test_odd_places_refuse_the_whole_run(root: Path, act: Callable[[Path], None]) -> None:
    act(root)
    before = sorted(root.rglob("*"))
    with pytest.raises(ConfigError, match=r"is a link|is a folder|is a file|is no regular file"):
        plan_update(root, V2)
    assert sorted(root.rglob("*")) == before


@pytest.mark.parametrize("path", ["../x", "/x", "a/../../x", "a//b", ".git/config", "a\\b", "C:/x"])
def test_paths_stay_within(root: Path, path: str) -> None:
    with pytest.raises(ConfigError):
        plan_update(root, {path: "x"})


def test_an_edit_between_plan_and_apply_is_seen(root: Path) -> None:
    planned = plan_update(root, V2)
    edit(root, MAIN, "'ok'}", "'fine'}")
    before = snapshot(root)
    with pytest.raises(ConfigError, match="edited meanwhile"):
        apply_update(planned)
    assert snapshot(root) == before


def test_conflicts_are_settled_by_removing_the_proposal(root: Path) -> None:
    edit(root, MAIN, "(tasks.router)\n", "(tasks.router, prefix='/v1')\n")
    done = change(root)
    with pytest.raises(ConflictError) as caught:
        refuse_conflicts(done)
    assert caught.value.exit_code == 6
    assert "same lines in 1 place(s)" in caught.value.notes[0].text
    proposal = root / (MAIN + PROPOSAL)
    assert proposal.read_text() == V2[MAIN]
    with pytest.raises(ConflictError):
        update.resume(root)
    proposal.unlink()
    assert update.resume(root) == (MAIN,)
    again = plan_update(root, V2)
    assert actions(again)[MAIN] is Action.KEEP
    assert not again.files


def test_conflict_marks_are_not_settled(root: Path) -> None:
    text = "<<<<<<< mine\nx = 1\n=======\nx = 2\n>>>>>>> new\n"
    (root / README).write_text(text)
    with pytest.raises(ConflictError, match=README):
        update.resume(root)


def test_an_edited_proposal_is_not_replaced(root: Path) -> None:
    edit(root, MAIN, "(tasks.router)\n", "(tasks.router, prefix='/v1')\n")
    change(root)
    (root / (MAIN + PROPOSAL)).write_text("half done\n")
    with pytest.raises(ConfigError, match="was edited"):
        plan_update(root, V2 | {MAIN: "x = 1\n"})


def test_a_proposal_that_is_needed_no_more_goes(root: Path) -> None:
    edit(root, MAIN, "(tasks.router)\n", "(tasks.router, prefix='/v1')\n")
    change(root)
    change(root, V1)
    assert not (root / (MAIN + PROPOSAL)).exists()


def test_deleted_files_come_back_when_asked_for(root: Path) -> None:
    (root / MODELS).unlink()
    apply_update(plan_update(root, V2, restore=(MODELS,)))
    assert (root / MODELS).read_text() == V2[MODELS]


def test_parts_leave_the_rest_alone(root: Path) -> None:
    apply_update(plan_update(root, {CHAT: V2[CHAT]}, is_whole=False))
    assert (root / OLD).exists()
    record = manifest.read(root)
    assert record is not None
    assert set(record.files) == {*V1, CHAT}


def test_a_moved_file_is_followed(root: Path) -> None:
    (root / MAIN).rename(root / "backend/app/server.py")
    adopt(root, MAIN, "backend/app/server.py")
    change(root)
    assert (root / "backend/app/server.py").read_text() == V2[MAIN]
    assert not (root / MAIN).exists()
    with pytest.raises(ConfigError, match="did not write"):
        adopt(root, MAIN, "x.py")


def test_secrets_are_neither_edited_nor_recorded(root: Path) -> None:
    files = V1 | {"backend/.env": "A=1\nSECRET=xyz\n"}
    change(root, files)
    assert (root / "backend/.env").read_text() == files["backend/.env"]
    (root / "backend/.env").write_text("A=2\n")
    planned = plan_update(root, files | {"backend/.env": "A=1\nB=2\nSECRET=abc\n"})
    found = next(change for change in planned.changes if change.path == "backend/.env")
    assert found.action is Action.KEEP
    assert found.why.endswith("add: B, SECRET")
    assert not planned.files
    kept = b"".join(data for path, data in snapshot(root).items() if data and ".devtool" in path)
    assert b"xyz" not in kept


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "not JSON"),
        ("[]", "no schema"),
        ('{"schema": 99, "devtool_version": "9.0"}', r"newer devtool \(9.0\)"),
        ('{"schema": 1, "files": {"../x": "' + "0" * 64 + '"}}', "leads out"),
        ('{"schema": 1, "files": {"x": "../../etc/passwd"}}', "no digest"),
        ('{"schema": 1, "files": []}', "no table"),
        ('{"schema": 1, "spec": []}', "no table"),
    ],
)
def test_manifests_are_checked(root: Path, text: str, message: str) -> None:
    (root / manifest.PATH).write_text(text)
    with pytest.raises(ConfigError, match=message):
        plan_update(root, V2)


def test_a_folder_without_a_manifest_is_only_added_to(tmp_path: Path) -> None:
    (tmp_path / README).write_text("# mine\n")
    (tmp_path / OLD).parent.mkdir(parents=True)
    (tmp_path / OLD).write_text("X = 3\n")
    before = snapshot(tmp_path)
    done = change(tmp_path, V1)
    assert [found.path for found in done.conflicts] == [OLD]
    assert (tmp_path / README).read_text() == "# mine\n"
    update.undo(tmp_path)
    assert snapshot(tmp_path) == before


def test_undo_leaves_what_was_edited_since(root: Path) -> None:
    change(root)
    edit(root, MAIN, "'ok'}", "'fine'}")
    with pytest.raises(ConflictError, match=MAIN):
        update.undo(root)
    update.undo(root, leave_edited=True)
    assert "'fine'}" in (root / MAIN).read_text()
    assert (root / MODELS).read_text() == V1[MODELS]
    with pytest.raises(ConfigError, match="nothing to undo"):
        update.undo(root)


def test_foreign_journals_lead_nowhere(root: Path) -> None:
    change(root)
    place = root / journal.FOLDER / "journal.json"
    for path in ("../../x", "/etc/passwd"):
        place.write_text(
            '{"title": "x", "folders": [], "entries":'
            f' [{{"path": "{path}", "before": "", "after": "", "mode": 0}}]}}'
        )
        with pytest.raises(ConfigError, match="damaged"):
            update.undo(root)


def test_two_devtools_do_not_meet(root: Path) -> None:
    import fcntl

    handle = os.open(root, os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_EX)
    try:
        with pytest.raises(Exception, match="another devtool"):
            change(root)
    finally:
        os.close(handle)


def test_the_command_undoes(root: Path) -> None:
    before = snapshot(root)
    change(root)
    command = (sys.executable, "-m", "devtool", "undo", "-C", str(root))
    ended = subprocess.run(command, capture_output=True, text=True, check=True)
    assert f"restored  {MAIN}\n" in ended.stdout
    assert f"restored  {OLD}\n" in ended.stdout
    assert f"removed  {CHAT}\n" in ended.stdout
    assert ended.stdout.endswith("undone: update\n")
    assert snapshot(root) == before
    again = subprocess.run(command, capture_output=True, text=True, check=False)
    assert again.returncode == 2
    assert "nothing to undo" in again.stderr
