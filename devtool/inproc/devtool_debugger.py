"""`breakpoint()` where several services share one terminal, and none has it as its standard input.

The debugger talks to the terminal that the run was started on, under its own name: a service is in a
session without a terminal, and so the kernel does not hold it back for reading there.
"""

from __future__ import annotations

import functools
import os
import sys
from typing import Any

# Names the terminal of a run in the environment of what it starts.
VARIABLE = "DEVTOOL_TERMINAL"


def install() -> None:
    """Let `breakpoint()` have the terminal of the run; where there is none, it says so and goes on."""
    path = os.environ.pop(VARIABLE, "")
    if not _is_terminal():
        sys.breakpointhook = functools.partial(_stop, path)


def _is_terminal() -> bool:
    try:
        return os.isatty(0)
    except OSError:
        return False


def _stop(path: str, *args: Any, **options: Any) -> Any:
    if os.environ.get("PYTHONBREAKPOINT"):  # someone has chosen another debugger, or none
        return sys.__breakpointhook__(*args, **options)  # noqa: T100
    frame = sys._getframe(1)  # noqa: SLF001  # as pdb does, a level further up
    debugger = _debugger(path)
    if debugger is None:
        place = f"{frame.f_code.co_filename}:{frame.f_lineno}"
        sys.stderr.write(
            f"{place}: breakpoint() is passed over, for this run has no terminal to stop at;"
            " start it on one, in the foreground and without --ui\n"
        )
        return None
    debugger.set_trace(frame)
    return None


@functools.cache
def _debugger(path: str) -> Any:
    """A debugger at a terminal, one for each process; None if it cannot be opened."""
    if not path:
        return None
    try:
        # Never as the controlling terminal: Ctrl-C there is for the whole run.
        terminal = os.open(path, os.O_RDWR | os.O_NOCTTY)
    except OSError:
        return None
    import pdb  # noqa: T100  # the point of it

    # Open for as long as the process lives.
    typed = os.fdopen(terminal, encoding="utf-8", errors="replace")
    shown = os.fdopen(terminal, "w", encoding="utf-8", errors="replace", closefd=False)
    return pdb.Pdb(stdin=typed, stdout=shown, nosigint=True)
