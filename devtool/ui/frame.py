"""One picture of a run: as many lines as the terminal has, each as wide as it is at most."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from rich.text import Text

from devtool.feed import Entry, Moment
from devtool.model.state import ProcessState, Status
from devtool.ui.times import clock, span, took
from devtool.ui.view import BINDINGS, View, selected

COLOURS = ("cyan", "magenta", "green", "yellow", "blue", "bright_cyan", "bright_magenta")
_STATES = {
    Status.READY: "green",
    Status.STARTING: "yellow",
    Status.RELOADING: "yellow",
    Status.STOPPING: "yellow",
    Status.UNHEALTHY: "bold red",
    Status.FAILED: "bold red",
}
_LEVELS = {"error": "red", "warning": "yellow", "debug": "dim"}
_AT_LEAST = {"": 0, "warning": 1, "error": 2}
_ABOUT_LEVELS = {"": "", "warning": "warnings and errors", "error": "errors"}


class Scene(NamedTuple):
    """What there is to show."""

    title: str
    services: tuple[ProcessState, ...] = ()
    entries: Sequence[Entry] = ()
    moments: Sequence[Moment] = ()
    started_at: float | None = None
    said: str = ""
    now: float = 0.0


class Size(NamedTuple):
    """The terminal's, in cells."""

    columns: int
    rows: int


def frame(view: View, scene: Scene, size: Size) -> list[Text]:
    """The picture, from the top."""
    head = [_title(view, scene, size), *_services(view, scene, size), _latest(scene)]
    foot = [_foot(view, scene)]
    room = room_for_lines(view, scene, size)
    body = _help() if view.help else [_rule(view, scene, size), *_log(view, scene, room)]
    body = body[: room + 1]
    blank = [Text("")] * max(0, size.rows - len(head) - len(body) - len(foot))
    lines = [*head, *body, *blank][: max(0, size.rows - 1)] + foot
    for line in lines:
        line.truncate(size.columns, overflow="ellipsis")
        line.no_wrap = True
    return lines


def room_for_lines(view: View, scene: Scene, size: Size) -> int:
    """How many lines of logs fit: what title, services, latest moment, rule and keys leave."""
    return max(0, size.rows - 4 - len(_shown(view, scene, size)))


def fits(view: View, entry: Entry, services: tuple[ProcessState, ...]) -> bool:
    """True if a line is one of those looked at."""
    if _AT_LEAST.get(entry.level, 0) < _AT_LEAST[view.level]:
        return False
    chosen = selected(view, services) if view.alone else None
    if chosen is not None and entry.service != chosen.name:
        return False
    return view.filter.lower() in entry.text.lower()


# The head


def _title(view: View, scene: Scene, size: Size) -> Text:
    lasting = [each for each in scene.services if not _is_done(each)]
    ready = sum(each.status is Status.READY for each in lasting)
    left = Text.assemble((scene.title, "bold"), f"  {ready}/{len(lasting)} ready")
    if view.ending:
        left.append("  stopping", "yellow")
    right = f"up {span(scene.now - scene.started_at)}" if scene.started_at else ""
    gap = size.columns - left.cell_len - len(right)
    return left.append(" " * gap + right) if gap > 1 else left


def _is_done(service: ProcessState) -> bool:
    return service.status is Status.EXITED and service.exit_code == 0


def _shown(view: View, scene: Scene, size: Size) -> tuple[ProcessState, ...]:
    """The services that get a row: all, or those around the selected one."""
    most = max(1, size.rows // 2 - 2)
    if len(scene.services) <= most:
        return scene.services
    chosen = selected(view, scene.services)
    place = scene.services.index(chosen) if chosen else 0
    start = min(max(0, place - most // 2), len(scene.services) - most)
    return scene.services[start : start + most]


def _services(view: View, scene: Scene, size: Size) -> Iterator[Text]:
    chosen = selected(view, scene.services)
    shown = _shown(view, scene, size)
    names = max((len(each.name) for each in shown), default=0)
    urls = max((len(each.url) for each in shown), default=0)
    for each in shown:
        is_chosen = chosen is not None and each.name == chosen.name
        row = Text("> " if is_chosen else "  ", "bold")
        row.append(f"{each.name:<{names}}  ", f"bold {_colour(each.name, scene)}")
        row.append(f"{each.status:<9}  ", _STATES.get(each.status, "dim"))
        row.append(f"{each.url:<{urls}}  " if urls else "")
        row.append(_facts(each, scene.now))
        row.append(each.last_error, "red")
        yield row


def _facts(service: ProcessState, now: float) -> str:
    facts = []
    if service.pid is not None and service.started_at:
        facts.append(f"up {span(now - service.started_at)}")
    if service.reloads:
        last = f", last {took(service.reload_ms)}" if service.reload_ms is not None else ""
        facts.append(f"reloads {service.reloads}{last}")
    if service.restarts:
        facts.append(f"restarts {service.restarts}")
    if service.pid is None and service.exit_code is not None:
        facts.append(f"exit code {service.exit_code}")
    return "".join(f"{fact}  " for fact in facts)


def _latest(scene: Scene) -> Text:
    if not scene.moments:
        return Text("")
    moment = scene.moments[-1]
    text = Text(f"  {clock(moment.at)} {moment.service} {moment.text}", "dim")
    if moment.ms is not None:
        text.append(f" in {took(moment.ms)}")
    if moment.is_bad:
        text.stylize("red")
    return text


# The logs


def _rule(view: View, scene: Scene, size: Size) -> Text:
    chosen = selected(view, scene.services) if view.alone else None
    about = [f"logs of {chosen.name if chosen else 'all'}", _ABOUT_LEVELS[view.level]]
    about += [f"with {view.filter!r}" if view.filter else ""]
    about += [f"{view.scroll} newer below" if view.scroll else ""]
    text = f"── {', '.join(filter(None, about))} "
    return Text(text.ljust(size.columns, "─"), "dim")


def _log(view: View, scene: Scene, room: int) -> list[Text]:
    fitting = [each for each in scene.entries if fits(view, each, scene.services)]
    end = max(min(room, len(fitting)), len(fitting) - view.scroll)
    several = not view.alone and len({each.service for each in fitting}) > 1
    width = max((len(each.service) for each in fitting), default=0) if several else 0
    return [_line(each, view, scene, width) for each in fitting[max(0, end - room) : end]]


def _line(entry: Entry, view: View, scene: Scene, width: int) -> Text:
    line = Text(f"{clock(entry.at)} ", "dim")
    if width:
        line.append(f"{entry.service:<{width}} ", _colour(entry.service, scene))
    # The style of what was there before must not reach what comes from a service.
    text = Text(entry.text, _LEVELS.get(entry.level, "default"))
    if view.filter:
        text.highlight_words([view.filter], "reverse", case_sensitive=False)
    return Text.assemble(line, text)


def _colour(name: str, scene: Scene) -> str:
    names = [each.name for each in scene.services]
    return COLOURS[names.index(name) % len(COLOURS)] if name in names else "bold"


# The foot


def _foot(view: View, scene: Scene) -> Text:
    if view.typing:
        return Text.assemble(("filter: ", "bold"), view.filter, ("▏", "bold"))
    if scene.said:
        return Text(scene.said, "yellow")
    foot = Text()
    for each in BINDINGS:
        if each.word:
            foot.append(f" {each.keys[0]} ", "reverse").append(f" {each.word}  ")
    return foot


def _help() -> list[Text]:
    rows = [(", ".join(each.keys), each.about) for each in BINDINGS]
    told = [Text.assemble((f"  {names:>9}  ", "bold"), about) for names, about in rows]
    return [Text("── any key closes this", "dim"), *told]
