"""What the warm parent may import ahead of time: learned as versions import it, tried out, and kept."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from devtool.runner.reload_memory import Learned, recall, remember


class Learning:
    """The modules from outside the project that its versions have imported.

    Args:
        memory: A file for what is learned, so that the next run need not.
        python: The project's interpreter.

    Attributes:
        good: Those that are imported ahead of time, in order.
        unsafe: Those that are not, and why.
    """

    def __init__(self, memory: Path | None, python: str) -> None:
        self._memory = memory
        self._python = python
        self._names: dict[str, None] = {}
        learned = Learned() if memory is None else recall(memory, python)
        self.good = list(learned.good)
        self.unsafe = dict(learned.unsafe)
        self._tried = {*self.good, *self.unsafe}

    def saw(self, names: Iterable[str]) -> None:
        """A version has imported these."""
        self._names.update(dict.fromkeys(names))

    def blame(self, names: Iterable[str], reason: str) -> None:
        """These are left to each version."""
        self.unsafe.update(dict.fromkeys(names, reason))
        self.good = [name for name in self.good if name not in self.unsafe]

    def untried(self) -> list[str]:
        """What must be tried out, in a process that ends after it; it is asked for once."""
        names = [name for name in self._names if name not in self._tried]
        self._tried.update(names)
        return names

    def found(self, good: Iterable[str], unsafe: Mapping[str, str]) -> None:
        """What came of a trial."""
        self.unsafe |= unsafe
        self.good += good
        if self._memory is not None:
            learned = Learned(tuple(self.good), tuple(self.unsafe.items()))
            remember(self._memory, self._python, learned)

    def trust_all(self) -> None:
        """Take all that was seen for good, but what was blamed: nothing is forked from there."""
        self.good = [name for name in self._names if name not in self.unsafe]
