"""What every reloader can do, and the news that it has."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple, Protocol


class Reloading(NamedTuple):
    """A new version is being started because of these files."""

    files: tuple[str, ...]


class Reloaded(NamedTuple):
    """A new version serves.

    `file` is what caused it and `files` how many changed with it; `modules` is how many of the project's
    modules were imported for it, 0 where that is not known; `ms` is counted from the notice of the
    change. The first version of a run has no `file`.
    """

    file: str
    files: int
    modules: int
    ms: float
    pid: int


class ReloadFailed(NamedTuple):
    """A version cannot serve; the one before goes on, if there is one.

    `file` and `line` point to the project's own code where that is known, `source` is that line, and
    `text` the whole traceback. After a final failure there is nothing left that could be started.
    """

    error: str
    file: str = ""
    line: int = 0
    source: str = ""
    text: str = ""
    has_served: bool = True
    is_final: bool = False

    @property
    def place(self) -> str:
        """The file and the line, as editors understand them."""
        return f"{self.file}:{self.line}" if self.line else self.file


class Crashed(NamedTuple):
    """The serving process has ended though nobody asked it to; it is started again after a pause."""

    pause: float
    resumed: bool = False


class Notice(NamedTuple):
    """Something worth a line."""

    text: str


News = Reloading | Reloaded | ReloadFailed | Crashed | Notice
OnNews = Callable[[News], None]
# Starts the process that a reloader talks to: gets its command line and the descriptor to pass on.
Spawn = Callable[[tuple[str, ...], int], None]


class Reloader(Protocol):
    """Keeps one web service on the code that is on disk."""

    def start(self) -> None:
        """Start the service."""
        ...

    def reload(self, paths: Iterable[str]) -> None:
        """These files may have changed: start a new version if that matters."""
        ...

    def stop(self) -> None:
        """End the service, and wait for it."""
        ...
