"""The page itself, in a real browser: what people see and press, and what other origins may not do."""

from __future__ import annotations

import json
import os
import signal
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser import OpenPage
from tests.runner.conftest import Drive, Project
from tests.web.conftest import Asker
from tests.web.test_server import is_up, until

TALKER = """
    import sys, time
    print("plain words", flush=True)
    print("WARNING: low on beans", flush=True)
    print("ERROR: out of <b>beans</b>", flush=True)
    sys.stdout.buffer.write(b"\\x1b[31mred\\x1b[0m <img src=x onerror=alert(1)>\\n")
    print("right \\u202e to left", flush=True)
    time.sleep(600)
"""
DOCUMENT = {
    "info": {"title": "Shop"},
    "paths": {
        "/items": {
            "get": {"summary": "List what is for sale", "tags": ["items"]},
            "post": {"summary": "Add an item", "security": [{"key": []}]},
        },
        "/items/{id}": {"delete": {"summary": "<i>Remove</i> one", "deprecated": True}},
    },
}
WIDE = {"width": 1280, "height": 900}
NARROW = {"width": 390, "height": 844}


@pytest.fixture
def shop(project: Project, drive: Drive, port: int) -> Project:
    """A project that runs: a backend that describes itself, and a worker that says odd things."""
    (project.root / "main.py").write_text("from fastapi import FastAPI\n\napp = FastAPI()\n")
    (project.root / "requirements.txt").write_text("fastapi\nuvicorn\n")
    (project.root / "openapi.json").write_text(json.dumps(DOCUMENT))
    drive(project.plan(project.web("backend", port), project.service("talker", TALKER))).wait_for(
        "ready in"
    )
    return project


def card(page: Page, name: str) -> Locator:
    """What the page shows of a service."""
    return page.get_by_role("article", name=name)


def test_a_project_that_does_not_run_says_how_to_start_it(
    open_page: OpenPage, asker: Asker
) -> None:
    page = open_page()
    page.goto(asker.server.url)
    expect(page.get_by_text("Nothing is running")).to_be_visible()
    expect(page.get_by_text("devtool run")).to_be_visible()
    expect(page.locator("#phase")).to_have_text("not recognised")
    assert asker.server.entrance.token not in page.url


def test_a_wrong_link_says_what_to_do(open_page: OpenPage, asker: Asker) -> None:
    page = open_page(expected="401")
    page.goto(f"http://{asker.host}/#{'x' * 43}")
    expect(page.get_by_role("alert")).to_contain_text("needs the link that devtool printed")


def test_a_page_that_is_loaded_again_is_let_in(open_page: OpenPage, asker: Asker) -> None:
    page = open_page()
    page.goto(asker.server.url)
    expect(page.get_by_text("live", exact=True)).to_be_visible()
    page.reload()
    expect(page.get_by_text("live", exact=True)).to_be_visible()


@pytest.mark.usefixtures("shop")
def test_services_are_stopped_and_started_from_the_keyboard(
    open_page: OpenPage, asker: Asker
) -> None:
    page = open_page(viewport=WIDE)
    page.goto(asker.server.url)
    expect(card(page, "talker, ready")).to_be_visible()
    expect(page).to_have_title("2/2 ready, a project")
    page.get_by_role("button", name="Stop talker").press("Enter")
    expect(card(page, "talker, exited")).to_be_visible()
    expect(page.get_by_role("button", name="Stop talker")).to_be_disabled()
    # The cards are drawn anew each time, and who pressed a button stays where he was.
    expect(page.get_by_role("button", name="Start talker")).to_be_focused()
    page.keyboard.press("Enter")
    expect(card(page, "talker, ready")).to_be_visible()
    expect(page.get_by_role("button", name="Restart talker")).to_be_focused()
    timeline = page.get_by_role("list", name="Timeline")
    expect(timeline).to_contain_text("talker ended")
    expect(timeline).to_contain_text("talker restarted")


@pytest.mark.usefixtures("shop")
def test_logs_are_text_and_are_narrowed_down(open_page: OpenPage, asker: Asker) -> None:
    page = open_page(viewport=WIDE)
    page.goto(asker.server.url)
    log = page.get_by_role("log")
    expect(log).to_contain_text("ERROR: out of <b>beans</b>")
    expect(log).to_contain_text("red <img src=x onerror=alert(1)>")
    assert log.locator("img, b, script").count() == 0
    assert "\u202e" not in log.inner_text()
    page.get_by_label("Level").select_option("error")
    expect(log.locator(".row")).to_have_count(1)
    page.get_by_label("Level").select_option("")
    page.keyboard.press("Escape")
    log.press("/")
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.keyboard.type("BEANS")
    expect(log.locator("mark")).to_have_text(["beans", "beans"])
    expect(page.get_by_text("2 of")).to_be_visible()
    page.keyboard.press("Escape")
    expect(log).to_contain_text("plain words")


@pytest.mark.usefixtures("shop")
def test_routes_stack_and_checks_are_reached_by_arrow_keys(
    open_page: OpenPage, asker: Asker
) -> None:
    page = open_page(viewport=WIDE)
    page.goto(asker.server.url)
    page.get_by_role("tab", name="Logs").press("ArrowRight")
    rows = page.get_by_role("tabpanel", name="Routes").get_by_role("row")
    expect(rows).to_have_count(4)
    expect(rows.last).to_contain_text("<i>Remove</i> one")
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("tabpanel", name="Stack")).to_contain_text("main.py:3")
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("tabpanel", name="Checks")).to_contain_text("devtool doctor --fix")


def test_a_service_that_dies_and_a_run_that_is_over_are_shown(
    open_page: OpenPage, asker: Asker, project: Project, drive: Drive
) -> None:
    code = "import time; time.sleep(600)"
    driven = drive(project.plan(project.service("one", code), project.service("two", code)))
    page = open_page()
    page.goto(asker.server.url)
    expect(card(page, "two, ready")).to_be_visible()
    pid = card(page, "two, ready").get_by_text("pid").locator("xpath=following-sibling::dd")
    os.kill(int(pid.inner_text()), signal.SIGKILL)
    assert driven.wait() == 137
    expect(page.get_by_text("Nothing is running")).to_be_visible()
    expect(page.get_by_text("Last time two failed with exit code 137")).to_be_visible()


@pytest.mark.usefixtures("shop")
def test_the_end_of_the_server_is_told_and_what_was_known_stays(
    open_page: OpenPage, asker: Asker
) -> None:
    page = open_page(expected="Failed to load resource")
    page.goto(asker.server.url)
    expect(page.get_by_role("log")).to_contain_text("plain words")
    asker.server.shutdown()
    expect(page.get_by_role("alert")).to_contain_text("what was known last")
    expect(page.get_by_role("log")).to_contain_text("plain words")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
@pytest.mark.usefixtures("shop")
def test_everything_can_be_read_at_every_size_in_both_schemes(
    open_page: OpenPage, asker: Asker, scheme: str, size: dict[str, int]
) -> None:
    page = open_page(viewport=size, color_scheme=scheme)
    page.goto(asker.server.url)
    expect(page.get_by_role("log")).to_contain_text("right")
    for tab in ("Logs", "Routes", "Stack", "Checks"):
        page.get_by_role("tab", name=tab).click()
        panel = page.get_by_role("tabpanel", name=tab)
        expect(panel).not_to_contain_text("Looking")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert page.evaluate(TOO_FAINT) == []
    assert page.evaluate(NAMELESS) == []


# Texts whose contrast with what is behind them is below 4.5 (WCAG 2.2, level AA).
TOO_FAINT = """() => {
  const parts = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((each) => each / 255)
    .map((each) => each <= 0.04045 ? each / 12.92 : ((each + 0.055) / 1.055) ** 2.4)
    .reduce((sum, each, index) => sum + each * [0.2126, 0.7152, 0.0722][index], 0);
  const over = ([r, g, b, a = 1], below) => a === 1 ? [r, g, b]
    : [r, g, b].map((each, index) => each * a + below[index] * (1 - a));
  const behind = (element) => {
    if (!element) return [255, 255, 255];
    const own = parts(getComputedStyle(element).backgroundColor);
    return own[3] === 0 ? behind(element.parentElement) : over(own, own.length === 4 ? behind(element.parentElement) : own);
  };
  const found = [];
  for (const element of document.querySelectorAll("body *")) {
    const words = [...element.childNodes].some((each) => each.nodeType === 3 && each.data.trim());
    const box = element.getBoundingClientRect();
    if (!words || box.width < 2 || box.height < 2 || element.disabled || !element.checkVisibility()) continue;
    const back = behind(element), front = over(parts(getComputedStyle(element).color), back);
    const [low, high] = [light(front), light(back)].sort((a, b) => a - b);
    const contrast = (high + 0.05) / (low + 0.05);
    if (contrast < 4.5) found.push(`${element.tagName}.${element.className} ${element.textContent.slice(0, 20)}: ${contrast.toFixed(2)}`);
  }
  return found;
}"""

# Things to press or to fill in that a screen reader could not name, and ids that stand twice.
NAMELESS = """() => {
  const found = [];
  for (const each of document.querySelectorAll("button, input, select, a, [role=tab], [tabindex='0']")) {
    const labels = [...(each.labels || [])].map((label) => label.textContent).join("");
    const by = (each.getAttribute("aria-labelledby") || "").split(" ").map((id) => document.getElementById(id)?.textContent || "").join("");
    if (!(each.getAttribute("aria-label") || by || labels || each.textContent).trim()) found.push(each.outerHTML);
  }
  const ids = [...document.querySelectorAll("[id]")].map((each) => each.id);
  return found.concat(ids.filter((id, index) => ids.indexOf(id) !== index));
}"""


# Other origins

ATTACK = """async ([address, token, pid]) => {
  const told = [];
  const act = JSON.stringify({ pid, service: "talker", do: "stop" });
  const requests = [
    ["/", {}], ["/api/project", {}],
    ["/api/project", { headers: { Authorization: `Bearer ${token}` } }],
    ["/api/project", { mode: "no-cors", credentials: "include" }],
    ["/api/act", { method: "POST", body: act, mode: "no-cors", headers: { "Content-Type": "text/plain" } }],
    ["/api/act", { method: "POST", body: act, headers: { "Content-Type": "application/json", Authorization: `Bearer ${token}` } }],
  ];
  for (const [path, options] of requests) {
    try {
      const answer = await fetch(address + path, options);
      told.push(await answer.text());
    } catch { told.push(""); }
  }
  const form = document.createElement("form");
  Object.assign(form, { method: "POST", action: address + "/api/act", enctype: "text/plain", target: "frame" });
  const frame = Object.assign(document.createElement("iframe"), { name: "frame" });
  const field = Object.assign(document.createElement("input"), { name: act.slice(0, -1) + ', "x": "', value: '"}' });
  form.append(field);
  document.body.append(frame, form);
  const loaded = new Promise((done) => { frame.onload = done; });
  form.submit();
  await loaded;
  const framed = Object.assign(document.createElement("iframe"), { src: address + "/#" + token });
  document.body.append(framed);
  await new Promise((done) => { framed.onload = done; });
  try { told.push(framed.contentDocument ? framed.contentDocument.body.textContent : ""); } catch { told.push(""); }
  const script = Object.assign(document.createElement("script"), { src: address + "/api/project" });
  const failed = new Promise((done) => { script.onerror = () => done(""); script.onload = () => done("loaded"); });
  document.body.append(script);
  told.push(await failed);
  return told;
}"""


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[int]:
    """The port of a server of someone else's pages."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    (folder / "index.html").write_text("<!doctype html><title>Kittens</title><body>")

    class Handler(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Nobody reads it."""

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=folder)) as served:
        thread = threading.Thread(target=served.serve_forever)
        thread.start()
        yield served.server_port
        served.shutdown()
        thread.join()


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "evil.rebound.test"])
@pytest.mark.usefixtures("shop")
def test_pages_of_other_origins_learn_and_do_nothing(
    open_page: OpenPage, asker: Asker, elsewhere: int, host: str
) -> None:
    run = until(asker.events(), is_up)["runs"][0]
    page = open_page(expected="rebound.test|blocked|Failed to load|Refused|refused|frame")
    page.goto(f"http://{host}:{elsewhere}/")
    # Even with the token: that it is secret is not all that protects.
    given = [f"http://{asker.host}", asker.server.entrance.token, run["pid"]]
    told = page.evaluate(ATTACK, given)
    assert set(told) == {""}
    now = until(asker.events(), is_up)["runs"][0]
    assert [each["pid"] for each in now["services"]] == [each["pid"] for each in run["services"]]


def test_a_name_that_was_rebound_to_this_machine_gets_nothing(
    open_page: OpenPage, asker: Asker
) -> None:
    page = open_page(expected="rebound.test|Opener-Policy|Failed to load")
    port = asker.server.server_port
    answer = page.goto(f"http://evil.rebound.test:{port}/#{asker.server.entrance.token}")
    assert answer
    assert answer.status == 421
    said = page.evaluate(
        "token => fetch('/api/project', {headers: {Authorization: `Bearer ${token}`}}).then(a => a.status)",
        asker.server.entrance.token,
    )
    assert said == 421
