"""What the view shows, and what a key makes of it. Nothing here touches a terminal or a process."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import NamedTuple

from devtool.model.state import ProcessState
from devtool.ui import keys

LEVELS = ("", "warning", "error")
MAX_FILTER = 200


class Act(StrEnum):
    """What a key asks for beyond the view itself."""

    STOP = "stop"
    RESTART = "restart"
    OPEN = "open"
    QUIT = "quit"
    INTERRUPT = "interrupt"


class Deed(NamedTuple):
    """Something to do, and the service to do it to, if it is about one."""

    act: Act
    service: str = ""
    url: str = ""


class View(NamedTuple):
    """What is looked at.

    `scroll` is how many lines lie below what is shown; 0 follows what comes. `lines` is how many fitted
    when this was last drawn.
    """

    selected: str = ""
    alone: bool = False
    level: str = ""
    filter: str = ""
    typing: bool = False
    scroll: int = 0
    lines: int = 10
    help: bool = False
    ending: bool = False


Services = tuple[ProcessState, ...]
Step = tuple[View, Deed | None]


class Binding(NamedTuple):
    """Keys, what they do, and the words for it; those without a `word` are not in the last row."""

    keys: tuple[str, ...]
    about: str
    press: Callable[[View, Services], Step]
    word: str = ""


def press(view: View, key: str, services: Services) -> Step:
    """The view after a key, and what else is to be done."""
    if key == keys.INTERRUPT:
        return _end(view, Act.INTERRUPT)
    if view.typing:
        return _type(view, key), None
    if view.help:
        return view._replace(help=False), None
    binding = next((each for each in BINDINGS if key in each.keys), None)
    return binding.press(view, services) if binding else (view, None)


def selected(view: View, services: Services) -> ProcessState | None:
    """The service that keys are about: the one that was chosen, or the first."""
    chosen = (each for each in services if each.name == view.selected)
    return next(chosen, services[0] if services else None)


def _type(view: View, key: str) -> View:
    if key == keys.ENTER:
        return view._replace(typing=False)
    if key == keys.ESCAPE:
        return view._replace(typing=False, filter="", scroll=0)
    if key == keys.BACKSPACE:
        return view._replace(filter=view.filter[:-1], scroll=0)
    if len(key) != 1 or len(view.filter) >= MAX_FILTER:
        return view
    return view._replace(filter=view.filter + key, scroll=0)


def _move(view: View, services: Services, step: int) -> Step:
    names = [each.name for each in services]
    now = selected(view, services)
    if now is None:
        return view, None
    place = min(max(names.index(now.name) + step, 0), len(names) - 1)
    return view._replace(selected=names[place], scroll=0 if view.alone else view.scroll), None


def _scroll(view: View, step: int) -> Step:
    return view._replace(scroll=max(0, view.scroll + step)), None


def _of_selected(view: View, services: Services, act: Act) -> Step:
    service = selected(view, services)
    if service is None or view.ending:
        return view, None
    if act is Act.OPEN and not service.url.startswith(("http://", "https://")):
        return view, None
    return view, Deed(act, service.name, service.url)


def _alone(view: View) -> Step:
    return view._replace(alone=not view.alone, scroll=0), None


def _ask(view: View) -> Step:
    return view._replace(typing=True), None


def _next_level(view: View) -> Step:
    level = LEVELS[(LEVELS.index(view.level) + 1) % len(LEVELS)]
    return view._replace(level=level, scroll=0), None


def _forget(view: View) -> Step:
    return view._replace(filter="", level="", alone=False, scroll=0), None


def _end(view: View, act: Act) -> Step:
    return view._replace(ending=True, typing=False, help=False), Deed(act)


BINDINGS = (
    Binding((keys.UP, "k"), "the service above", lambda v, s: _move(v, s, -1)),
    Binding((keys.DOWN, "j"), "the service below", lambda v, s: _move(v, s, 1)),
    Binding(("r",), "start it anew", lambda v, s: _of_selected(v, s, Act.RESTART), "restart"),
    Binding(("s",), "stop it", lambda v, s: _of_selected(v, s, Act.STOP), "stop"),
    Binding(("o",), "open its page", lambda v, s: _of_selected(v, s, Act.OPEN), "open"),
    Binding((keys.ENTER,), "its lines alone, or those of all", lambda v, _: _alone(v), "alone"),
    Binding(("/",), "lines that hold a text", lambda v, _: _ask(v), "filter"),
    Binding(("e",), "warnings and errors, errors, all", lambda v, _: _next_level(v), "errors"),
    Binding((keys.ESCAPE,), "every line again", lambda v, _: _forget(v)),
    Binding((keys.PAGE_UP,), "older lines", lambda v, _: _scroll(v, v.lines)),
    Binding((keys.PAGE_DOWN,), "newer lines", lambda v, _: _scroll(v, -v.lines)),
    Binding((keys.END,), "the newest lines, as they come", lambda v, _: _scroll(v, -v.scroll)),
    Binding(("?",), "what keys do", lambda v, _: (v._replace(help=True), None), "help"),
    Binding(("q",), "end the run; once more: at once", lambda v, _: _end(v, Act.QUIT), "quit"),
)
