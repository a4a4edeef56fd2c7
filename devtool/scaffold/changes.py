"""Base, mine and new -> what is to happen to each file. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Action(StrEnum):
    """What happens to a file."""

    CREATE = "create"
    UPDATE = "update"
    KEEP = "keep"
    CONFLICT = "conflict"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What happens to one file, and its text afterwards.

    Args:
        path: Where it is, from the project's root, with slashes.
        action: What happens to it.
        text: The text that was rendered for it.
        mine: What it holds now, or None where there is no such file.
    """

    path: str
    action: Action
    text: str
    mine: str | None = None


def plan(
    new: Mapping[str, str], *, base: Mapping[str, str], mine: Mapping[str, str]
) -> tuple[Change, ...]:
    """What has to happen for the project to hold the new texts, and no edit to be lost.

    Args:
        new: What was rendered now.
        base: What was written last time.
        mine: What is on disk.
    """
    return tuple(
        Change(
            path=path,
            action=_action(text, base.get(path), mine.get(path)),
            text=text,
            mine=mine.get(path),
        )
        for path, text in new.items()
    )


def _action(new: str, base: str | None, mine: str | None) -> Action:
    if mine is None:
        # A generated file that was removed was removed for a reason.
        return Action.CREATE if base is None else Action.KEEP
    if new in (mine, base):
        return Action.KEEP
    return Action.UPDATE if mine == base else Action.CONFLICT


def diff_changes(changes: tuple[Change, ...]) -> str:
    """The changes as a unified diff, as git prints one."""
    from difflib import unified_diff

    lines: list[str] = []
    for change in changes:
        if change.action not in (Action.CREATE, Action.UPDATE):
            continue
        before = (change.mine or "").splitlines(keepends=True)
        source = "/dev/null" if change.mine is None else f"a/{change.path}"
        lines += unified_diff(
            before, change.text.splitlines(keepends=True), source, f"b/{change.path}"
        )
    return "".join(lines)
