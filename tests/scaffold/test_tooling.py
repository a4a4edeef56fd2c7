"""`devtool generate tool` adds a module, its test, and a line in the list; nothing of it is devtool's."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from devtool import ConfigError, ProjectSpec, new_project
from devtool.scaffold import manifest
from devtool.scaffold.tooling import EFFECTS, LIST, plan_tool
from devtool.scaffold.update import apply_update, undo
from tests.cli.test_generate import devtool

MODULE = "backend/app/ai/tools/count_words.py"
TEST = "backend/tests/ai/test_count_words.py"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    new_project(ProjectSpec(name="shop", phase=3, features=("mcp-tools",)), tmp_path)
    return tmp_path / "shop"


def test_a_module_a_test_and_a_line_are_written(project: Path) -> None:
    apply_update(plan_tool(project, "Count words", "set"))
    text = (project / MODULE).read_text("utf-8")
    ast.parse(text)
    assert "async def count_words(_caller: Caller, asked: CountWords)" in text
    assert "TOOLS = (tool(Effect.SET, count_words),)" in text
    assert '"count_words"' in (project / TEST).read_text("utf-8")
    listed = (project / LIST).read_text("utf-8")
    assert "from app.ai.tools import count_words, tasks" in listed
    assert "(count_words.TOOLS, tasks.TOOLS)" in " ".join(listed.split())


def test_the_files_are_the_users(project: Path) -> None:
    before = manifest.read(project)
    apply_update(plan_tool(project, "count_words"))
    after = manifest.read(project)
    assert before is not None
    assert after is not None
    assert after.files == before.files


def test_it_can_be_taken_back(project: Path) -> None:
    before = (project / LIST).read_bytes()
    apply_update(plan_tool(project, "count_words"))
    undo(project)
    assert not (project / MODULE).exists()
    assert (project / LIST).read_bytes() == before


def test_a_line_of_the_user_stays(project: Path) -> None:
    path = project / LIST
    path.write_text(path.read_text("utf-8") + "\n# Ours.\nMORE = 1\n", "utf-8")
    apply_update(plan_tool(project, "count_words"))
    text = path.read_text("utf-8")
    assert text.endswith("\n# Ours.\nMORE = 1\n")
    assert "count_words.TOOLS" in text


@pytest.mark.parametrize(
    "name", ["", "1st", "../x", "class", "a.b", "zählen", "id", "hash", "tool", "output"]
)
def test_what_is_no_name_is_refused(project: Path, name: str) -> None:
    with pytest.raises(ConfigError, match="cannot be the name of a tool"):
        plan_tool(project, name)


def test_a_name_is_taken_once(project: Path) -> None:
    with pytest.raises(ConfigError, match="is there already"):
        plan_tool(project, "tasks")


def test_two_tools_are_not_called_the_same(project: Path) -> None:
    with pytest.raises(ConfigError, match=r"app/ai/tools/tasks.py has a tool add_task"):
        plan_tool(project, "add-task")


def test_an_effect_is_one_of_four(project: Path) -> None:
    assert EFFECTS == ("read", "add", "set", "delete")
    with pytest.raises(ConfigError, match="no effect of a tool"):
        plan_tool(project, "count_words", "burn")


def test_a_project_without_tools_is_told_how_to_get_them(tmp_path: Path) -> None:
    new_project(ProjectSpec(name="shop"), tmp_path)
    with pytest.raises(ConfigError, match="has no tools") as refused:
        plan_tool(tmp_path / "shop", "count_words")
    assert refused.value.hint == "devtool evolve --to 3"


def test_the_command_says_what_it_does(project: Path) -> None:
    shown = devtool("generate", "tool", "count_words", "--dry-run", cwd=project)
    assert shown.returncode == 0, shown.stderr
    assert shown.stdout.splitlines() == [
        f"change  {LIST}",
        f"create  {MODULE}",
        f"create  {TEST}",
        "nothing was written",
    ]
    assert not (project / MODULE).exists()
    assert devtool("generate", "tool", "count_words", cwd=project).returncode == 0
    assert (project / MODULE).exists()
