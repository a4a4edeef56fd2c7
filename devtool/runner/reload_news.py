"""What the news of a reloader mean for a run: a line to show, and the state of the service. Pure."""

from __future__ import annotations

from typing import assert_never

from devtool.model.state import Status
from devtool.runner.events import Decision, Say
from devtool.runner.reload import Crashed, News, Notice, Reloaded, ReloadFailed, Reloading

TYPE_CHECKING = False
if TYPE_CHECKING:
    from devtool.runner.supervisor import Unit


def react(unit: Unit, news: News) -> list[Decision]:
    """Note the news in a service's record, and say what its user should know."""
    match news:
        case Reloading():
            if unit.status in {Status.READY, Status.UNHEALTHY}:
                unit.status = Status.RELOADING
            return []
        case Reloaded():
            return _reloaded(unit, news)
        case ReloadFailed():
            return _failed(unit, news)
        case Crashed():
            return _crashed(unit, news)
        case Notice():
            return [Say(f"{unit.name}: {news.text}")]
        case _:
            assert_never(news)


def _reloaded(unit: Unit, news: Reloaded) -> list[Decision]:
    _settle(unit)
    unit.last_error = ""
    if not news.file:
        return []
    unit.reloads += 1
    unit.reload_ms = round(news.ms, 1)
    return [Say(f"{unit.name} reloaded in {news.ms:.0f} ms: {_cause(news)}")]


def _cause(news: Reloaded) -> str:
    others = f" and {news.files - 1} more" if news.files > 1 else ""
    if not news.modules:
        return news.file + others
    return f"{news.file}{others} ({_count(news.modules, 'module')} imported)"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _failed(unit: Unit, news: ReloadFailed) -> list[Decision]:
    _settle(unit)
    where = f"{news.place}: " if news.file else ""
    unit.last_error = f"{where}{news.error}"
    lines = [f"{where}{news.error}"]
    if news.source:
        lines.append(f"    {news.source}")
    told: list[Decision] = [Say("\n".join(lines), complaint=True)]
    if news.is_final:
        return told
    if news.has_served:
        return [*told, Say(f"{unit.name} was not reloaded; the version before goes on serving")]
    return [*told, Say(f"{unit.name} does not serve; it starts again when a file changes")]


def _crashed(unit: Unit, news: Crashed) -> list[Decision]:
    unit.restarts += 1
    unit.last_error = "the serving process ended"
    if news.resumed:
        return [
            Say(
                f"{unit.name} crashed right after its start; the version before goes on serving",
                complaint=True,
            )
        ]
    when = f" in {news.pause:g} s" if news.pause else ""
    return [Say(f"{unit.name} crashed; it is started again{when}", complaint=True)]


def _settle(unit: Unit) -> None:
    """A service that was answering before a reload does so after it."""
    if unit.status is Status.RELOADING:
        unit.status = Status.READY
