"""Generated projects with a frontend, served by `devtool run` and looked at in Chromium."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from playwright.sync_api import Locator, Page, expect

from devtool import ProjectSpec, new_project
from tests.browser import browser, open_page
from tests.e2e.running import Run, free_port, running
from tests.generated.installed import link_node, link_python, node_packages, python_packages

__all__ = ["browser", "open_page"]

AXE = '{"private": true, "dependencies": {"axe-core": "^4.11.0"}}'
# Compiling a page for the first time takes a while on a busy machine.
COMPILING = 180.0
PASSWORD = "correct horse battery"


class Shop(NamedTuple):
    """A served project."""

    root: Path
    backend: str
    page: str
    run: Run


@pytest.fixture(scope="module")
def new_shop(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., Path]:
    """Make a project with its packages installed."""

    def make(**wanted: Any) -> Path:
        folder = tmp_path_factory.mktemp("projects")
        new_project(ProjectSpec(name="shop", **wanted), folder)
        root = folder / "shop"
        link_python(python_packages(request.config), root / "backend")
        package = (root / "frontend" / "package.json").read_text("utf-8")
        link_node(node_packages(request.config, package), root / "frontend")
        return root

    return make


@pytest.fixture(scope="module")
def settings() -> str:
    """Lines for the backend's `.env`."""
    return ""


@pytest.fixture(scope="module")
def shop(
    request: pytest.FixtureRequest,
    new_shop: Callable[..., Path],
    tmp_path_factory: pytest.TempPathFactory,
    settings: str,
) -> Iterator[Shop]:
    """The project that the module's `FEATURES` ask for, served by `devtool run`."""
    root = new_shop(features=request.module.FEATURES)
    with (root / "backend" / ".env").open("a", encoding="utf-8") as file:
        file.write(settings)
    port = free_port()
    backend = f"http://127.0.0.1:{port}"
    state = tmp_path_factory.mktemp("state")
    with running(root, "run", "--port", str(port), state=state) as run:
        run.wait_until_ready(backend, COMPILING)
        page = run.wait_for(rf"(?m)^(?!{re.escape(backend)} )(http://\S+) ready in", COMPILING)
        yield Shop(root, backend, page[1], run)


@pytest.fixture
def axe(request: pytest.FixtureRequest) -> Callable[[Page], list[str]]:
    """What axe-core finds wrong with a page: the rule and the element, one a line."""
    source = node_packages(request.config, AXE) / "axe-core" / "axe.min.js"

    def find(page: Page) -> list[str]:
        page.wait_for_function("document.getAnimations().every((a) => a.playState !== 'running')")
        page.evaluate(source.read_text("utf-8"))
        found: list[dict[str, Any]] = page.evaluate("axe.run().then((r) => r.violations)")
        return [
            f"{rule['id']} ({rule['impact']}): {node['html']}"
            for rule in found
            for node in rule["nodes"]
        ]

    return find


def sign_up(page: Page, email: str) -> None:
    """Make an account on the page that signs in, and wait for the tasks."""
    page.get_by_role("button", name="New here? Create an account").click()
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Create account").click()
    expect(page.get_by_role("heading", name="Tasks")).to_be_visible()


def add(page: Page, title: str) -> None:
    """Add a task, and wait until the server has it."""
    page.get_by_label("New task").fill(title)
    page.get_by_label("New task").press("Enter")
    expect(task(page, title)).to_be_enabled()


def task(page: Page, title: str) -> Locator:
    """The checkbox of a task."""
    return page.get_by_role("checkbox", name=title)


def say(page: Page, text: str) -> None:
    """Tell the assistant something, and wait until it has answered."""
    page.get_by_label("Message to the assistant").fill(text)
    page.get_by_label("Message to the assistant").press("Enter")
    expect(page.get_by_label("Message to the assistant")).to_have_value("")
    expect(page.get_by_role("button", name="Send")).to_be_visible()
