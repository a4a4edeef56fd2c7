"""The environment of a service: ours, its env files below it, its own variables above it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from devtool.errors import ConfigError
from devtool.model.launch import Service

MAX_FILE = 1 << 20
_PLAIN_LINE = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)=([A-Za-z0-9_./:@+-]*)")


def environment(
    service: Service, base: Mapping[str, str], *, piped: bool, colour: bool
) -> dict[str, str]:
    """The variables a service starts with.

    Args:
        service: Its `env_files` fill in what `base` lacks, its `env` wins over both.
        base: The environment of devtool.
        piped: True if its output is read through a pipe, where Python would hold lines back.
        colour: True if what reads its output shows colours.
    """
    values: dict[str, str] = {}
    for file in service.env_files:
        values |= read_env_file(Path(service.cwd) / file)
    if piped:
        values.setdefault("PYTHONUNBUFFERED", "1")
    if piped and colour:
        values.setdefault("FORCE_COLOR", "1")
    return values | dict(base) | dict(service.env)


def read_env_file(path: Path) -> dict[str, str]:
    """The variables of a `.env` file; empty where there is none.

    Raises:
        ConfigError: It is there but cannot be read. The message holds nothing of its text.
    """
    if not path.exists():
        return {}
    if not path.is_file() or path.stat().st_size > MAX_FILE:
        raise ConfigError(f"{path}: not a file of at most {MAX_FILE} bytes")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise ConfigError(f"{path}: cannot be read: {reason}") from None
    plain = _plain(text)
    if plain is not None:
        return plain
    import logging
    from io import StringIO

    from dotenv import dotenv_values

    # It would complain of itself, and of a line without saying of which file.
    logging.getLogger("dotenv").setLevel(logging.ERROR)
    values = dotenv_values(stream=StringIO(text))
    _complain_of_lines(str(path), text)
    return {name: value for name, value in values.items() if value is not None}


@lru_cache(maxsize=64)
def _complain_of_lines(path: str, text: str) -> None:
    """Say once which lines of a file were passed over; nothing of what stands in them."""
    import logging
    from io import StringIO

    from dotenv.parser import parse_stream

    for binding in parse_stream(StringIO(text)):
        if binding.error:
            line = binding.original.line
            logging.getLogger("devtool").warning(
                "devtool: %s:%d is passed over: write NAME=value, and close what is quoted",
                path,
                line,
            )


def _plain(text: str) -> dict[str, str] | None:
    """The variables of a text without quotes, spaces and references, or None if it is another.

    python-dotenv, which reads the others, takes 8 ms to load: a tenth of what devtool adds to a start.
    """
    lines = [line for line in text.split("\n") if line and not line.startswith("#")]
    pairs = [_PLAIN_LINE.fullmatch(line) for line in lines]
    if None in pairs:
        return None
    return {pair[1]: pair[2] for pair in pairs if pair}
