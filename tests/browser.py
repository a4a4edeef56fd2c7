"""A headless Chromium for tests of pages, driven by Playwright.

Name the two fixtures in the conftest of the tests that need them; a browser serves one module, and
every page is a context of its own, as in a window that nobody has used before:

    from tests.browser import browser, open_page

    __all__ = ["browser", "open_page"]

    def test_the_list_is_shown(open_page: OpenPage, server: Server) -> None:
        page = open_page(viewport={"width": 400, "height": 800}, color_scheme="dark")
        page.goto(server.url)
        page.get_by_label("Title").fill("milk")
        page.get_by_role("button", name="Add").click()
        expect(page.get_by_role("listitem")).to_have_text(["milk"])   # playwright.sync_api.expect
        page.screenshot(path=tmp_path / "list.png", full_page=True)

Playwright and `expect` wait by themselves, for at most a minute: no sleep is needed. After the test
nothing may have been written to the console as an error, no exception may have been left uncaught, and
nothing may have been asked of another machine; `expected=` is a regular expression of the console
errors and addresses that belong to the test (a 401 that is provoked, say). Names under `rebound.test`
lead to this machine.

Chromium is the one of the system (Debian's package chromium, which `.ci/run` installs), or the program
that `DEVTOOL_TEST_CHROMIUM` names. While a module's browser is open, an event loop counts as running in
its thread, so tests that call `asyncio.run` belong into other modules.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

TIMEOUT_MS = 60_000
PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# What Chromium would do on its own account, and a machine without a network refuses.
QUIET = (
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-gpu",
    "--no-first-run",
    # A name of someone else that he has pointed at this machine.
    "--host-resolver-rules=MAP *.rebound.test 127.0.0.1",
)
OWN = {"127.0.0.1", "localhost", "[::1]", "::1", None}

OpenPage = Callable[..., Page]


def chromium() -> str:
    """The program to start."""
    named = os.environ.get("DEVTOOL_TEST_CHROMIUM", "")
    found = named or next(filter(None, map(shutil.which, PROGRAMS)), "")
    if not found:
        pytest.fail("there is no Chromium: install it, or name it in DEVTOOL_TEST_CHROMIUM")
    return found


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One Chromium for the tests of a module."""
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium(), args=list(QUIET))
        yield opened
        opened.close()


class Witness:
    """Notes what a page should not have done."""

    def __init__(self, context: BrowserContext, expected: str) -> None:
        self.troubles: list[str] = []
        self._expected = expected
        context.on("console", lambda said: self._note(said.type == "error", said.text))
        context.on("weberror", lambda thrown: self._note(True, str(thrown.error)))
        context.on("request", lambda asked: self._note(not _is_own(asked.url), asked.url))

    def _note(self, is_trouble: bool, text: str) -> None:
        is_expected = self._expected and re.search(self._expected, text)
        if is_trouble and not is_expected:
            self.troubles.append(text)


def _is_own(url: str) -> bool:
    return urlsplit(url).hostname in OWN


@pytest.fixture
def open_page(browser: Browser) -> Iterator[OpenPage]:
    """Open an empty page; keywords are those of Playwright's `new_context`."""
    expect.set_options(timeout=TIMEOUT_MS)
    opened: list[tuple[BrowserContext, Witness]] = []

    def go(*, expected: str = "", **options: Any) -> Page:
        context = browser.new_context(**options)
        context.set_default_timeout(TIMEOUT_MS)
        opened.append((context, Witness(context, expected)))
        return context.new_page()

    yield go
    for context, _ in opened:
        context.close()
    troubles = [trouble for _, witness in opened for trouble in witness.troubles]
    if troubles:
        pytest.fail("\n".join(["the pages should not have done this:", *troubles]))
