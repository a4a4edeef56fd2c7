"""The newest error that a service printed, with the lines of source that it is about."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from devtool.api_control import project_status
from devtool.mcp.lines import COMPLAINT, Said, is_trace, lines, shown

AROUND = 4
AFTER = 5
MAX_SOURCE = 1 << 20
MAX_TEXT = 6000
_FRAME = re.compile(r'File "([^"]+)", line (\d+)(?:, in (.+))?')
# How devtool says why a version of the code could not be loaded.
_PLACE = re.compile(rf"{COMPLAINT}(\S.*?\.py):(\d+):()")
_CHAINED = re.compile(r"another exception occurred:|direct cause of the following exception:")
_FOREIGN = ("site-packages", "dist-packages", "node_modules", ".venv", "venv")


class Frame(NamedTuple):
    """One place in a traceback, in a file of the project."""

    path: Path
    line: int
    function: str


def last_error(root: Path, arguments: Mapping[str, object]) -> object:
    """The newest traceback, else the newest line of level error, and what came after it.

    Raises:
        DevtoolError: When there are no logs.
    """
    service = arguments.get("service")
    said = lines(root, service if isinstance(service, str) else "")
    wrong = [each for each in said if each.level == "error"]
    if not wrong:
        return {"error": "none in the logs", **_states(root)}
    of_service = [each for each in said if each.service == wrong[-1].service]
    begin, end = _newest(of_service)
    block, after = of_service[begin:end], of_service[end:]
    text = "\n".join(each.text for each in block)
    answer: dict[str, object] = {
        "service": block[0].service,
        "at": shown(block[:1])[:8],
        "error": text if len(text) <= MAX_TEXT else f"...{text[-MAX_TEXT:]}",
    }
    source = _source(root, block)
    if source:
        answer["source"] = source
    if after:
        answer["printed_after_it"] = [each.text for each in after[-AFTER:]]
    return answer | _states(root)


def _states(root: Path) -> dict[str, object]:
    """What is wrong with services now."""
    found = project_status(root)
    runs = found.runs or ((found.last,) if found.last else ())
    now = {each.name: each for run in runs for each in run.processes}
    return {
        "now": {
            name: f"{each.status}{': ' + each.last_error if each.last_error else ''}"
            for name, each in now.items()
        }
    }


def _newest(own: list[Said]) -> tuple[int, int]:
    """Where the newest error of a service begins and ends: a traceback with what it follows from."""
    end = max(index for index, each in enumerate(own) if each.level == "error")
    begin = end
    while begin > 0 and _goes_on(own[begin - 1]):
        begin -= 1
    traces = [index for index in range(begin, end + 1) if is_trace(own[index].text)]
    if not traces:
        return _with_indented(own, end), end + 1
    while len(traces) > 1 and _is_chained(own, traces[-1]):
        traces.pop()
    first = traces[-1]
    # The line before it often says what was tried.
    has_heading = first > begin and own[first - 1].level == "error"
    return first - 1 if has_heading else first, end + 1


def _goes_on(said: Said) -> bool:
    return said.level == "error" or not said.text or _CHAINED.search(said.text) is not None


def _with_indented(own: list[Said], end: int) -> int:
    """The first of the indented lines before one, where a syntax error names its place.

    An indented line that is itself the last belongs to the error before it.
    """
    begin = end
    while begin > 0 and _is_indented(own[begin - 1]):
        begin -= 1
    while begin > 0 and _is_indented(own[begin]) and own[begin - 1].level == "error":
        begin -= 1
    return begin


def _is_indented(said: Said) -> bool:
    return said.text[:1] in (" ", "\t")


def _is_chained(own: list[Said], index: int) -> bool:
    """Whether a traceback goes on with the one before it."""
    return any(_CHAINED.search(each.text) for each in own[max(0, index - 3) : index])


def _source(root: Path, block: list[Said]) -> list[dict[str, object]]:
    """The innermost place of the project with its lines, and where it was called from."""
    frames = [frame for each in block if (frame := _frame(root, each.text))]
    if not frames:
        return []
    *outer, inner = frames
    found: list[dict[str, object]] = [_shown(root, inner) | {"lines": _lines(inner)}]
    return found + [_shown(root, frame) for frame in outer[-3:][::-1]]


def _frame(root: Path, text: str) -> Frame | None:
    match = _FRAME.search(text) or _PLACE.match(text)
    if match is None:
        return None
    # A log may name any file: only the project's own Python is read.
    path = Path(match[1])
    real = (path if path.is_absolute() else root / path).resolve()
    inside = real.is_relative_to(root.resolve()) and real.suffix == ".py" and real.is_file()
    if not inside or any(part in _FOREIGN for part in real.relative_to(root.resolve()).parts):
        return None
    return Frame(real, int(match[2]), match[3] or "")


def _shown(root: Path, frame: Frame) -> dict[str, object]:
    place = f"{frame.path.relative_to(root.resolve()).as_posix()}:{frame.line}"
    return {"at": place, "in": frame.function} if frame.function else {"at": place}


def _lines(frame: Frame) -> list[str]:
    """The lines around a place as they are now, that line marked."""
    with frame.path.open("rb") as file:
        text = file.read(MAX_SOURCE).decode(errors="replace").splitlines()
    first = max(1, frame.line - AROUND)
    return [
        f"{'>' if number == frame.line else ' '} {number} {line}"
        for number, line in enumerate(text[first - 1 : frame.line + AROUND], first)
    ]
