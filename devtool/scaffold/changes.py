"""Base, mine and new -> what is to happen to each file. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from devtool.scaffold.lists import added_lines, is_list
from devtool.scaffold.manifest import Base, digest
from devtool.scaffold.workspace import is_secret

TYPE_CHECKING = False
if TYPE_CHECKING:
    from devtool.scaffold.merge import Merged

    Merge = Callable[[str, str, str, str], Merged]


def merge(path: str, mine: str, base: str, new: str) -> Merged:
    """As `devtool.scaffold.merge` does it, which a new project never needs."""
    from devtool.scaffold.merge import merge

    return merge(path, mine, base, new)


class Action(StrEnum):
    """What happens to a file."""

    CREATE = "create"
    ADOPT = "adopt"
    UPDATE = "update"
    KEEP = "keep"
    MERGE = "merge"
    CONFLICT = "conflict"
    KEEP_DELETED = "keep-deleted"
    DELETE = "delete"
    RELEASE = "release"


# What a project says of itself: where it does already, devtool has nothing to say.
OWN = ("README.md", "LICENSE")
LINES = "yours, with the lines it lacks behind them"
WRITES = (Action.CREATE, Action.UPDATE, Action.MERGE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What happens to one file, and its text afterwards.

    Args:
        path: Where it is, from the project's root, with slashes.
        action: What happens to it.
        text: Its text afterwards where it is written; the proposal where it conflicts; otherwise
            what was rendered for it.
        mine: What it holds now, or None where there is no such file.
        why: What speaks for the action, where that is not plain.
        base: The digest that later merges start from, or an empty string where it is not devtool's.
    """

    path: str
    action: Action
    text: str
    mine: str | None = None
    why: str = ""
    base: str = ""


def plan(
    new: Mapping[str, str],
    *,
    base: Mapping[str, Base],
    mine: Mapping[str, str | None],
    merged: Merge = merge,
) -> tuple[Change, ...]:
    """What has to happen for the project to hold the new texts, and no edit to be lost.

    Args:
        new: What was rendered now; a recorded file that is not there is generated no more.
        base: What was written last time.
        mine: What is on disk; None for a file that is no text.
        merged: How three texts become one.
    """
    return tuple(
        _change(path, new.get(path), base.get(path), mine, merged)
        for path in (*new, *sorted(base.keys() - new.keys()))
    )


def _change(
    path: str, new: str | None, base: Base | None, disk: Mapping[str, str | None], merged: Merge
) -> Change:
    mine = disk.get(path)
    if new is None:
        return _leaving(path, base, disk)
    if is_secret(path):
        return _environment(path, new, disk)
    sha = digest(new)
    if path not in disk:
        if base is None:
            return Change(path=path, action=Action.CREATE, text=new, base=sha)
        why = "you removed it"
        return Change(path=path, action=Action.KEEP_DELETED, text=new, why=why, base=base.sha)
    if mine == new:
        action = Action.KEEP if base is not None and base.sha == sha else Action.ADOPT
        return Change(path=path, action=action, text=new, mine=mine, base=sha)
    if base is None and path in OWN:
        return Change(path=path, action=Action.KEEP, text=new, mine=mine, why="it is yours")
    if base is None and mine is not None and is_list(path):
        text = added_lines(mine, "", new) or mine
        action = Action.ADOPT if text == mine else Action.MERGE
        return Change(path=path, action=action, text=text, mine=mine, why=LINES, base=sha)
    if base is None:
        why = "it is not UTF-8 text" if mine is None else "a file of your own has this name"
        return Change(path=path, action=Action.CONFLICT, text=new, mine=mine, why=why)
    return _recorded(path, new, base, mine, merged)


def _recorded(path: str, new: str, base: Base, mine: str | None, merged: Merge) -> Change:
    """What happens to a file that devtool wrote and that is to have another text."""
    sha = digest(new)
    if mine is not None and digest(mine) == base.sha:
        return Change(path=path, action=Action.UPDATE, text=new, mine=mine, base=sha)
    if sha == base.sha:
        why = "you edited it, and devtool has nothing new"
        return Change(path=path, action=Action.KEEP, text=new, mine=mine, why=why, base=sha)
    why = "it is not UTF-8 text" if mine is None else "its base text is lost"
    if mine is not None and base.text is not None:
        text, why = merged(path, mine, base.text, new)
        if text == mine:
            why = "you have made the change yourself"
            return Change(path=path, action=Action.ADOPT, text=new, mine=mine, why=why, base=sha)
        if text is not None:
            return Change(path=path, action=Action.MERGE, text=text, mine=mine, why=why, base=sha)
    return Change(path=path, action=Action.CONFLICT, text=new, mine=mine, why=why, base=base.sha)


def _leaving(path: str, base: Base | None, disk: Mapping[str, str | None]) -> Change:
    """What happens to a file that is generated no more."""
    mine = disk.get(path)
    if base is not None and mine is not None and digest(mine) == base.sha:
        why = "it is generated no more"
        return Change(path=path, action=Action.DELETE, text="", mine=mine, why=why)
    why = "it is generated no more; you edited it, so it stays and is yours" if path in disk else ""
    return Change(path=path, action=Action.RELEASE, text="", mine=mine, why=why)


def _environment(path: str, new: str, disk: Mapping[str, str | None]) -> Change:
    if path not in disk:
        return Change(path=path, action=Action.CREATE, text=new)
    mine = disk[path] or ""
    has = {_variable(line) for line in mine.splitlines()}
    missing = [name for name in map(_variable, new.splitlines()) if name and name not in has]
    why = f"devtool never edits it; add: {', '.join(missing)}" if missing else ""
    return Change(path=path, action=Action.KEEP, text=new, mine=mine, why=why)


def _variable(line: str) -> str:
    name, equals, _ = line.strip().removeprefix("export ").partition("=")
    return name.strip() if equals and not name.startswith("#") else ""


def diff_changes(changes: tuple[Change, ...]) -> str:
    """The changes as a unified diff, as git prints one."""
    from difflib import unified_diff

    lines: list[str] = []
    for change in changes:
        if change.action not in (*WRITES, Action.DELETE) or is_secret(change.path):
            continue
        before = (change.mine or "").splitlines(keepends=True)
        after = change.text.splitlines(keepends=True)
        source = "/dev/null" if change.mine is None else f"a/{change.path}"
        target = "/dev/null" if change.action is Action.DELETE else f"b/{change.path}"
        for line in unified_diff(before, after, source, target):
            lines.append(line)
            if not line.endswith("\n"):
                lines.append("\n\\ No newline at end of file\n")
    return "".join(lines)
