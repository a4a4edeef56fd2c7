"""A resource comes into a project and leaves it, and no edit is lost on the way."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

from devtool import ConfigError, ConflictError, ProjectSpec, new_project
from devtool.api_evolve import plan_evolution, undo_change
from devtool.api_generate import plan_resource, write_resource
from devtool.model.wishes import Wishes
from devtool.scaffold import growth, journal, manifest, selection
from devtool.scaffold.catalog import load
from devtool.scaffold.changes import Action
from devtool.scaffold.heads import chain_of
from devtool.scaffold.render import MODELS, ROUTERS, TOOLS, render
from devtool.scaffold.update import undo

NOTE = ("Note", ["body:text", "author:ref(user)?"])


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    new_project(ProjectSpec(name="shop", features=("tasks",)), tmp_path)
    return tmp_path / "shop"


def texts(root: Path) -> dict[str, str]:
    return {
        path.relative_to(root).as_posix(): path.read_text("utf-8")
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


def generate(root: Path, name: str, *words: str) -> None:
    write_resource(plan_resource(name, words, root))


def destroy(root: Path, name: str) -> None:
    write_resource(plan_resource(name, (), root, without=True))


def test_planning_writes_nothing(shop: Path) -> None:
    before = texts(shop)
    planned = plan_resource(*NOTE, shop)
    assert texts(shop) == before
    actions = {change.path: change.action for change in planned.update.changes}
    assert actions[planned.revision] is Action.CREATE
    assert actions[ROUTERS] is actions[MODELS] is Action.UPDATE


def test_a_resource_comes_with_all_its_files(shop: Path) -> None:
    generate(shop, "Tag", "name:str(40)!@unique")
    generate(shop, "Invoice", "number:str(40)!", "tags:many(tag)", "customer:ref(user)")
    files = texts(shop)
    for path in ("models/invoice", "schemas/invoice", "services/invoice", "routers/invoices"):
        ast.parse(files[f"backend/app/{path}.py"])
    assert (
        'down_revision: str | None = "0003"' in files["backend/alembic/versions/0004_invoices.py"]
    )
    assert "    invoices.router,\n    tags.router,\n    tasks.router,\n" in files[ROUTERS]
    assert '    "invoice",\n    "tag",\n    "task",\n    "user",\n' in files[MODELS]


def test_what_others_wrote_into_the_lists_stays(shop: Path) -> None:
    place = shop / ROUTERS
    mine = place.read_text("utf-8")
    mine = mine.replace("import health, tasks", "import health, mine, tasks")
    mine = mine.replace("(tasks.router,)", "(\n    mine.router,\n    tasks.router,\n)")
    place.write_text(mine, encoding="utf-8")
    generate(shop, *NOTE[:1], *NOTE[1])
    assert "from app.routers import health, mine, notes, tasks" in place.read_text("utf-8")
    destroy(shop, "note")
    assert "from app.routers import health, mine, tasks" in place.read_text("utf-8")


def test_a_file_of_the_user_s_own_is_left_alone(shop: Path) -> None:
    own = shop / "backend/app/services/note.py"
    own.write_text("MINE = True\n", encoding="utf-8")
    with pytest.raises(ConflictError):
        generate(shop, *NOTE[:1], *NOTE[1])
    assert own.read_text("utf-8") == "MINE = True\n"
    assert own.with_name("note.py.devtool-new").is_file()


def test_what_something_else_wrote_can_be_undone(shop: Path) -> None:
    before = texts(shop)
    path = "backend/alembic/versions/0004_more.py"
    (shop / path).write_text('revision = "0004"\ndown_revision = "0003"\n', encoding="utf-8")
    journal.remember(shop, "generate migration more", [path])
    done = undo_change(shop)
    assert (done.title, [entry.path for entry in done.entries]) == (
        "generate migration more",
        [path],
    )
    assert texts(shop) == before


def test_no_revision_is_undone_that_another_comes_after(shop: Path) -> None:
    generate(shop, *NOTE[:1], *NOTE[1])
    later = shop / "backend/alembic/versions/mine.py"
    later.write_text('revision = "mine"\ndown_revision = "0003"\n', encoding="utf-8")
    before = texts(shop)
    with pytest.raises(ConfigError, match=r"mine.py comes after .*0003_notes.py"):
        undo_change(shop)
    assert texts(shop) == before
    service = shop / "backend/app/services/note.py"
    service.write_text(f"{service.read_text('utf-8')}# mine\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"mine.py comes after .*0003_notes.py"):
        undo_change(shop, leave_edited=True)
    later.unlink()
    undo_change(shop, leave_edited=True)
    assert not (shop / "backend/alembic/versions/0003_notes.py").exists()
    assert service.is_file()


@pytest.mark.parametrize(
    ("name", "path"),
    [("Session", "app/services/session.py"), ("Token", "tests/test_tokens.py")],
)
def test_a_resource_takes_no_file_of_a_feature(tmp_path: Path, name: str, path: str) -> None:
    new_project(ProjectSpec(name="shop", features=("tasks", "auth")), tmp_path)
    before = texts(tmp_path)
    with pytest.raises(ConfigError, match=f"beside the feature auth: both have backend/{path}"):
        generate(tmp_path / "shop", name, "text:str")
    assert texts(tmp_path) == before


def test_a_feature_takes_no_file_of_a_resource(shop: Path) -> None:
    generate(shop, "Job", "text:str")
    with pytest.raises(ConfigError, match="Job cannot be a resource beside the feature jobs"):
        plan_evolution(shop, Wishes(extra=("jobs",)))


def test_the_manifest_says_enough_to_write_it_again(shop: Path) -> None:
    generate(shop, "Tag", "name:str(40)!")
    generate(shop, *NOTE[:1], *NOTE[1])
    record = growth.recorded(shop)
    spec = growth.spec_of(record)
    chosen = selection.choose(2, spec.features, load())
    again = render(spec, chosen, chain=chain_of(shop, record.files))
    for path, text in again.items():
        assert manifest.digest(text) == record.files[path], path


def test_destroying_takes_away_and_drops(shop: Path) -> None:
    generate(shop, *NOTE[:1], *NOTE[1])
    destroy(shop, "Note")
    files = texts(shop)
    assert not [path for path in files if path.startswith("backend/app") and "/note" in path]
    assert 'op.drop_table("notes")' in files["backend/alembic/versions/0004_drop_notes.py"]
    assert "backend/alembic/versions/0003_notes.py" in files
    assert "notes" not in files[ROUTERS]
    assert growth.spec_of(growth.recorded(shop)).resources == ()
    generate(shop, *NOTE[:1], *NOTE[1])
    assert (shop / "backend/alembic/versions/0005_notes.py").is_file()


def test_what_was_edited_is_not_destroyed(shop: Path) -> None:
    generate(shop, *NOTE[:1], *NOTE[1])
    service = shop / "backend/app/services/note.py"
    service.write_text(service.read_text("utf-8") + "\n\nMINE = True\n", encoding="utf-8")
    before = texts(shop)
    with pytest.raises(ConflictError, match=r"services/note.py was edited"):
        destroy(shop, "note")
    assert texts(shop) == before


def test_what_is_used_is_not_destroyed(shop: Path) -> None:
    generate(shop, "Tag", "name:str(40)!")
    generate(shop, "Invoice", "tags:many(tag)")
    with pytest.raises(ConfigError, match=r"tag is used by backend/app/models/invoice.py"):
        destroy(shop, "tag")
    with pytest.raises(ConfigError, match="no resource 'task'"):
        destroy(shop, "task")


def test_undo_takes_a_resource_back(shop: Path) -> None:
    before = texts(shop)
    generate(shop, *NOTE[:1], *NOTE[1])
    undo(shop)
    after = {p: t for p, t in texts(shop).items() if not p.startswith(".devtool/undo")}
    assert after == before


def test_two_ends_of_the_migrations_are_refused(shop: Path) -> None:
    text = (shop / "backend/alembic/versions/0002_tasks.py").read_text("utf-8")
    other = text.replace('revision: str = "0002"', 'revision: str = "beef"')
    (shop / "backend/alembic/versions/beef_mine.py").write_text(other, encoding="utf-8")
    with pytest.raises(ConfigError, match="2 ends"):
        plan_resource(*NOTE, shop)


def test_projects_without_a_backend_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="devtool did not write this project"):
        plan_resource(*NOTE, tmp_path)
    new_project(ProjectSpec(name="shop"), tmp_path)
    with pytest.raises(ConfigError, match="has no backend"):
        plan_resource(*NOTE, tmp_path / "shop")


def test_the_commands_say_what_they_did(shop: Path) -> None:
    def devtool(*arguments: str) -> subprocess.CompletedProcess[str]:
        argv = (sys.executable, "-m", "devtool", *arguments)
        return subprocess.run(
            argv, cwd=shop, capture_output=True, text=True, timeout=60, check=False
        )

    shown = devtool("generate", "resource", "Note", "body:text", "--dry-run").stdout
    assert "create  backend/app/models/note.py" in shown
    assert "nothing was written" in shown
    assert (
        "+++ b/backend/app/models/note.py"
        in devtool("generate", "resource", "Note", "body:text", "--diff").stdout
    )
    told = json.loads(devtool("generate", "resource", "Note", "body:text", "--json").stdout)
    assert told["written"] is True
    assert told["description"] == "Note body:text(10000)"
    assert told["database"] == "the migration is applied by the next devtool run --sync"
    gone = devtool("destroy", "resource", "note")
    assert "delete  backend/app/models/note.py" in gone.stdout
    wrong = devtool("generate", "resource", "Note", "due:dat")
    assert wrong.returncode == 2
    assert wrong.stderr == "error: due:dat: there is no type 'dat'\nhint: did you mean date?\n"


def test_assistants_get_tools_for_it(tmp_path: Path) -> None:
    new_project(ProjectSpec(name="shop", features=("mcp-tools",)), tmp_path)
    root = tmp_path / "shop"
    generate(root, *NOTE[:1], *NOTE[1])
    listed = "    notes.TOOLS,\n    tasks.TOOLS,\n"
    assert listed in (root / TOOLS).read_text("utf-8")
    assert "async def add_note" in (root / "backend/app/ai/tools/notes.py").read_text("utf-8")
    destroy(root, "note")
    assert "notes" not in (root / TOOLS).read_text("utf-8")
    assert not (root / "backend/app/ai/tools/notes.py").exists()
