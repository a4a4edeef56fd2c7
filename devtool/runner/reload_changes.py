"""Which changes need another version, after all that has served, started and failed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from devtool.inproc.devtool_reads import state_of
from devtool.runner.reload_nodes import (
    Node,
    that_matter,
    that_were_waited_for,
    warmer,
    was_missed,
)
from devtool.runner.watch_pace import MANY


class Change(NamedTuple):
    """Files that have changed together.

    Args:
        paths: Real paths.
        declared: Those that count though nothing imports them.
        at: When it was noticed, by `time.monotonic()`.
    """

    paths: tuple[str, ...]
    declared: frozenset[str]
    at: float


class Changes:
    """Judges changes by the newest version there is.

    Attributes:
        cause: What the newest version was started for; None for the first.
        hot: The source files that were edited last.
        missing: The names of modules that the newest version asked for in vain.
    """

    def __init__(self) -> None:
        self.cause: Change | None = None
        self.hot: list[str] = []
        self.missing: set[str] = set()
        # What the version that failed last has executed; None once one serves.
        self._failed: dict[str, str] | None = None
        # What the version that starts is started for.
        self._aim: dict[str, str] = {}
        self._passed_over: list[Change] = []

    def that_matter(
        self,
        change: Change,
        digests: Mapping[str, str],
        serving: Node | None,
        starting: Node | None,
    ) -> list[str]:
        """The changed files for which a version must follow; it is aimed at them from now on."""
        files = self._newest_files(serving, starting)
        paths = that_matter(
            digests,
            files,
            self.missing,
            after_failure=self._failed is not None and starting is None,
        )
        reads = _newest_reads(serving, starting)
        found = [*that_were_waited_for(digests, files, reads, state_of), *sorted(change.declared)]
        paths = list(dict.fromkeys((*paths, *found)))
        if paths:
            sources = [path for path in paths if path.endswith(".py")]
            if len(sources) < MANY:
                # A checkout or a formatter does not tell which file is edited next.
                self.hot = warmer(self.hot, sources)
            self._aim = {path: digests.get(path, "") for path in paths}
        return paths

    def _newest_files(self, serving: Node | None, starting: Node | None) -> dict[str, str]:
        """What the newest version holds, as far as it is known while it starts."""
        served = serving.files if serving else {}
        if starting is None:
            return served if self._failed is None else self._failed
        before = served if serving else self._failed or {}
        return {**before, **self._aim, **starting.files}

    def edited_again(self) -> list[str]:
        """The files in front of which the version that starts leaves copies of itself.

        Each copy takes some ten milliseconds, so while one file is edited there is none for the others.
        """
        edited = [] if self.cause is None else self.cause.paths
        return [file for file in self.hot if file in edited] or self.hot

    def cold(self, held: Iterable[Node]) -> list[Node]:
        """The copies in front of files that others have been edited after."""
        return [node for node in held if node.before not in self.hot]

    def fill_gaps(self, digests: Mapping[str, str], serving: Node | None) -> bool:
        """True if a module has come that was asked for in vain: no copy has it."""
        known = serving.files if serving else {}
        return any(
            now and path not in known and was_missed(path, self.missing)
            for path, now in digests.items()
        )

    def pass_over(self, change: Change) -> None:
        """Keep for later what cannot be judged yet."""
        self._passed_over.append(change)

    def passed_over(self) -> list[Change]:
        """What is to be judged now."""
        changes, self._passed_over = self._passed_over, []
        return changes

    def started(self, missing: Iterable[str]) -> None:
        """A version is ready."""
        self.missing = set(missing)
        self._failed = None

    def failed(self, files: Mapping[str, str]) -> None:
        """A version that had executed these cannot serve: any source may be the cure."""
        self._failed = {**self._aim, **files}


def _newest_reads(serving: Node | None, starting: Node | None) -> Mapping[str, str]:
    """What the newest version has read beside code; one that starts tells late."""
    told = [node.reads for node in (starting, serving) if node is not None and node.reads]
    return told[0] if told else {}
