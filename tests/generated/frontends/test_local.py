"""The light frontend of a project without accounts: one local user, and nothing about signing in."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser import OpenPage
from tests.generated.frontends.conftest import Shop
from tests.generated.frontends.journey import work

pytestmark = pytest.mark.e2e

FEATURES = ("tasks", "frontend-vite")


def test_the_local_user_works_at_once(shop: Shop, open_page: OpenPage) -> None:
    page = open_page()
    page.goto(shop.page)
    expect(page.get_by_role("heading", name="Tasks")).to_be_visible()
    expect(page.get_by_role("button", name="Sign")).to_have_count(0)
    work(page)
    assert page.context.cookies() == []
