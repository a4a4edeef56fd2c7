"""Several projects in one repository: phases side by side, samples, lessons, services."""

from __future__ import annotations

import re
from typing import NamedTuple

from devtool.detection.aside import is_aside
from devtool.detection.pattern import Pattern
from devtool.detection.targets import Target
from devtool.detection.tree import SourceTree
from devtool.detection.votes import LIKELY_FOLDERS, Votes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

_PHASE_FOLDER = Pattern(
    r"^(?:[\w-]*?[-_])?phase[-_ ]?0?([1-5]|iv|v|i{1,3})(?![a-z0-9])", re.IGNORECASE
)
_LESSON_FOLDER = Pattern(
    r"^(?:\d{1,3}[-_. ]|(?:lesson|chapter|week|day|part|step|module|unit|session|exercise|lab|class|"
    r"lecture|section|assignment|homework)[-_ ]?\d{1,3}(?!\d))",
    re.IGNORECASE,
)
_ROMAN = {"i": 1, "ii": 2, "iii": 3, "iv": 4, "v": 5}
_TEMPLATE_FILES = ("cookiecutter.json", "copier.yml", "copier.yaml")
WORTH_LISTING = 1.0
MANY = 3
MANY_IMAGES = 6


class Collection(NamedTuple):
    """Projects standing side by side, and why they are taken for such.

    `is_system` where they are services of one system: what deploys them is the repository's own.
    """

    folders: tuple[str, ...]
    reason: str
    is_system: bool = False


def template_reason(tree: SourceTree) -> str:
    """Why a repository is a template to generate from rather than something to run, or ''."""
    for name in _TEMPLATE_FILES:
        if tree.has(name):
            return f"{name} makes this a template"
    if any("{{" in folder.partition("/")[0] for folder in tree.folders):
        return "a folder named {{...}} makes this a template"
    return ""


def phase_folders(tree: SourceTree) -> dict[str, int]:
    """Top-level folders named after a phase that hold a project -> the phase."""
    found: dict[str, int] = {}
    for top in sorted(folder for folder in tree.folders if folder and "/" not in folder):
        match = _PHASE_FOLDER.match(top)
        if match:
            number = match[1].lower()
            found[top] = int(number) if number.isdigit() else _ROMAN[number]
    if not found:
        return {}
    code = {path.partition("/")[0] for path in tree.files if path.endswith((".py", "package.json"))}
    return {folder: number for folder, number in found.items() if folder in code}


def collection(tree: SourceTree, ranked: Sequence[Votes]) -> Collection | None:
    """The projects of a repository that holds several and declares none as its own."""
    phases = phase_folders(tree)
    if len(phases) > 1 and not _has_own_code(tree):
        return Collection(tuple(sorted(phases)), "phase folders stand side by side")
    lessons = _lesson_folders(tree)
    if len(lessons) >= MANY and not _has_own_code(tree) and not _is_pointed_at(ranked):
        return Collection(lessons, f"{len(lessons)} numbered folders stand side by side")
    return _siblings(tree, ranked)


def _lesson_folders(tree: SourceTree) -> tuple[str, ...]:
    """Top-level folders that are numbered as lessons are, with programs in them."""
    if any("/" not in path and not is_aside(path) for path in tree.python_files):
        return ()
    tops = {path.partition("/")[0] for path in tree.python_files}
    return tuple(sorted(top for top in tops if _LESSON_FOLDER.match(top)))


def _has_own_code(tree: SourceTree) -> bool:
    return any(path.startswith(("backend/", "src/", "app/")) for path in tree.python_files)


def _siblings(tree: SourceTree, ranked: Sequence[Votes]) -> Collection | None:
    if not ranked:
        return None
    folders = {project_folder(tree, v.target): None for v in ranked if v.weight >= WORTH_LISTING}
    if "" in folders or _is_privileged(tree, ranked[0]):
        return None
    if len(folders) < MANY:
        return _images(tree, next(iter(folders), ""))
    return Collection(tuple(sorted(folders)), f"{len(folders)} projects stand side by side")


def _images(tree: SourceTree, folder: str) -> Collection | None:
    """Services in any language beside one in Python: as many folders as images are built of."""
    parent, _, name = folder.rpartition("/")
    prefix = f"{parent}/" if parent else ""
    built = (path.rpartition("/")[0] for path in tree.named("dockerfile"))
    beside = {found for found in built if found.startswith(prefix) and found != parent}
    beside = {found for found in beside if "/" not in found[len(prefix) :]}
    if not name or folder not in beside or len(beside) < MANY_IMAGES:
        return None
    reason = f"{len(beside)} services stand side by side, each with its image"
    return Collection((folder,), reason, is_system=True)


def _is_privileged(tree: SourceTree, votes: Votes) -> bool:
    """Whether the repository itself points at a project, or its place says that it is the server."""
    folder = project_folder(tree, votes.target)
    return folder.rpartition("/")[2].lower() in LIKELY_FOLDERS or _is_pointed_at([votes])


def _is_pointed_at(ranked: Sequence[Votes]) -> bool:
    """Whether a file at the root declares the best supported target."""
    return any(
        "/" not in fact.path and fact.source not in ("code", "console script")
        for votes in ranked[:1]
        for fact in votes.evidence
    )


def project_folder(tree: SourceTree, target: Target) -> str:
    """The folder of the project that a target belongs to: its nearest manifest's, or its top."""
    names = ("pyproject.toml", "requirements.txt", "setup.py", "Pipfile")
    cwd = target.cwd
    folder = target.file.rpartition("/")[0] or cwd
    while folder:
        if any(tree.has(f"{folder}/{name}") for name in names):
            return folder
        folder = folder.rpartition("/")[0]
    return cwd
