"""The light frontend, with accounts."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser import OpenPage
from tests.generated.frontends.conftest import Shop, add, sign_up, task
from tests.generated.frontends.journey import live_through, sign_in

pytestmark = pytest.mark.generated

FEATURES = ("auth", "frontend-vite")
WIDE = {"viewport": {"width": 1280, "height": 800}, "color_scheme": "light"}
NARROW = {"viewport": {"width": 360, "height": 740}, "color_scheme": "dark"}


@pytest.fixture(scope="module")
def mails(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the backend puts its mails."""
    return tmp_path_factory.mktemp("mails")


@pytest.fixture(scope="module")
def settings(mails: Path) -> str:
    """What makes it do so."""
    return f"MAIL_URL=file:{mails}\n"


def test_a_life_on_the_page(shop: Shop, open_page: OpenPage) -> None:
    live_through(open_page(), shop.page, "life@example.com")


def test_the_token_that_lasts_is_out_of_reach_of_scripts(shop: Shop, open_page: OpenPage) -> None:
    page = open_page()
    page.goto(shop.page)
    sign_up(page, "tokens@example.com")
    (cookie,) = page.context.cookies()
    assert (cookie["name"], cookie["httpOnly"], cookie["sameSite"]) == (
        "refresh_token",
        True,
        "Strict",
    )
    assert cookie["path"] == "/api/v1/session"
    reach = "document.cookie + JSON.stringify(localStorage) + JSON.stringify(sessionStorage)"
    assert page.evaluate(reach) == '{"signed-in":""}{}'


def test_signing_out_in_one_tab_signs_out_in_all(shop: Shop, open_page: OpenPage) -> None:
    page = open_page()
    page.goto(shop.page)
    sign_up(page, "tabs@example.com")
    other = page.context.new_page()
    other.goto(shop.page)
    expect(other.get_by_role("heading", name="Tasks")).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    expect(other.get_by_role("heading", name="Sign in")).to_be_visible()


def test_a_session_that_ended_elsewhere_leads_to_the_way_in(
    shop: Shop, open_page: OpenPage
) -> None:
    page = open_page(expected="401")
    page.goto(shop.page)
    sign_up(page, "ended@example.com")
    page.context.clear_cookies()
    page.reload()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_a_wrong_password_is_said_and_can_be_corrected(shop: Shop, open_page: OpenPage) -> None:
    page = open_page(expected="401")
    page.goto(shop.page)
    sign_up(page, "wrong@example.com")
    page.get_by_role("button", name="Sign out").click()
    page.get_by_label("E-mail").fill("wrong@example.com")
    page.get_by_label("Password").fill("not my password")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("password is wrong")
    sign_in(page, "wrong@example.com")


def test_what_the_server_refuses_is_taken_back(shop: Shop, open_page: OpenPage) -> None:
    page = open_page(expected="503")
    page.goto(shop.page)
    sign_up(page, "refused@example.com")
    add(page, "Buy milk")
    page.route("**/api/v1/tasks**", refuse_changes)

    page.get_by_label("New task").fill("Buy bread")
    page.get_by_label("New task").press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("The server has a problem")
    expect(task(page, "Buy bread")).to_have_count(0)
    expect(page.get_by_label("New task")).to_have_value("Buy bread")

    task(page, "Buy milk").click()
    expect(page.get_by_role("listitem").get_by_role("alert")).to_be_visible()
    expect(task(page, "Buy milk")).not_to_be_checked()

    page.get_by_role("button", name="Edit Buy milk").click()
    page.get_by_label("Title").fill("Buy oat milk")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_label("Title")).to_have_value("Buy oat milk")
    page.keyboard.press("Escape")

    page.get_by_role("button", name="Delete Buy milk").click()
    page.get_by_role("button", name="Delete for good").click()
    expect(page.get_by_text("“Buy milk” is still there.")).to_be_visible()
    expect(task(page, "Buy milk")).to_be_visible()


def refuse_changes(route: Any) -> None:
    """Answer like a server in trouble, but to those who only look."""
    if route.request.method == "GET":
        route.continue_()
    else:
        route.fulfill(status=503, content_type="application/problem+json", body="{}")


def test_a_change_from_elsewhere_is_not_overwritten(shop: Shop, open_page: OpenPage) -> None:
    page = open_page()
    page.goto(shop.page)
    sign_up(page, "lost@example.com")
    add(page, "Buy milk")
    other = page.context.new_page()
    other.goto(shop.page)
    page.get_by_role("button", name="Edit Buy milk").click()
    other.get_by_role("button", name="Edit Buy milk").click()
    other.get_by_label("Title").fill("Buy oat milk")
    other.get_by_role("button", name="Save").click()
    expect(other.get_by_role("status").get_by_text("Saved Buy oat milk")).to_be_attached()
    page.get_by_label("Title").fill("Buy bread")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_contain_text("changed somewhere else")


def test_the_keyboard_is_enough(shop: Shop, open_page: OpenPage) -> None:
    page = open_page()
    page.goto(shop.page)
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    press(page, "Tab", "Tab", "Tab", "Tab", "Enter")  # to the way to a new account
    press(page, "Shift+Tab", "Shift+Tab", "Shift+Tab")
    page.keyboard.type("keyboard@example.com")
    page.keyboard.press("Tab")
    page.keyboard.type("correct horse battery")
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()

    page.keyboard.press("Tab")
    page.keyboard.type("Buy milk")
    page.keyboard.press("Enter")
    expect(task(page, "Buy milk")).to_be_enabled()
    expect(page.get_by_label("New task")).to_be_focused()
    page.keyboard.type("Buy bread")
    page.keyboard.press("Enter")
    expect(task(page, "Buy bread")).to_be_enabled()

    press(page, "Tab", "Tab", "Tab", "Tab")  # the button, the three views, the search
    expect(task(page, "Buy bread")).to_be_focused()
    page.keyboard.press("Space")
    expect(task(page, "Buy bread")).to_be_checked()
    press(page, "Tab", "Enter")
    expect(page.get_by_label("Title")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Edit Buy bread")).to_be_focused()
    press(page, "Tab", "Enter")
    expect(page.get_by_role("button", name="Delete for good")).to_be_focused()
    page.keyboard.press("Enter")
    expect(task(page, "Buy bread")).to_have_count(0)
    expect(task(page, "Buy milk")).to_be_focused()


def link_of(mails: Path, to: str, page: str) -> str:
    """The path of the link in the mail to somebody, waited for."""
    deadline = time.monotonic() + 60
    pattern = re.compile(rf"http://[^/\s]+(/{page}\?token=\S+)")
    while time.monotonic() < deadline:
        received = [message_from_bytes(m.read_bytes(), policy=default) for m in mails.iterdir()]
        links = [pattern.search(m.get_content()) for m in received if m["To"] == to]
        for link in filter(None, links):
            return link[1]
        time.sleep(0.1)
    pytest.fail(f"no mail to {to} with a link to {page}")


def test_a_forgotten_password_is_replaced_by_mail(
    shop: Shop, open_page: OpenPage, mails: Path
) -> None:
    page = open_page(expected="401")
    page.goto(shop.page)
    sign_up(page, "forgot@example.com")
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("button", name="Forgot your password?").click()
    page.get_by_label("E-mail").fill("forgot@example.com")
    page.get_by_role("button", name="Send me a mail").click()
    expect(page.get_by_text("a mail is on its way")).to_be_visible()

    page.goto(shop.page + link_of(mails, "forgot@example.com", "reset-password"))
    page.get_by_role("textbox", name="New password").fill("another good password")
    page.get_by_role("button", name="Set password").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert "token" not in page.url
    page.get_by_label("E-mail").fill("forgot@example.com")
    page.get_by_label("Password").fill("another good password")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Tasks")).to_be_visible()


def test_an_address_is_verified_with_a_click(
    shop: Shop, open_page: OpenPage, mails: Path, axe: Callable[[Page], list[str]]
) -> None:
    page = open_page(expected="403")
    page.goto(shop.page)
    sign_up(page, "verify@example.com")
    link = shop.page + link_of(mails, "verify@example.com", "verify-email")
    page.goto(link)
    assert axe(page) == []
    page.get_by_role("button", name="This address is mine").click()
    expect(page.get_by_role("heading", name="Tasks")).to_be_visible()
    page.goto(link)
    page.get_by_role("button", name="This address is mine").click()
    expect(page.get_by_role("alert")).to_contain_text("not valid any more")
    page.get_by_role("button", name="Not now").click()
    expect(page.get_by_role("heading", name="Tasks")).to_be_visible()


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


@pytest.mark.parametrize("window", [WIDE, NARROW], ids=["wide-light", "narrow-dark"])
def test_nothing_is_in_the_way_of_anybody(
    shop: Shop, open_page: OpenPage, axe: Callable[[Page], list[str]], window: dict[str, Any]
) -> None:
    page = open_page(**window)
    page.goto(shop.page)
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert axe(page) == []
    sign_up(page, f"axe{window['color_scheme']}@example.com")
    assert axe(page) == []
    add(page, "Buy milk")
    add(page, "A word that is longer than any line can be: " + "a" * 150)
    task(page, "Buy milk").check()
    page.get_by_role("button", name="Edit A word").click()
    page.get_by_role("button", name="Delete Buy milk").click()
    assert axe(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "it scrolls aside"
