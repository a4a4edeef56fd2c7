"""`devtool logs`: what services have printed, and what they print."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from devtool.cli.completion import logged_services
from devtool.cli.options import AsJson, Root

TYPE_CHECKING = False
if TYPE_CHECKING:
    import re
    from collections.abc import Callable, Iterable

    from devtool.api_control import Line, LogFolder

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def logs(
    services: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[SERVICE]..", help="Only these services.", autocompletion=logged_services
        ),
    ] = None,
    root: Root = Path(),
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on as more comes.")] = False,
    count: Annotated[
        int, typer.Option("--lines", "-n", metavar="N", min=0, help="Show the last N lines.")
    ] = 200,
    since: Annotated[
        str | None,
        typer.Option("--since", metavar="WHEN", help="30s, 10m, 2h, 1d, or a date and time."),
    ] = None,
    grep: Annotated[
        str | None, typer.Option("--grep", metavar="REGEX", help="Only lines that match.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show what the services of this project have printed."""
    from devtool.api_control import project_logs

    folder, names = _chosen(project_logs(root), services or [])
    start, pattern = _start_of(since), _pattern(grep)
    show = _show_json if as_json else _show_text(names)
    if follow:
        _show_all(folder.follow(names), start, pattern, show)
        return
    found = folder.lines(names, since=start)
    matching = [line for line in found if _matches(line, start, pattern)]
    _show_all(matching[-count:] if count else (), start, pattern, show)


def _chosen(folders: list[LogFolder], services: list[str]) -> tuple[LogFolder, list[str]]:
    """The first folder that has what is asked for."""
    from devtool.errors import DevtoolError

    for folder in folders:
        if folder.services and set(services) <= set(folder.services):
            return folder, services or folder.services
    known = sorted({name for folder in folders for name in folder.services})
    if not known:
        raise DevtoolError(
            "there are no logs of this project",
            hint="devtool run keeps them, but not for a service that has the terminal to itself",
        )
    missing = ", ".join(name for name in services if name not in known) or ", ".join(services)
    raise DevtoolError(f"there are no logs of {missing}", hint=f"there are: {', '.join(known)}")


def _start_of(since: str | None) -> float:
    """The time that `--since` names, in seconds since the epoch."""
    import time
    from datetime import datetime

    from devtool.errors import ConfigError

    if not since:
        return 0.0
    number, unit = since[:-1], since[-1:]
    if unit in _UNITS and number.replace(".", "", 1).isdigit():
        return time.time() - float(number) * _UNITS[unit]
    try:
        return datetime.fromisoformat(since).astimezone().timestamp()
    except (ValueError, OverflowError):
        raise ConfigError(
            f"--since: {since!r} is no time", hint="for example 10m, 2h or 2026-01-31T09:30"
        ) from None


def _pattern(grep: str | None) -> re.Pattern[str] | None:
    import re

    from devtool.errors import ConfigError

    if grep is None:
        return None
    try:
        return re.compile(grep)
    except re.error as error:
        raise ConfigError(f"--grep: {error}", hint="write a regular expression") from None


def _matches(line: Line, start: float, pattern: re.Pattern[str] | None) -> bool:
    if line.at < start:
        return False
    return pattern is None or pattern.search(line.text.decode(errors="replace")) is not None


def _show_all(
    lines: Iterable[Line],
    start: float,
    pattern: re.Pattern[str] | None,
    show: Callable[[Line], None],
) -> None:
    for line in lines:
        if _matches(line, start, pattern):
            show(line)


def _show_json(line: Line) -> None:
    import json

    from devtool.cli.text import SCHEMA

    text = line.text.decode(errors="backslashreplace")
    told = {"schema": SCHEMA, "service": line.service, "time": line.at, "line": text}
    print(json.dumps(told), flush=True)


def _show_text(names: list[str]) -> Callable[[Line], None]:
    """Shows the bytes as they came, with the service's name where there are several."""
    import sys

    width = max(len(name) for name in names)

    def show(line: Line) -> None:
        prefix = f"{line.service:<{width}} | ".encode() if len(names) > 1 else b""
        sys.stdout.buffer.write(prefix + line.text + b"\n")
        sys.stdout.buffer.flush()

    return show
