"""What a field is when left out, where its word says so: `amount:int=1`. Pure."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from decimal import Decimal, InvalidOperation

# More of them Python itself refuses to read.
MOST_DIGITS = 20
MOST = {"int": 2**31, "bigint": 2**53}


def literal(kind: str, arguments: Sequence[int], text: str) -> str:
    """A default as Python, or an empty string where the type cannot hold it.

    Args:
        kind: The name of the type, one of `KINDS`.
        arguments: Numbers of the type's table entry.
        text: The default as written.
    """
    return KINDS[kind](kind, arguments, text)


def _whole(kind: str, _: Sequence[int], text: str) -> str:
    if len(text) > MOST_DIGITS or not text.removeprefix("-").isdecimal() or not text.isascii():
        return ""
    return str(int(text)) if -MOST[kind] < int(text) < MOST[kind] else ""


def _float(_: str, __: Sequence[int], text: str) -> str:
    try:
        number = float(text)
    except ValueError:
        return ""
    return repr(number) if math.isfinite(number) else ""


def _decimal(_: str, arguments: Sequence[int], text: str) -> str:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return ""
    digits, behind = arguments
    fits = number.is_finite() and abs(number) < 10 ** (digits - behind)
    return f'Decimal("{number}")' if fits and number == round(number, behind) else ""


def _truth(_: str, __: Sequence[int], text: str) -> str:
    return {"true": "True", "false": "False"}.get(text, "")


def _text(_: str, arguments: Sequence[int], text: str) -> str:
    is_plain = text.isprintable() and len(text) <= arguments[0] and '"' not in text
    return json.dumps(text, ensure_ascii=False) if is_plain else ""


KINDS: dict[str, Callable[[str, Sequence[int], str], str]] = {
    "str": _text,
    "text": _text,
    "int": _whole,
    "bigint": _whole,
    "float": _float,
    "decimal": _decimal,
    "bool": _truth,
}
