"""Changes found by looking, where no event tells of them."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from typing import NamedTuple

from devtool.runner.watch_rules import Rules
from devtool.runner.watch_tree import Stamp, Tree, stamp

# Looking takes at most this share of a core, and happens at least and at most so often.
SHARE = 1 / 100
SOONEST = 0.25
LATEST = 2.0
# A file that was written a moment before it was looked at may be written again within one tick of
# the clock that stamps it.
TICK_NS = 50_000_000


class View(NamedTuple):
    """Everything that counts, as it was at one moment; a stamp is None where it proves nothing."""

    stamps: dict[str, Stamp | None]
    links: dict[str, str]


class Poll:
    """A source of changed paths that compares stamps, as often as it can afford.

    Args:
        rules: What to leave out.
        soonest: Seconds between two looks at a small tree.
    """

    def __init__(self, rules: Rules, *, soonest: float = SOONEST) -> None:
        self.tree = Tree(rules)
        self._soonest = soonest
        self._woken = threading.Event()
        self._before: View | None = None
        self._next = 0.0

    def wake(self) -> None:
        """Make `wait` return, from any thread."""
        self._woken.set()

    def close(self) -> None:
        """Nothing is held."""

    def wait(self, timeout: float | None) -> set[str]:
        """The paths that changed since the last look, or none when time is up or someone woke it."""
        now = time.monotonic()
        if self._before is None:
            self._look()
        until_look = max(0.0, self._next - now)
        self._woken.wait(until_look if timeout is None else min(timeout, until_look))
        self._woken.clear()
        if time.monotonic() < self._next:
            return set()
        return self._look()

    def _look(self) -> set[str]:
        begin = time.monotonic()
        before, self._before = self._before, self._view(is_first=self._before is None)
        spent = time.monotonic() - begin
        self._next = begin + spent + min(max(spent / SHARE, self._soonest), LATEST)
        return set() if before is None else set(changes(before, self._before))

    def _view(self, *, is_first: bool) -> View:
        tree = self.tree
        if not is_first:
            tree.again()
        stamps = {path: stamp(path) for path in tree.files()}
        if not is_first:
            now = time.time_ns()
            stamps = {path: settled(found, now) for path, found in stamps.items()}
        for folder in tree.shallow:
            stamps.update((path, Stamp(0, 0, 0)) for path in _names(folder))
        return View(stamps, dict(tree.links))


def settled(found: Stamp | None, now: int) -> Stamp | None:
    """The stamp, unless it is so fresh that a further write might not change it."""
    return None if found is None or now - found.modified < TICK_NS else found


def changes(before: View, after: View) -> Iterator[str]:
    """The paths that are not surely as they were, and where changed links led and lead."""
    for path in before.stamps.keys() | after.stamps.keys():
        old = before.stamps.get(path)
        if old is None or old != after.stamps.get(path):
            yield path
            yield from (view.links[path] for view in (before, after) if path in view.links)


def _names(folder: str) -> Iterator[str]:
    try:
        names = os.listdir(folder)
    except OSError:
        return
    yield from (os.path.join(folder, name) for name in names)
