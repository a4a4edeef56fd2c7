"""One JSON object on standard output, whatever the project prints; and errors as one line and a place.

For the programs beside it, which run in the project's own interpreter, 3.9 or newer.
"""

from __future__ import annotations

import json
import os
import sys
import traceback

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, BinaryIO


def answer(find: Callable[[], dict[str, Any]]) -> int:
    """Print what a function returns, as one JSON object, and nothing else; the exit code.

    An error becomes an object, too: `error` is its first line, `text` all it says, `where` its place in
    the project. The traceback goes to standard error, with all that the project prints.

    Args:
        find: Runs the project's code, which is imported from the working folder.
    """
    out = take_stdout()
    # The script's own folder must not shadow the project's modules.
    sys.path[0] = os.getcwd()  # a string, as the import system wants it
    try:
        said = find()
    except BaseException as error:  # noqa: BLE001  # a project may raise whatever it likes, SystemExit too
        traceback.print_exc()
        said = {"error": line(error), "text": str(error), "where": where(error)}
    with out:
        out.write(json.dumps(said, sort_keys=True, default=str).encode("ascii"))
    return 1 if "error" in said else 0


def take_stdout() -> BinaryIO:
    """Standard output for the answer alone; prints, also those of C code, go to standard error."""
    sys.stdout.flush()
    answer = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return answer


def line(error: BaseException) -> str:
    """The kind of an error and the first line it says."""
    text = str(error).strip().splitlines()
    return f"{type(error).__name__}: {text[0]}" if text else type(error).__name__


def where(error: BaseException) -> str:
    """The last place in the project that the error passed, or the last of all."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{error.filename}:{error.lineno}"
    frames = traceback.extract_tb(error.__traceback__)
    inside = [
        frame
        for frame in frames
        if frame.filename.startswith(os.getcwd() + os.sep) and "site-packages" not in frame.filename
    ]
    return "{0.filename}:{0.lineno}".format(inside[-1]) if inside else ""
