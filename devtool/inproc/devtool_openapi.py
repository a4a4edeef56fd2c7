"""Import a project's application and print its OpenAPI description as JSON.

Runs in the project's own interpreter, 3.9 or newer, as `python devtool_openapi.py [--factory] ENTRY`
with the folder that ENTRY (`module:attribute`) is imported from as working folder. Needs the standard
library only. What the project prints while it is imported goes to standard error; standard output
holds one JSON object, `{"openapi": ...}` or `{"error": ..., "where": ...}`.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import traceback

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, BinaryIO

# How applications hand out their description, tried in this order.
DESCRIPTIONS: tuple[tuple[str, Callable[[Any], Any]], ...] = (
    ("openapi", lambda app: app.openapi()),
    ("openapi_schema", lambda app: app.openapi_schema.to_schema()),
    ("spec", lambda app: app.spec),
)


def main(arguments: list[str]) -> int:
    """Answer on standard output; 0 with a description, 1 with an error."""
    answer = _take_stdout()
    # The script's own folder must not shadow the project's modules.
    sys.path[0] = os.getcwd()  # a string, as the import system wants it
    factory = "--factory" in arguments
    entry = arguments[-1]
    try:
        said = {"openapi": description(load(entry, factory=factory), entry)}
    except BaseException as error:  # noqa: BLE001  # a project may raise whatever it likes, SystemExit too
        traceback.print_exc()
        said = {"error": _line(error), "where": _where(error)}
    with answer:
        answer.write(json.dumps(said, sort_keys=True, default=str).encode("ascii"))
    return 0 if "openapi" in said else 1


def load(entry: str, *, factory: bool) -> Any:
    """The application that `module:attribute` names, or what its factory returns."""
    module, _, attribute = entry.partition(":")
    found: Any = importlib.import_module(module)
    for name in filter(None, attribute.split(".")):
        found = getattr(found, name)
    return found() if factory else found


def description(app: Any, entry: str) -> Any:
    """What an application says of its own routes."""
    for name, describe in DESCRIPTIONS:
        if hasattr(app, name):
            return describe(app)
    kind = type(app)
    message = (
        f"{entry} is a {kind.__module__}.{kind.__qualname__}, which has no OpenAPI description"
    )
    raise TypeError(message)


def _take_stdout() -> BinaryIO:
    """Standard output for the answer alone; prints, also those of C code, go to standard error."""
    sys.stdout.flush()
    answer = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return answer


def _line(error: BaseException) -> str:
    text = str(error).strip().splitlines()
    return f"{type(error).__name__}: {text[0]}" if text else type(error).__name__


def _where(error: BaseException) -> str:
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


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
