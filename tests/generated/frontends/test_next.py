"""The frontend in Next.js, with accounts and an assistant that has a model."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser import OpenPage
from tests.generated.frontends.conftest import Shop, sign_up
from tests.generated.frontends.journey import live_through
from tests.generated.frontends.model import Model, held_model

pytestmark = pytest.mark.generated

FEATURES = ("auth", "chat", "frontend-next")


@pytest.fixture(scope="module")
def model() -> Iterator[Model]:
    """A model that the backend asks."""
    with held_model() as model:
        yield model


@pytest.fixture(scope="module")
def settings(model: Model) -> str:
    """What connects the backend to it."""
    address = f"http://127.0.0.1:{model.server_port}/v1"
    return f"AI_BASE_URL={address}\nAI_MODEL=words\nAI_API_KEY=none\n"


def test_a_life_on_the_page(shop: Shop, open_page: OpenPage) -> None:
    live_through(open_page(), shop.page, "life@example.com")


def test_words_are_shown_as_they_are_said_and_after_a_reload_too(
    shop: Shop, open_page: OpenPage, model: Model
) -> None:
    page = open_page(viewport={"width": 1280, "height": 900})
    page.goto(shop.page)
    sign_up(page, "words@example.com")
    model.go_on.clear()
    ask(page)
    expect(said(page, "First words,")).to_be_visible()
    page.reload()
    expect(said(page, "First words,")).to_be_visible()
    model.go_on.set()
    expect(said(page, "First words, and then the last ones.")).to_be_visible()
    expect(page.get_by_role("button", name="Send")).to_be_visible()


def test_an_answer_can_be_stopped(shop: Shop, open_page: OpenPage, model: Model) -> None:
    page = open_page(viewport={"width": 1280, "height": 900})
    page.goto(shop.page)
    sign_up(page, "stop@example.com")
    model.go_on.clear()
    ask(page)
    expect(said(page, "First words,")).to_be_visible()
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_role("button", name="Send")).to_be_visible()
    model.go_on.set()
    page.reload()
    expect(said(page, "First words,")).to_be_visible()
    expect(said(page, "last ones")).to_have_count(0)


def ask(page: Page) -> None:
    page.get_by_label("Message to the assistant").fill("say something")
    page.keyboard.press("Enter")


def said(page: Page, words: str) -> Locator:
    return page.get_by_role("list", name="Messages").get_by_text(words)
