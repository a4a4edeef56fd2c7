"""Import a project's application and print its OpenAPI description as JSON.

Runs in the project's own interpreter, 3.9 or newer, as `python devtool_openapi.py [--factory] ENTRY`
with the folder that ENTRY (`module:attribute`) is imported from as working folder. Needs the standard
library only. What the project prints while it is imported goes to standard error; standard output
holds one JSON object, `{"openapi": ...}` or an error, as `devtool_answers` tells it.
"""

from __future__ import annotations

import importlib
import sys

from devtool_answers import answer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

# How applications hand out their description, tried in this order.
DESCRIPTIONS: tuple[tuple[str, Callable[[Any], Any]], ...] = (
    ("openapi", lambda app: app.openapi()),
    ("openapi_schema", lambda app: app.openapi_schema.to_schema()),
    ("spec", lambda app: app.spec),
)


def main(arguments: list[str]) -> int:
    """Answer on standard output; 0 with a description, 1 with an error."""
    factory = "--factory" in arguments
    entry = arguments[-1]
    code: int = answer(lambda: {"openapi": description(load(entry, factory=factory), entry)})
    return code


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


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
