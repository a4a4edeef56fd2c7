"""What somebody does on the page, from the first visit to the last."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.generated.frontends.conftest import PASSWORD, add, sign_up, task


def live_through(page: Page, url: str, email: str) -> None:
    """Sign up, add, complete, edit, search, reload, delete, sign out and in again."""
    page.goto(url)
    sign_up(page, email)
    expect(page.get_by_text("Nothing to do. Add your first task above.")).to_be_visible()
    work(page)
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    page.reload()
    sign_in(page, email)
    expect(task(page, "Write the report")).to_be_visible()


def work(page: Page) -> None:
    """Do all that can be done with tasks; the report is what is left."""
    add(page, "Buy milk")
    add(page, "Write report")
    task(page, "Buy milk").check()
    page.get_by_role("button", name="Edit Write report").click()
    page.get_by_label("Title").fill("Write the report")
    page.get_by_label("Description").fill("with figures")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status").get_by_text("Saved Write the report")).to_be_attached()

    page.reload()
    expect(task(page, "Buy milk")).to_be_checked()
    expect(task(page, "Write the report")).not_to_be_checked()
    expect(page.get_by_text("with figures")).to_be_visible()

    page.get_by_label("Search").fill("figures")
    expect(page.get_by_role("checkbox")).to_have_count(1)
    page.get_by_label("Search").fill("")
    page.get_by_role("radio", name="Done").check()
    expect(task(page, "Write the report")).to_have_count(0)
    page.get_by_role("radio", name="All").check()
    page.get_by_role("button", name="Delete Buy milk").click()
    page.get_by_role("button", name="Delete for good").click()
    expect(task(page, "Buy milk")).to_have_count(0)
    expect(page.get_by_role("status").get_by_text("Deleted Buy milk")).to_be_attached()


def sign_in(page: Page, email: str) -> None:
    """Sign in with the account of before."""
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Tasks")).to_be_visible()
