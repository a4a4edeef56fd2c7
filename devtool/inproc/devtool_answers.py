"""One JSON object on standard output, whatever the project prints; and errors as one line and a place.

For the programs beside it, which run in the project's own interpreter, 3.9 or newer.
"""

from __future__ import annotations

import os
import sys
import traceback

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import BinaryIO


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
