"""The light frontend of a project without accounts: one local user, and nothing about signing in."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser import OpenPage
from tests.generated.frontends.conftest import COMPILING, Shop
from tests.generated.frontends.journey import work

pytestmark = pytest.mark.generated

FEATURES = ("tasks", "frontend-vite")


def test_a_field_that_is_new_in_the_backend_is_known_in_the_frontend(shop: Shop) -> None:
    types = shop.root / "frontend" / "src" / "lib" / "api.gen.ts"
    schema = shop.root / "backend" / "app" / "schemas" / "task.py"
    assert "colour" not in types.read_text("utf-8")
    text = schema.read_text("utf-8")
    created = 'class TaskCreate(Input):\n    """A new task."""\n'
    assert created in text
    schema.write_text(text.replace(created, f'{created}\n    colour: str = ""\n'), "utf-8")
    shop.run.wait_for(r"wrote api\.gen\.ts anew", COMPILING)
    assert "colour: string" in types.read_text("utf-8").replace("?", "")


def test_the_local_user_works_at_once(shop: Shop, open_page: OpenPage) -> None:
    page = open_page()
    page.goto(shop.page)
    expect(page.get_by_role("heading", name="Tasks")).to_be_visible()
    expect(page.get_by_role("button", name="Sign")).to_have_count(0)
    work(page)
    assert page.context.cookies() == []
