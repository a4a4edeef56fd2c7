"""The assistant beside the tasks; the local one of rules answers."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser import OpenPage
from tests.generated.frontends.conftest import Shop, add, say, sign_up, task

pytestmark = pytest.mark.generated

FEATURES = ("auth", "chat", "frontend-vite")
WIDE = {"viewport": {"width": 1280, "height": 900}}
NARROW = {"viewport": {"width": 360, "height": 740}, "color_scheme": "dark"}


def test_what_is_said_is_done_and_kept(shop: Shop, open_page: OpenPage) -> None:
    page = open_page(**WIDE)
    page.goto(shop.page)
    sign_up(page, "said@example.com")
    expect(page.get_by_text("No AI model is connected")).to_be_visible()
    say(page, "add buy milk")
    expect(messages(page).get_by_text("Added “buy milk”")).to_be_visible()
    expect(task(page, "buy milk")).not_to_be_checked()
    say(page, "done buy milk")
    expect(task(page, "buy milk")).to_be_checked()

    page.reload()
    expect(messages(page).get_by_text("done buy milk", exact=True)).to_be_visible()
    expect(messages(page).get_by_text("Completed “buy milk”")).to_be_visible()
    expect(task(page, "buy milk")).to_be_checked()


def test_conversations_are_kept_apart(shop: Shop, open_page: OpenPage) -> None:
    page = open_page(**WIDE)
    page.goto(shop.page)
    sign_up(page, "apart@example.com")
    say(page, "add one")
    page.get_by_role("button", name="New conversation").click()
    expect(messages(page)).to_have_count(0)
    say(page, "add two")
    page.get_by_text("Conversations (2)").click()
    page.get_by_role("button", name="add one", exact=True).click()
    expect(messages(page).get_by_text("add one", exact=True)).to_be_visible()
    expect(messages(page).get_by_text("add two", exact=True)).to_have_count(0)
    page.get_by_role("button", name="Delete conversation add one").click()
    expect(page.get_by_text("Conversations (1)")).to_be_visible()
    expect(messages(page)).to_have_count(0)


def test_nothing_is_deleted_without_a_yes(shop: Shop, open_page: OpenPage) -> None:
    page = open_page(**WIDE)
    page.goto(shop.page)
    sign_up(page, "yes@example.com")
    add(page, "Buy milk")
    say(page, "delete buy milk")
    question = page.get_by_role("group", name="The assistant wants to delete “Buy milk”")
    question.get_by_role("button", name="No").click()
    expect(messages(page).get_by_text("Did not delete “Buy milk”")).to_be_visible()
    expect(messages(page).get_by_text("Nothing was changed.")).to_be_visible()
    expect(task(page, "Buy milk")).to_be_visible()

    say(page, "delete buy milk")
    page.reload()  # a question waits for its answer
    question.get_by_role("button", name="Yes").click()
    expect(task(page, "Buy milk")).to_have_count(0)
    expect(page.get_by_label("Message to the assistant")).to_be_focused()


def test_what_was_done_can_be_undone(shop: Shop, open_page: OpenPage) -> None:
    page = open_page(**WIDE)
    page.goto(shop.page)
    sign_up(page, "undo@example.com")
    say(page, "add buy milk")
    say(page, "done buy milk")
    expect(task(page, "buy milk")).to_be_checked()
    page.get_by_role("button", name="Undo buy milk").last.click()
    expect(task(page, "buy milk")).not_to_be_checked()
    page.get_by_role("button", name="Undo buy milk").first.click()
    expect(task(page, "buy milk")).to_have_count(0)
    expect(page.get_by_role("button", name="Undone buy milk")).to_have_count(2)


def test_the_keyboard_is_enough(shop: Shop, open_page: OpenPage) -> None:
    page = open_page(**WIDE)
    page.goto(shop.page)
    sign_up(page, "keys@example.com")
    add(page, "Buy milk")
    page.get_by_label("Message to the assistant").focus()
    page.keyboard.type("delete buy milk")
    page.keyboard.press("Enter")
    said = page.get_by_role("status").get_by_text("The assistant wants to delete “Buy milk”")
    expect(said).to_be_attached()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Shift+Tab")
    expect(page.get_by_role("button", name="Yes, do it")).to_be_focused()
    page.keyboard.press("Enter")
    expect(task(page, "Buy milk")).to_have_count(0)
    expect(page.get_by_label("Message to the assistant")).to_be_focused()


def test_one_panel_at_a_time_where_there_is_little_room(
    shop: Shop, open_page: OpenPage, axe: Callable[[Page], list[str]]
) -> None:
    page = open_page(**NARROW)
    page.goto(shop.page)
    sign_up(page, "narrow@example.com")
    expect(page.get_by_label("Message to the assistant")).to_be_hidden()
    page.get_by_role("radio", name="Assistant").check()
    say(page, "add buy milk")
    say(page, "delete buy milk")
    expect(page.get_by_label("New task")).to_be_hidden()
    assert axe(page) == []
    page.get_by_role("button", name="Yes").click()
    page.get_by_role("radio", name="Tasks").check()
    expect(page.get_by_text("Nothing to do.")).to_be_visible()
    assert axe(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "it scrolls aside"


def test_a_refusal_is_said(shop: Shop, open_page: OpenPage) -> None:
    page = open_page(expected="429", **WIDE)
    page.goto(shop.page)
    sign_up(page, "often@example.com")
    page.route("**/api/v1/chat", lambda route: route.fulfill(status=429, body="{}"))
    page.get_by_label("Message to the assistant").fill("add buy milk")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("alert")).to_contain_text("too often")


def messages(page: Page) -> Locator:
    return page.get_by_role("list", name="Messages")
