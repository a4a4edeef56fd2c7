"""What keys make of the view, and what is drawn of it: no terminal and no process needed."""

from __future__ import annotations

import itertools

import pytest

from devtool.feed import Entry, Moment
from devtool.model.state import ProcessState, Status
from devtool.ui import keys
from devtool.ui.frame import Scene, Size, frame, room_for_lines
from devtool.ui.view import BINDINGS, Act, Deed, View, press

WEB = ProcessState(
    name="web",
    role="backend",
    status=Status.READY,
    pid=7,
    url="http://127.0.0.1:8000",
    started_at=100.0,
    reloads=3,
    reload_ms=84.4,
)
JOBS = ProcessState(
    name="jobs", role="worker", status=Status.FAILED, exit_code=3, last_error="exited with code 3"
)
ONCE = ProcessState(name="once", role="worker", status=Status.EXITED, exit_code=0)
SERVICES = (WEB, JOBS, ONCE)
ENTRIES = tuple(
    Entry(number, 100.0 + number, name, level, f"line {number} of {name}")
    for number, (name, level) in enumerate(
        itertools.islice(itertools.cycle([("web", "info"), ("jobs", "error")]), 60), start=1
    )
)
SCENE = Scene(
    title="shop",
    services=SERVICES,
    entries=ENTRIES,
    moments=(Moment(1, 100.0, "web", "reload", "reloaded", 84.4),),
    started_at=90.0,
    now=165.0,
)


def after(*pressed: str, view: View | None = None) -> tuple[View, list[Deed]]:
    """The view after keys, and what they asked for."""
    view = view or View()
    deeds = []
    for key in pressed:
        view, deed = press(view, key, SERVICES)
        deeds += [deed] if deed else []
    return view, deeds


def drawn(*pressed: str) -> str:
    view, _ = after(*pressed)
    return "\n".join(line.plain for line in frame(view, SCENE, Size(100, 20)))


def test_keys_are_about_the_selected_service() -> None:
    assert after("r")[1] == [Deed(Act.RESTART, "web", WEB.url)]
    assert after("j", "s")[1] == [Deed(Act.STOP, "jobs")]
    assert after("o")[1] == [Deed(Act.OPEN, "web", WEB.url)]
    assert after(keys.DOWN, "o")[1] == []
    assert after(*["j"] * 9, "k", "s")[1] == [Deed(Act.STOP, "jobs")]


def test_what_is_typed_narrows_the_lines_and_does_nothing_else() -> None:
    view, deeds = after("/", *"squirrel", keys.BACKSPACE, keys.ENTER)
    assert (view.filter, view.typing, deeds) == ("squirre", False, [])
    assert after(keys.ESCAPE, view=view)[0].filter == ""
    assert after("/", *"q" * 500)[0].filter == "q" * 200


def test_ctrl_c_ends_the_run_wherever_it_is_pressed() -> None:
    for before in ((), ("/", "x"), ("?",)):
        view, deeds = after(*before, keys.INTERRUPT)
        assert (view.ending, deeds) == (True, [Deed(Act.INTERRUPT)])


def test_a_run_that_ends_is_not_restarted() -> None:
    assert after("q", "r", "s")[1] == [Deed(Act.QUIT)]


def test_without_services_no_key_does_harm() -> None:
    for binding in BINDINGS:
        for key in binding.keys:
            view, _ = press(View(), key, ())
            assert frame(view, Scene("empty"), Size(80, 24))


def test_the_picture_says_what_there_is_to_know() -> None:
    picture = drawn()
    assert "shop  1/2 ready" in picture
    assert "up 1 min 15 s" in picture
    assert "web   ready      http://127.0.0.1:8000  up 1 min 5 s  reloads 3, last 84 ms" in picture
    assert "jobs  failed" in picture
    assert "exit code 3  exited with code 3" in picture
    assert "web reloaded in 84 ms" in picture
    assert "line 60 of jobs" in picture
    assert "restart" in picture.splitlines()[-1]


def test_lines_can_be_narrowed_to_one_service_a_level_or_a_text() -> None:
    assert "of jobs" not in drawn(keys.ENTER)
    assert "of web" not in drawn("e")
    assert "with 'LINE 7'" in drawn("/", *"LINE 7")
    assert "line 7 of web" in drawn("/", *"LINE 7")
    assert "line 8" not in drawn("/", *"LINE 7")


def test_older_lines_are_a_page_away() -> None:
    room = room_for_lines(View(), SCENE, Size(100, 20))
    picture = drawn(keys.PAGE_UP)
    assert "newer below" in picture
    assert "line 60" not in picture
    first = drawn(*[keys.PAGE_UP] * 50)
    assert first.count("line ") == room
    assert "line 1 " in first
    assert "line 60" in drawn(keys.PAGE_UP, keys.END)


def test_what_services_print_is_neither_markup_nor_too_wide() -> None:
    hostile = Entry(1, 1.0, "web", "info", "[red]not markup[/red] " + "wide 漢字 " * 100)
    lines = frame(View(), SCENE._replace(entries=[hostile]), Size(60, 12))
    line = next(each for each in lines if "not markup" in each.plain)
    assert "[red]not markup[/red]" in line.plain
    assert line.cell_len <= 60


@pytest.mark.parametrize("rows", [1, 2, 3, 5, 8, 24, 70])
@pytest.mark.parametrize("columns", [1, 10, 40, 80, 300])
@pytest.mark.parametrize("pressed", [(), ("?",), ("/", "x"), (keys.PAGE_UP,), ("q",)])
def test_the_picture_fits_every_terminal(rows: int, columns: int, pressed: tuple[str, ...]) -> None:
    many = tuple(WEB._replace(name=f"service-{n}") for n in range(30))
    for services in (SERVICES, many, ()):
        view, _ = after(*pressed)
        lines = frame(view, SCENE._replace(services=services), Size(columns, rows))
        assert len(lines) <= max(rows, 1)
        assert all(line.cell_len <= columns for line in lines)


def test_the_selected_service_is_shown_however_many_there_are() -> None:
    many = tuple(WEB._replace(name=f"service-{n}") for n in range(30))
    view = View(selected="service-27")
    lines = frame(view, SCENE._replace(services=many), Size(80, 16))
    assert any(line.plain.startswith("> service-27") for line in lines)
