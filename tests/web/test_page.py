"""The page itself, in a real browser: what people see and press, and what other origins may not do."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser import OpenPage
from tests.web.conftest import Asker


def test_a_project_that_does_not_run_says_how_to_start_it(
    open_page: OpenPage, asker: Asker
) -> None:
    page = open_page()
    page.goto(asker.server.url)
    expect(page.get_by_text("Nothing is running")).to_be_visible()
    expect(page.get_by_text("devtool run")).to_be_visible()
    assert asker.server.entrance.token not in page.url


def test_a_wrong_link_says_what_to_do(open_page: OpenPage, asker: Asker) -> None:
    page = open_page(expected="401")
    page.goto(f"http://{asker.host}/#{'x' * 43}")
    expect(page.get_by_role("alert")).to_contain_text("needs the link that devtool printed")
