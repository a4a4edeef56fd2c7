"""A backend runs without its frontend where Node.js is missing, and a line says so."""

from __future__ import annotations

import pytest

from devtool.model.detection import Role
from devtool.model.launch import LaunchPlan, Service
from devtool.runner.absent import without_absent

BACKEND = Service(
    "backend", Role.BACKEND, ("/x/python", "-m", "uvicorn"), "/x", needs=("frontend",)
)
FRONTEND = Service("frontend", Role.FRONTEND, ("npm", "run", "dev"), "/x")
BOTH = LaunchPlan("/x", (BACKEND, FRONTEND))


def names(plan: LaunchPlan) -> list[str]:
    return [service.name for service in plan.services]


@pytest.mark.parametrize("missing", ["node", "npm"])
def test_a_frontend_without_its_tools_is_left_out(missing: str) -> None:
    plan = without_absent(BOTH, lambda tool: None if tool == missing else f"/bin/{tool}")
    assert names(plan) == ["backend"]
    assert plan.services[0].needs == ()
    assert [note.text for note in plan.notes] == [f"frontend is left out: {missing} is not on PATH"]


def test_nothing_changes_where_all_is_there() -> None:
    assert without_absent(BOTH, lambda tool: f"/bin/{tool}") is BOTH


def test_a_frontend_that_is_all_there_is_stays() -> None:
    alone = LaunchPlan("/x", (FRONTEND,))
    assert without_absent(alone, lambda _: None) is alone


def test_each_manager_has_its_own_tools() -> None:
    bun = LaunchPlan("/x", (BACKEND, FRONTEND._replace(argv=("bun", "run", "dev"))))
    assert without_absent(bun, lambda tool: None if tool == "node" else "/bin/bun") is bun
    assert names(without_absent(bun, lambda _: None)) == ["backend"]
