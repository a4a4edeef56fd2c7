"""Log lines with their level. From the files that `devtool logs` reads."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from devtool.api_control import project_logs
from devtool.errors import ConfigError, DevtoolError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from devtool.api_control import Line

MOST = 500
USUAL = 50
MAX_LINE = 500
LEVELS = ("debug", "info", "warning", "error")
# devtool's own log, and how a complaint of its begins.
OWN = "devtool"
COMPLAINT = "devtool: "
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")
# A level stands near the start of a line, in capitals and not in quotes, where requests are; bundlers
# begin a line with it in any case, or with a few words and a colon.
_NAMED = re.compile(
    r"^[^\"']{0,60}?\b(DEBUG|TRACE|INFO|NOTICE|WARN(?:ING)?|ERROR|CRITICAL|FATAL)\b"
)
_BEGINS = re.compile(
    r"^\W*(?:[\w:.-]+\]\s*)?(?:\w+ ){0,2}(warning|error)(?=:)|^\W*(warn(?:ing)?|error|fatal|failed)\b",
    re.IGNORECASE,
)
_RAISED = re.compile(r"^[\w.]*(?:Error|Exception|Interrupt|Exit|Warning|Group)\b(?::| \(|$)")
_TRACE = re.compile(r"^\s*(?:[+|]\s*)*(?:Exception Group )?Traceback \(most recent call last\)")


class Said(NamedTuple):
    """One line: when, by whom, how bad, and its text without colours."""

    at: float
    service: str
    level: str
    text: str


def logs(root: Path, arguments: Mapping[str, object]) -> str:
    """The last lines that fit, one a line: time, service where there are several, text.

    Raises:
        DevtoolError: When there are no logs, or an argument is wrong.
    """
    least = LEVELS.index(str(arguments.get("level", "debug")))
    pattern = _pattern(arguments.get("grep"))
    count = arguments.get("lines", USUAL)
    most = min(MOST, max(1, count if isinstance(count, int) else USUAL))
    service = arguments.get("service")
    said = lines(root, service if isinstance(service, str) else "", since=_since(arguments))
    found = [
        each
        for each in said
        if LEVELS.index(each.level) >= least and (pattern is None or pattern.search(each.text))
    ]
    return shown(found[-most:]) or "no such lines"


def shown(said: list[Said]) -> str:
    """Lines as text, each cut at a length that can be read."""
    several = len({each.service for each in said}) > 1
    return "\n".join(
        f"{time.strftime('%H:%M:%S', time.localtime(each.at))} "
        f"{each.service + ': ' if several else ''}{_cut(each.text)}"
        for each in said
    )


def _cut(text: str) -> str:
    return text if len(text) <= MAX_LINE else f"{text[:MAX_LINE]} ... ({len(text)} characters)"


def lines(root: Path, service: str = "", *, since: float = 0.0) -> list[Said]:
    """What a service, or every service, has printed.

    Raises:
        DevtoolError: When there are no logs of it.
    """
    folders = [each for each in project_logs(root) if each.services]
    if not folders:
        raise DevtoolError("there are no logs of this project", hint="call start")
    folder = next((each for each in folders if not service or service in each.services), None)
    if folder is None:
        known = ", ".join(sorted({name for each in folders for name in each.services}))
        raise DevtoolError(f"there are no logs of {service!r}", hint=f"there are: {known}")
    names = [service] if service else folder.services
    kept = folder.lines(names)
    return [each for each in levelled(kept) if each.at >= since]


def levelled(kept: Iterable[Line]) -> Iterator[Said]:
    """Lines with the level that they name, or that of what they continue."""
    before: dict[str, tuple[str, bool]] = {}
    for line in kept:
        text = plain(line.text)
        is_complaint = line.service == OWN and text.startswith(COMPLAINT)
        former = before.get(line.service, ("info", False))
        now = ("error", False) if is_complaint else _level(text, *former)
        before[line.service] = now
        yield Said(line.at, line.service, now[0], text)


def _level(text: str, before: str, in_trace: bool) -> tuple[str, bool]:  # noqa: FBT001 (a pair, kept apart)
    """The level of a line, and whether the next one belongs to a traceback.

    A traceback ends with the line that is not indented, which names the exception.
    """
    is_indented = text[:1] in ("", " ", "\t")
    if is_trace(text):
        return "error", True
    if in_trace:
        return "error", is_indented
    if named := _NAMED.match(text) or _BEGINS.match(text):
        return _of_word(named[named.lastindex or 1].lower()), False
    if _RAISED.match(text):
        return "error", False
    return before if is_indented and text else "info", False


def is_trace(text: str) -> bool:
    """Whether a line begins a traceback."""
    return _TRACE.match(text) is not None


def _of_word(word: str) -> str:
    if word in ("debug", "trace"):
        return "debug"
    if word in ("info", "notice"):
        return "info"
    return "warning" if word.startswith("warn") else "error"


def plain(text: bytes) -> str:
    """A line as text: without colours, carriage returns and other control characters."""
    whole = _ANSI.sub("", text.decode(errors="replace")).rstrip("\r\n")
    return "".join(c if c.isprintable() or c == "\t" else "?" for c in whole.rpartition("\r")[2])


def _since(arguments: Mapping[str, object]) -> float:
    since = arguments.get("since")
    if not isinstance(since, str) or not since:
        return 0.0
    number, unit = since[:-1], since[-1:]
    if unit in _UNITS and number.replace(".", "", 1).isdigit():
        return time.time() - float(number) * _UNITS[unit]
    try:
        return datetime.fromisoformat(since).astimezone().timestamp()
    except (ValueError, OverflowError):
        raise ConfigError(f"since: {since!r} is no time", hint="for example 10m or 2h") from None


def _pattern(grep: object) -> re.Pattern[str] | None:
    if not isinstance(grep, str):
        return None
    try:
        return re.compile(grep)
    except re.error as error:
        raise ConfigError(f"grep: {error}", hint="write a regular expression") from None
