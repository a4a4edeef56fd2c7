"""Changes as macOS and Windows report them, through watchfiles."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator

from devtool.runner.watch_rules import Rules
from devtool.runner.watch_tree import Tree

TYPE_CHECKING = False
if TYPE_CHECKING:
    from watchfiles._rust_notify import RustNotify

# watchfiles looks at what it has collected so often, and hands on what has not grown since: a change
# is two steps late, and a step of 1 ms would cost 1.5 % of a core.
STEP_MS = 10
LONGEST_MS = 100


class Native:
    """A source of changed paths.

    Args:
        rules: What to leave out.
    """

    def __init__(self, rules: Rules) -> None:
        self.tree = Tree(rules)
        self._woken = threading.Event()
        self._watched: list[str] = []
        self._notify = self._open()

    def _open(self) -> RustNotify:
        # Imported where a run watches and nowhere else: it takes 60 ms.
        from watchfiles._rust_notify import RustNotify

        self._watched = self._wanted()
        return RustNotify(self._watched, False, False, 0, True, True)  # noqa: FBT003

    def _wanted(self) -> list[str]:
        folders = {*self.tree.folders, *self.tree.partial, *self.tree.shallow}
        # A folder brings all below it.
        return sorted(each for each in folders if not _has_parent(each, folders))

    def wake(self) -> None:
        """Make `wait` return, from any thread."""
        self._woken.set()

    def close(self) -> None:
        """End the thread of watchfiles."""
        self._notify.close()

    def wait(self, timeout: float | None) -> set[str]:
        """The paths that may have changed, or none when time is up or someone woke it."""
        told = self._ask(timeout)
        if self._wanted() != self._watched:
            before, self._notify = self._notify, self._open()
            told |= _heard(before.watch(LONGEST_MS, 1, 1, None))
            before.close()
        return {path for each in sorted(told) for path in self._changed(each)}

    def _ask(self, timeout: float | None) -> set[str]:
        milliseconds = 0 if timeout is None else max(1, int(timeout * 1000))
        told = self._notify.watch(LONGEST_MS, STEP_MS, milliseconds, self._woken)
        self._woken.clear()
        return _heard(told)

    def _changed(self, path: str) -> Iterator[str]:
        folder, name = os.path.split(path)
        # A folder that a link leads to is told of under the link.
        folder = os.path.realpath(folder)
        path = os.path.join(folder, name)
        if folder in self.tree.shallow:
            yield path
        if path in self.tree.folders:
            files = set(self.tree.forget(path)[1])
            yield from files | set(self.tree.scan(path))
        elif os.path.isdir(path):
            if folder in self.tree.folders and self.tree.rules.wants_folder(path):
                yield from self.tree.scan(path)
        elif self.tree.counts(folder, name):
            self._note(folder, name)
            yield from (path, *filter(None, [self.tree.links.get(path)]))

    def _note(self, folder: str, name: str) -> None:
        path = os.path.join(folder, name)
        if os.path.islink(path):
            self.tree.link(path)
        if folder in self.tree.folders and os.path.lexists(path):
            self.tree.folders[folder].add(name)


def _heard(told: set[tuple[int, str]] | str) -> set[str]:
    """The paths of an answer, which is a word where there are none."""
    return set() if isinstance(told, str) else {path for _, path in told}


def _has_parent(folder: str, folders: set[str]) -> bool:
    parent = os.path.dirname(folder)
    while parent != folder:
        if parent in folders:
            return True
        folder, parent = parent, os.path.dirname(parent)
    return False
