"""Compile files with the interpreter that will run them, and print what is wrong as JSON.

usage: devtool_compile.py FILE...

Prints one object for the first file that does not compile, with `error`, `file`, `line`, `source` and
`text`; nothing if all do. Files that are gone are passed over.
"""

from __future__ import annotations

import json
import sys
import traceback
import warnings


def fault(path: str) -> dict[str, object] | None:
    """Why a file does not compile, or None."""
    try:
        with open(path, "rb") as file:
            source = file.read()
    except OSError:
        return None
    try:
        compile(source, path, "exec", dont_inherit=True)
    except SyntaxError as error:
        return _described(error, error.lineno or 0, error.text or "", path)
    except ValueError as error:  # null bytes, before 3.12
        return _described(error, 0, "", path)
    return None


def _described(error: Exception, line: int, source: str, path: str) -> dict[str, object]:
    message = error.msg if isinstance(error, SyntaxError) else str(error)
    return {
        "error": f"{type(error).__name__}: {message}",
        "file": path,
        "line": line,
        "source": source.strip(),
        "text": "".join(traceback.format_exception_only(type(error), error)),
    }


def main() -> None:
    """Print the first fault."""
    warnings.simplefilter("ignore")
    found = next(filter(None, map(fault, sys.argv[1:])), None)
    if found is not None:
        print(json.dumps(found))  # noqa: T201


if __name__ == "__main__":
    main()
