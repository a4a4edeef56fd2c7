"""The processes of a warm reloader, and which of them the next version starts from. Pure."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from pathlib import PurePath
from types import MappingProxyType

from devtool.inproc.devtool_channel import Channel
from devtool.inproc.devtool_reads import is_list
from devtool.runner.events import Mutable

# How many of the files edited last are worth a checkpoint.
HOT_FILES = 4

# A copy that saves fewer modules than this is not worth its memory once the edits have ended.
FEW_MODULES = 16

# What an installer writes for each package.
INSTALLED = frozenset({".dist-info", ".egg-info", ".egg-link", ".pth"})

# What a change of makes the installed packages, and so the warm parent, another.
DEPENDENCY_FILES = frozenset(
    {
        "Pipfile.lock",
        "pdm.lock",
        "poetry.lock",
        "pylock.toml",
        "pyproject.toml",
        "requirements.txt",
        "uv.lock",
    }
)


class Kind(StrEnum):
    """What a process of the tree does."""

    PARENT = "parent"
    CHECKPOINT = "checkpoint"
    STANDBY = "standby"
    TRIAL = "trial"
    SERVER = "server"


class Node(Mutable):
    """One process that devtool talks to.

    Args:
        channel: Our end of the conversation.
        kind: What it does.
        files: The project files it has executed, with the digest of what each held.
        reads: What else it has read while it started: files and folders, with their states.
        generation: The version it belongs to; 0 for the warm parent.
        before: The file that a checkpoint, or a fork of one, is about to execute.
        source: What it was forked from.
        mappings: The writable memory that it had when it was young, most of it from there.
        touched: The ranges of memory that versions which start from here write to.
        copied: A standby has copied those ahead of time.
        inherited: How many of the files were executed by another process, before the fork.
        is_ready: It has started, and answered its probe.
        accepts: It was told to take connections.
        was_asked: A signal has asked it to end.
        is_leaving: devtool has asked it to end.
        ends_at: When it is ended by force.
    """

    channel: Channel
    kind: Kind
    files: dict[str, str]
    reads: Mapping[str, str] = MappingProxyType({})
    generation: int = 0
    pid: int = 0
    before: str = ""
    source: Node | None = None
    mappings: tuple[tuple[int, int], ...] = ()
    touched: tuple[tuple[int, int], ...] = ()
    copied: bool = False
    inherited: int = 0
    is_ready: bool = False
    accepts: bool = False
    was_asked: bool = False
    is_leaving: bool = False
    ends_at: float = math.inf

    def is_valid(self, changed: Mapping[str, str]) -> bool:
        """True if it has executed nothing that holds something else now, and what comes next is there."""
        if changed.get(self.before) == "":
            return False
        return all(changed.get(file, held) == held for file, held in self.files.items())


def deepest(nodes: Iterable[Node], changed: Mapping[str, str]) -> Node | None:
    """The node from which a new version has least to do: the parent, or what is deepest and valid.

    Of two that are equally deep, the one that is a process already.
    """
    rank = {Kind.PARENT: 0, Kind.CHECKPOINT: 1, Kind.STANDBY: 2}
    usable = [node for node in nodes if node.kind in rank and node.is_valid(changed)]
    return max(usable, key=lambda node: (len(node.files), rank[node.kind]), default=None)


def stale(
    nodes: Iterable[Node], changed: Mapping[str, str], state: Callable[[str], str]
) -> list[Node]:
    """The checkpoints and standbys from which nothing can start any more.

    Args:
        nodes: All of them.
        changed: What files of code hold that were said to have changed.
        state: Tells the state that any file or folder is in now.
    """
    return [
        node
        for node in _copies(nodes)
        if not node.is_valid(changed)
        or any(state(path) != then for path, then in node.reads.items())
    ]


def overtaken(nodes: Iterable[Node], changed: Iterable[str]) -> list[Node]:
    """The checkpoints and standbys in which a name stands for what it would not stand for now."""
    return [
        node
        for node in _copies(nodes)
        if any(_overtakes(path, (*node.files, node.before)) for path in changed)
    ]


def _copies(nodes: Iterable[Node]) -> Iterable[Node]:
    return (node for node in nodes if node.kind in {Kind.CHECKPOINT, Kind.STANDBY})


def that_save_little(nodes: Iterable[Node]) -> list[Node]:
    """The checkpoints without which a version has only a few modules more to import.

    Not the one that something stands by for.
    """
    rest = [node for node in nodes if node.kind in {Kind.PARENT, Kind.CHECKPOINT}]
    needed = [node.source for node in nodes if node.kind is Kind.STANDBY]
    found = []
    for node in sorted(rest, key=lambda node: len(node.files), reverse=True):
        if node.kind is Kind.PARENT or node in needed:
            continue
        others = [each for each in rest if each is not node and node.before not in each.files]
        reached = max((len(each.files) for each in others), default=None)
        if reached is not None and len(node.files) - reached < FEW_MODULES:
            rest.remove(node)
            found.append(node)
    return found


def warmer(hot: Iterable[str], edited: Iterable[str]) -> list[str]:
    """The files edited last, the latest first."""
    return list(dict.fromkeys((*edited, *hot)))[:HOT_FILES]


def that_matter(
    digests: Mapping[str, str],
    files: Mapping[str, str],
    missing: Iterable[str],
    *,
    after_failure: bool,
) -> list[str]:
    """The changed files for which a version must follow the one that executed `files`.

    Args:
        digests: What each changed file holds now, empty for one that is gone.
        files: What the version has executed.
        missing: The names of modules that it asked for in vain.
        after_failure: Any source may be the cure.
    """
    missing = set(missing)
    return [
        path
        for path, now in digests.items()
        if (path in files and files[path] != now)
        or (now and _overtakes(path, files))
        or (path not in files and now and was_missed(path, missing))
        or (after_failure and path.endswith(".py"))
    ]


def that_were_waited_for(
    digests: Mapping[str, str],
    files: Mapping[str, str],
    reads: Mapping[str, str],
    state: Callable[[str], str],
) -> list[str]:
    """The new modules in folders that a version has looked through, to import whatever lies there.

    Args:
        digests: What each changed file holds now, empty for one that is gone.
        files: What the version has executed.
        reads: What else it has read.
        state: Tells the state that any file or folder is in now.
    """
    return [
        path
        for path, now in digests.items()
        if now
        and path.endswith(".py")
        and path not in files
        and any(reads[folder] != state(folder) for folder in _lists_with(path, reads))
    ]


def _lists_with(path: str, reads: Mapping[str, str]) -> list[str]:
    """The folders in whose lists a module appears, as far as they were read."""
    pure = PurePath(path)
    folders = [str(pure.parent)]
    if pure.stem == "__init__":
        folders.append(str(pure.parent.parent))
    return [folder for folder in folders if is_list(reads.get(folder, ""))]


def _overtakes(path: str, files: Iterable[str]) -> bool:
    """True for the code of a package where there was a module of its name, or a folder without code."""
    pure = PurePath(path)
    if pure.name != "__init__.py" or path in files:
        return False
    folder = str(pure.parent)
    return any(file == f"{folder}.py" or file.startswith(folder + os.sep) for file in files)


def was_missed(path: str, missing: Iterable[str]) -> bool:
    """True if a new file may be one of the modules that were asked for in vain."""
    pure = PurePath(path)
    name = pure.parent.name if pure.stem == "__init__" else pure.stem
    return pure.suffix == ".py" and any(each.rpartition(".")[2] == name for each in missing)


def is_dependency(path: str) -> bool:
    """True for what says which packages are installed, or is one of them.

    Not for the rest of what lies beside packages: caches are written there by whoever imports.
    """
    pure = PurePath(path)
    if pure.name in DEPENDENCY_FILES:
        return True
    return pure.parent.name == "site-packages" and pure.suffix in INSTALLED


def pause_after(deaths: int) -> float:
    """How long to wait before a server that has died so often in a row is started again."""
    return 0.0 if deaths <= 1 else min(0.25 * 2.0 ** (deaths - 2), 10.0)
