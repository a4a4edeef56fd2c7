"""Long steps on a terminal: what is being done now, for how long, and what is done. Else plain lines."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rich.console import Console
    from rich.status import Status


@contextmanager
def steps(tell: Callable[[str], None]) -> Iterator[Callable[[str], None]]:
    """What to call with a line before each step; on a terminal the line lives until the next one.

    Args:
        tell: What prints a line where there is no terminal.
    """
    if not sys.stdout.isatty():
        yield tell
        return
    from rich.console import Console

    shown = _Steps(Console(highlight=False))
    try:
        yield shown.begin
    except BaseException:
        shown.end("stopped")
        raise
    shown.end("done")


class _Steps:
    """One step at a time, with a clock."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.status: Status | None = None
        self.line = ""
        self.since = 0.0

    def begin(self, line: str) -> None:
        """Say that a step begins; the one before is done."""
        from rich.markup import escape

        self.end("done")
        self.line, self.since = escape(line.removesuffix(" ...")), time.monotonic()
        self.status = self.console.status(self.line)
        self.status.start()

    def end(self, how: str) -> None:
        """Leave a line behind that says how the step ended, and how long it took."""
        if self.status is None:
            return
        self.status.stop()
        self.status = None
        self.console.print(f"{self.line}: {how} ({time.monotonic() - self.since:.1f} s)")
