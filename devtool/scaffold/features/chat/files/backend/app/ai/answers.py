"""An answer while it is written, and whoever follows it."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

from app.ai.parts import Event, Part, grown


@dataclass(frozen=True, slots=True)
class Ending:
    """How an answer ended: its state, and what the user is told went wrong."""

    state: str
    error: str = ""


class Answer:
    """What is written of one answer, and a bell that rings when there is more.

    Followers read what is there, not a queue of what was added: a slow one costs no memory, and one
    that comes late misses nothing.
    """

    def __init__(self, parts: tuple[Part, ...]) -> None:
        self.parts = parts
        self.ending: Ending | None = None
        self._bell = asyncio.Event()

    def add(self, event: Event) -> None:
        """Write what happened."""
        parts = grown(self.parts, event)
        if parts is not self.parts:
            self.parts = parts
            self._ring()

    def end(self, ending: Ending) -> None:
        """Write no more."""
        self.ending = ending
        self._ring()

    async def follow(self, patience: float) -> AsyncIterator[tuple[Part, ...]]:
        """The parts now, after each change, and after so many seconds without one."""
        while self.ending is None:
            bell = self._bell
            yield self.parts
            try:
                async with asyncio.timeout(patience):
                    await bell.wait()
            except TimeoutError:
                continue
        yield self.parts

    def _ring(self) -> None:
        self._bell.set()
        self._bell = asyncio.Event()
