"""Why a version cannot serve: the error, and the line of the project that it points to."""

from __future__ import annotations

import linecache
import logging
import traceback
from collections.abc import Callable

MOST_TEXT = 6000
_complaints: list[str] = []


def remember(record: logging.LogRecord) -> None:
    """Keep what a server complains of: it exits without saying it otherwise."""
    text = record.getMessage()
    if record.exc_info and record.exc_info[1] is not None:
        text += "".join(traceback.format_exception(*record.exc_info))
    _complaints.append(text)


def last_complaint() -> str:
    """The longest of the errors that were logged: the others sum it up."""
    return max(_complaints, key=len, default="")


def describe(
    error: BaseException | None, text: str, owns: Callable[[str], bool]
) -> dict[str, object]:
    """A fault in plain words.

    Args:
        error: What was raised, if it is at hand.
        text: Otherwise what is known of it, such as a traceback that the application has made.
        owns: Says whether a file is the project's.
    """
    if error is None:
        return _from_text(text, owns)
    file, line, source = _place(error, owns)
    return {
        "error": _sentence(error),
        "file": file,
        "line": line,
        "source": source.strip(),
        "text": "".join(traceback.format_exception(type(error), error, error.__traceback__))[
            -MOST_TEXT:
        ],
    }


def _sentence(error: BaseException) -> str:
    """As the last line of a traceback."""
    if isinstance(error, SyntaxError):
        return f"{type(error).__name__}: {error.msg}"
    return "".join(traceback.format_exception_only(type(error), error)).strip()


def _place(error: BaseException, owns: Callable[[str], bool]) -> tuple[str, int, str]:
    if isinstance(error, SyntaxError) and error.filename:
        return error.filename, error.lineno or 0, error.text or ""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if owns(frame.filename)]
    if not ours:
        return "", 0, ""
    return ours[-1].filename, ours[-1].lineno or 0, ours[-1].line or ""


def _from_text(text: str, owns: Callable[[str], bool]) -> dict[str, object]:
    """What a traceback in text says."""
    lines = text.strip().splitlines()
    file, number = "", 0
    for line in lines:
        words = line.strip().split('"')
        if line.strip().startswith('File "') and len(words) > 2 and owns(words[1]):
            digits = words[2].split("line ")[-1].split(",")[0]
            file, number = words[1], int(digits) if digits.isdigit() else 0
    return {
        "error": lines[-1] if lines else "the application did not start",
        "file": file,
        "line": number,
        "source": linecache.getline(file, number).strip() if file else "",
        "text": text[-MOST_TEXT:],
    }
