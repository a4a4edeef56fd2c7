"""A project that devtool wrote grows from phase to phase."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from devtool import ProjectSpec, new_project
from devtool.errors import ConfigError
from devtool.scaffold import growth, heads
from devtool.scaffold.changes import Action
from devtool.scaffold.resourceful import plan_resource
from devtool.scaffold.revisions import FOLDER
from devtool.scaffold.update import apply_update, undo
from tests.scaffold.project import edit, snapshot


def devtool(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = (sys.executable, "-m", "devtool", *words)
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)


@pytest.fixture
def console(tmp_path: Path) -> Path:
    new_project(ProjectSpec(name="shop"), tmp_path)
    return tmp_path / "shop"


def test_a_console_becomes_a_web_application(console: Path) -> None:
    before = snapshot(console)
    done = devtool("evolve", "--json", cwd=console)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["phase"] == 2
    assert {"backend", "tasks"} <= set(told["features"])
    for path, data in before.items():
        if path.startswith(("src", "tests", "pyproject")):
            assert snapshot(console)[path] == data
    assert (console / "backend/main.py").is_file()
    assert (console / "backend/.env").stat().st_mode & 0o777 == 0o600
    secret = (console / "backend/.env").read_text().partition("SECRET_KEY=")[2][:32]
    assert len(secret.strip()) == 32
    assert secret not in done.stdout
    undo(console)
    assert snapshot(console) == before


def test_a_second_run_has_nothing_to_do(console: Path) -> None:
    apply_update(growth.plan_growth(console, 2).update)
    before = snapshot(console)
    again = devtool("evolve", "--to", "2", cwd=console)
    assert again.returncode == 0
    assert "in phase 2 already" in again.stdout
    assert "next:" not in again.stdout
    assert snapshot(console) == before
    with pytest.raises(ConfigError, match="in phase 2 already"):
        growth.plan_growth(console, 1)


def test_an_own_console_line_survives(console: Path) -> None:
    edit(console, "src/manager.py", '"""', '"""Mine. ')
    edit(console, ".gitignore", ".venv", "# mine\n.venv")
    found = growth.plan_growth(console, 2).update
    apply_update(found)
    assert "Mine. " in (console / "src/manager.py").read_text()
    assert "# mine\n" in (console / ".gitignore").read_text()


def test_planning_writes_nothing(console: Path) -> None:
    before = snapshot(console)
    assert devtool("evolve", "--dry-run", cwd=console).stdout.endswith("nothing was written\n")
    diff = devtool("evolve", "--diff", cwd=console).stdout
    assert "+++ b/backend/main.py" in diff
    assert "+SECRET_KEY=\n" in diff  # the example's, which is empty
    assert diff.count("SECRET_KEY=") == diff.count("SECRET_KEY=\n")
    assert snapshot(console) == before


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--to", "9"), "there is no phase 9"),
        (("--to", "0"), "there is no phase 0"),
        (("--to", "1"), "in phase 1 already"),
        (("--with", "authh"), "did you mean auth?"),
    ],
)
def test_wrong_wishes_are_refused(console: Path, words: tuple[str, ...], message: str) -> None:
    done = devtool("evolve", *words, cwd=console)
    assert done.returncode == 2
    assert message in done.stderr


@pytest.mark.parametrize("words", ["evolve", "evolve --continue", "upgrade", "undo", "adopt a b"])
def test_there_has_to_be_a_folder(tmp_path: Path, words: str) -> None:
    (tmp_path / "file").write_text("")
    for name, problem in (("file", "is not a folder"), ("nowhere", "does not exist")):
        done = devtool(*words.split(), "-C", name, cwd=tmp_path)
        assert (done.returncode, f"{name} {problem}" in done.stderr) == (2, True), done.stderr


def test_what_stands_in_the_way_of_many_files_is_told_once(console: Path) -> None:
    (console / "backend").write_text("mine")
    done = devtool("evolve", cwd=console)
    assert done.returncode == 2
    assert done.stderr.startswith("error: backend is a file, where a folder belongs\n")
    assert (console / "backend").read_text() == "mine"


def test_an_own_backend_ends_with_six(console: Path) -> None:
    (console / "backend").mkdir()
    (console / "backend/main.py").write_text("mine = 1\n")
    done = devtool("evolve", "--no-checks", cwd=console)
    assert done.returncode == 6
    assert "backend/main.py: a file of your own has this name" in done.stderr
    assert (console / "backend/main.py").read_text() == "mine = 1\n"
    before = snapshot(console)
    for words in (("--continue",), (), ("--to", "2"), ("--to", "5", "--dry-run")):
        again = devtool("evolve", *words, cwd=console)
        assert again.returncode == 6, words
        assert "backend/main.py is still to be merged" in again.stderr
    assert snapshot(console) == before
    (console / "backend/main.py.devtool-new").unlink()
    assert devtool("evolve", "--continue", cwd=console).stdout.startswith("settled  backend/main")


def test_own_migrations_stay_and_new_ones_come_after(console: Path) -> None:
    apply_update(growth.plan_growth(console, 2, without=("tasks", "frontend")).update)
    own = console / FOLDER / "0009_own.py"
    own.write_text('revision: str = "own1"\ndown_revision = "0002"\n')
    record = growth.recorded(console)
    chain = heads.chain_of(console, record.files)
    assert (chain.head, chain.number) == ("own1", 9)
    assert "users" in chain.names
    assert "own" not in chain.names


def test_byte_order_marks_are_no_edits(console: Path) -> None:
    apply_update(growth.plan_growth(console, 2, without=("frontend",)).update)
    for path in console.glob("backend/**/*.py"):
        path.write_text(path.read_text("utf-8"), "utf-8-sig")
    planned = growth.plan_growth(console, 3)
    assert not planned.update.conflicts
    apply_update(planned.update)
    assert (console / "backend/app/routers/__init__.py").read_bytes().startswith(b"\xef\xbb\xbf")
    plan_resource(console, "Note", ("title:str(20)!", "task:ref(task)?"))


def test_two_ends_are_refused_by_name() -> None:
    texts = {
        f"{FOLDER}0001_a.py": 'revision = "1"\ndown_revision = None\n',
        f"{FOLDER}0002_b.py": 'revision = "2"\ndown_revision = "1"\n',
        f"{FOLDER}0003_c.py": 'revision = "3"\ndown_revision = "1"\n',
    }
    with pytest.raises(ConfigError, match="have 2 ends: 2 and 3") as caught:
        heads.chain(texts)
    assert "alembic merge heads" in caught.value.hint
    joined = {**texts, f"{FOLDER}m.py": 'revision = "4"\ndown_revision = ("2", "3")\n'}
    assert heads.chain(joined).head == "4"


def test_a_red_check_is_reported(console: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from devtool import DevtoolError, api_evolve
    from devtool.scaffold import checks

    check = checks.Check("pytest", "", ("x",))
    answers = iter([True, False])
    monkeypatch.setattr(checks, "checks_of", lambda _: [check])
    monkeypatch.setattr(checks, "passes", lambda *_: next(answers))
    planned = api_evolve.plan_evolution(console)
    with pytest.raises(DevtoolError, match="green before and red now: pytest in"):
        api_evolve.apply_change(planned.update)


def test_checks_are_those_of_places_with_environments(console: Path) -> None:
    from devtool.scaffold import checks

    assert not checks.checks_of(console)
    (console / ".venv").symlink_to(sys.prefix)
    found = checks.checks_of(console)
    assert [str(check) for check in found] == ["ruff in .", "pytest in ."]
    assert checks.green(console, found) == found
    (console / "tests/test_red.py").write_text("def test() -> None:\n    assert undefined\n")
    assert checks.green(console, found) == []


def test_kept_files_are_not_conflicts(console: Path) -> None:
    actions = {c.path: c.action for c in growth.plan_growth(console, 2).update.changes}
    assert actions["README.md"] is Action.UPDATE
    assert "src/main.py" not in actions
