"""Mine, base and new -> one text that has both changes, or the reason why there is none."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from devtool.scaffold import diff3, jsons, pythons, tomls, wiring
from devtool.scaffold.lists import added_lines, is_list

Format = Callable[[str], str | None]
ThreeWay = Callable[[str, str, str], tuple[str, int]]
Structural = Callable[[str, str, str], str | None]


class Merged(NamedTuple):
    """What a merge came to.

    Args:
        text: The text that has both changes, or None.
        why: How it was found, or why there is none.
    """

    text: str | None
    why: str


def three_way(mine: str, base: str, new: str) -> tuple[str, int]:
    """The text merged line by line, and how many stretches conflict; by git where it is there."""
    git = shutil.which("git")
    found = _git(git, mine, base, new) if git else None
    return diff3.merge(mine, base, new) if found is None else found


def merge(
    path: str,
    mine: str,
    base: str,
    new: str,
    *,
    formatted: Format | None = None,
    lines: ThreeWay = three_way,
) -> Merged:
    """Both changes in one text.

    By structure where the file is a list that several write to; line by line otherwise, and once
    more after the project's own formatter has had all three texts. A result that does not parse, or
    that binds a name twice, is none.

    Args:
        path: The file, whose name says what it holds.
        mine: The text on disk.
        base: The text that was generated last.
        new: The text that is generated now.
        formatted: What the project's own formatter makes of a text.
        lines: The merge line by line.
    """
    text, conflicts = lines(mine, base, new)
    if not conflicts:
        problem = _problem(path, text, mine, new)
        if not problem:
            return Merged(text, "merged line by line")
    else:
        problem = f"you and devtool changed the same lines in {conflicts} place(s)"
    by_structure = _structural(path)
    if by_structure is not None:
        found = by_structure(mine, base, new)
        if found is not None and not _problem(path, found, mine, new):
            return Merged(found, "merged by structure")
    return _again(path, (mine, base, new), formatted, lines) or Merged(None, problem)


def _again(
    path: str, texts: tuple[str, str, str], formatted: Format | None, lines: ThreeWay
) -> Merged | None:
    """The merge of the texts after the project's formatter, where it has one."""
    if formatted is None:
        return None
    tidy = tuple(text for text in map(formatted, texts) if text is not None)
    if len(tidy) != len(texts) or tidy == texts:
        return None
    text, conflicts = lines(tidy[0], tidy[1], tidy[2])
    if conflicts or _problem(path, text, tidy[0], tidy[2]):
        return None
    return Merged(text, "merged after the project's own formatter")


def _structural(path: str) -> Structural | None:
    if is_list(path):
        return added_lines
    return {".py": wiring.merge, ".toml": tomls.merge, ".json": jsons.merge}.get(
        PurePosixPath(path).suffix
    )


def _problem(path: str, text: str, mine: str, new: str) -> str:
    """Why a text that merged cleanly is none all the same, or an empty string."""
    if path.endswith((".py", ".pyi")):
        return pythons.problem(text, mine, new)
    if path.endswith(".toml"):
        return tomls.problem(text)
    return jsons.problem(text) if path.endswith(".json") else ""


def _git(git: str, mine: str, base: str, new: str) -> tuple[str, int] | None:
    """As `three_way`, by `git merge-file`; None where it could not."""
    with tempfile.TemporaryDirectory(prefix="devtool-merge-") as folder:
        files = [Path(folder, name) for name in ("mine", "base", "new")]
        for file, text in zip(files, (mine, base, new), strict=True):
            file.write_bytes(text.encode("utf-8"))
        ended = subprocess.run(
            (git, "merge-file", "-p", "--diff3", *map(str, files)),
            cwd=folder,
            capture_output=True,
            check=False,
        )
    # It ends with the number of conflicts, at most 127, and with 255 where it failed.
    if ended.returncode > 127 or ended.returncode < 0:
        return None
    return ended.stdout.decode("utf-8"), ended.returncode
