"""Files that are lists of lines, which several write to: `.gitignore` and its like. Pure."""

from __future__ import annotations

from pathlib import PurePosixPath


def is_list(path: str) -> bool:
    """Whether a file is a list of lines that several write to."""
    return PurePosixPath(path).name in (".env.example", ".gitignore", ".dockerignore")


def added_lines(mine: str, base: str, new: str) -> str | None:
    """Mine with the lines behind it that are new, where no line of the base is gone."""
    was, now, ours = (text.split("\n") for text in (base, new, mine))
    if set(was) - set(now):
        return None
    extra = [line for line in now if line.strip() and line not in was and line not in ours]
    return "\n".join((mine.rstrip("\n"), *extra)) + "\n"
