"""What an older devtool wrote is brought up to date; what behaves differently is told."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from devtool import ProjectSpec, new_project
from devtool.scaffold import catalog, manifest, upgrade
from devtool.scaffold.changes import Action
from devtool.scaffold.growth import plan_growth
from devtool.scaffold.update import apply_update
from devtool.scaffold.upgrade import Behaviour, news, plan_upgrade
from tests.scaffold.project import edit, snapshot

MODELS = "src/models.py"
CHANGELOG = Path(__file__).parents[2] / "CHANGELOG.md"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project that an older devtool wrote: `LONGEST_TITLE` was 100 then."""
    new_project(ProjectSpec(name="shop"), tmp_path)
    root = tmp_path / "shop"
    age(root, MODELS, "LONGEST_TITLE = 200", "LONGEST_TITLE = 100")
    return root


def age(root: Path, path: str, now: str, then: str) -> None:
    """Make a file what an older devtool would have written."""
    edit(root, path, now, then)
    text = (root / path).read_text()
    record = json.loads((root / manifest.PATH).read_text())
    record["devtool_version"] = "0.0.1"
    record["files"][path] = manifest.digest(text)
    (root / manifest.BASE / manifest.digest(text)).write_text(text)
    (root / manifest.PATH).write_text(json.dumps(record, indent=2, sort_keys=True) + "\n")


def test_unedited_files_are_brought_up_to_date(project: Path) -> None:
    planned = plan_upgrade(project)
    written = {c.path: c.action for c in planned.update.changes if c.action is not Action.KEEP}
    assert written == {MODELS: Action.UPDATE}
    apply_update(planned.update)
    assert "LONGEST_TITLE = 200" in (project / MODELS).read_text()
    record = manifest.read(project)
    assert record is not None
    assert record.devtool_version != "0.0.1"
    assert not plan_upgrade(project).update.files


def test_edits_are_merged(project: Path) -> None:
    edit(project, MODELS, "completed: bool = False", "completed: bool = False  # mine")
    apply_update(plan_upgrade(project).update)
    text = (project / MODELS).read_text()
    assert "LONGEST_TITLE = 200" in text
    assert "# mine" in text


def test_what_is_written_no_more_goes_and_migrations_stay(tmp_path: Path) -> None:
    new_project(ProjectSpec(name="shop", phase=2), tmp_path)
    root = tmp_path / "shop"
    stale = "backend/app/stale.py"
    record = json.loads((root / manifest.PATH).read_text())
    (root / stale).write_text("x = 1\n")
    record["files"][stale] = manifest.digest("x = 1\n")
    (root / manifest.PATH).write_text(json.dumps(record, indent=2, sort_keys=True) + "\n")
    planned = plan_upgrade(root).update
    assert {c.path for c in planned.changes if c.action is Action.DELETE} == {stale}
    before = snapshot(root)
    apply_update(planned)
    gone = before.keys() - snapshot(root).keys()
    assert gone == {stale}


def test_the_console_of_a_grown_project_is_kept(project: Path) -> None:
    apply_update(plan_growth(project, 2).update)
    before = snapshot(project)
    planned = plan_upgrade(project).update
    assert not [c for c in planned.changes if c.action in (Action.DELETE, Action.CONFLICT)]
    apply_update(planned)
    assert "LONGEST_TITLE = 200" in (project / MODELS).read_text()
    assert {p for p in before if not p.startswith(".devtool")} == {
        p for p in snapshot(project) if not p.startswith(".devtool")
    }


def test_changes_of_behaviour_are_told(project: Path) -> None:
    table = (
        Behaviour("0.0.1", "console", "old news"),
        Behaviour("0.1.0", "console", "titles may have 200 characters"),
        Behaviour("0.1.0", "auth", "not in this project"),
    )
    assert [item.change for item in news(table, "0.0.1", ("console",))] == [
        "titles may have 200 characters"
    ]
    assert plan_upgrade(project, behaviour=table).notes == (
        "console since 0.1.0: titles may have 200 characters",
    )


def told_in(changelog: str) -> list[Behaviour]:
    """What a changelog says of generated code, oldest first."""
    found: list[Behaviour] = []
    version = ""
    for line in changelog.splitlines():
        if line.startswith("## "):
            version = line.removeprefix("## ").split()[0]
        elif match := re.match(r"- Generated `([\w-]+)`: (.+)", line):
            found.append(Behaviour(version, match[1], match[2]))
    return sorted(found, key=lambda item: upgrade.numbers(item.version))


def test_what_the_changelog_says_of_generated_code_is_told() -> None:
    sample = "## 0.3.0\n- Generated `auth`: b\n- other\n\n## 0.2.0 (today)\n- Generated `chat`: a\n"
    assert told_in(sample) == [Behaviour("0.2.0", "chat", "a"), Behaviour("0.3.0", "auth", "b")]
    released = CHANGELOG.read_text("utf-8").partition("## Unreleased")[2]
    assert list(upgrade.BEHAVIOUR) == [t for t in told_in(released) if t.version != "Unreleased"]


def test_whose_behaviour_it_is_is_known() -> None:
    assert {item.feature for item in upgrade.BEHAVIOUR} <= catalog.load().keys()


def test_versions_are_compared_as_numbers() -> None:
    assert upgrade.numbers("0.10.0") > upgrade.numbers("0.9.1")
    assert upgrade.numbers("1.x") == (1, 0)
