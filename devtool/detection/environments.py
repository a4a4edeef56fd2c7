"""Where a project's virtual environment lies. Found by its files; nothing in it is executed."""

from __future__ import annotations

import os
import re
import sys
from itertools import chain
from pathlib import Path

from devtool.detection.tree import SourceTree

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

NAMES = (".venv", "venv", "env", ".env")
INTERPRETERS = ("Scripts/python.exe", "python.exe") if os.name == "nt" else ("bin/python",)


def find_environment(
    tree: SourceTree, folders: Iterable[str], home: str, env: Mapping[str, str]
) -> Path | None:
    """The environment of a component, or None where there is none that can be used.

    Args:
        tree: The repository.
        folders: The component's folder and those above it, nearest first.
        home: The folder of the component's manifest, relative to the tree's root.
        env: The environment variables.
    """
    beside = (tree.root / folder / name for folder in folders for name in NAMES)
    places = chain(beside, _active(tree, home, env), _kept_elsewhere(tree, home, env))
    return next((place for place in places if is_environment(place)), None)


def is_environment(folder: Path) -> bool:
    """Whether a folder is a virtual environment (PEP 405) or one of conda's, with an interpreter."""
    marked = any(os.path.exists(folder / mark) for mark in ("pyvenv.cfg", "conda-meta"))  # noqa: PTH110
    return marked and bool(interpreter_of(folder))


def interpreter_of(folder: Path) -> str:
    """The interpreter of an environment, or an empty string."""
    paths = (os.path.join(folder, name) for name in INTERPRETERS)  # noqa: PTH118
    return next((path for path in paths if os.path.isfile(path) and os.access(path, os.X_OK)), "")  # noqa: PTH113


def _active(tree: SourceTree, home: str, env: Mapping[str, str]) -> Iterator[Path]:
    """Environments that variables name, where they are this project's."""
    active = env.get("VIRTUAL_ENV", "")
    if active and _is_inside(active, tree.root):
        yield Path(active)
    conda, name = env.get("CONDA_PREFIX", ""), env.get("CONDA_DEFAULT_ENV", "")
    if conda and name and _conda_name(tree, home) == name:
        yield Path(conda)
    pinned = (tree.read(_under(home, ".pdm-python")) or "").strip()
    if Path(pinned).is_absolute() and _is_inside(str(Path(pinned).parent), tree.root):
        yield Path(pinned).parent.parent


def _conda_name(tree: SourceTree, home: str) -> str:
    for name in ("environment.yml", "environment.yaml"):
        match = re.search(
            r"^name:[ \t]*[\"']?([^\s\"'#]+)", tree.read(_under(home, name)) or "", re.MULTILINE
        )
        if match:
            return match[1]
    return ""


def _is_inside(path: str, root: Path) -> bool:
    try:
        real, top = os.path.realpath(path), os.path.realpath(root)
        return os.path.commonpath((real, top)) == top
    except (OSError, ValueError):
        return False


def _kept_elsewhere(tree: SourceTree, home: str, env: Mapping[str, str]) -> Iterator[Path]:
    """Environments that poetry and pipenv keep outside the project, named after its path."""
    if tree.has(_under(home, "Pipfile")):
        yield from _pipenv(tree.root / home, env)
    table = tree.toml(_under(home, "pyproject.toml"))
    if tree.has(_under(home, "poetry.lock")) or _has_poetry(table):
        yield from _poetry(tree.root / home, table, env)


def _has_poetry(table: dict[str, object]) -> bool:
    tool = table.get("tool")
    return isinstance(tool, dict) and "poetry" in tool


def _pipenv(folder: Path, env: Mapping[str, str]) -> Iterator[Path]:
    user = _user_folder(env)
    kept = env.get("WORKON_HOME") or (user and f"{user}/.local/share/virtualenvs")
    if os.name == "nt":
        kept = env.get("WORKON_HOME") or (user and f"{user}/.virtualenvs")
    if kept:
        yield Path(kept) / pipenv_name(folder)


def pipenv_name(folder: Path) -> str:
    """What pipenv calls the environment of a folder."""
    name = re.sub(r'[ &$`!*@"()\[\]\\\r\n\t]', "_", folder.name)[:42]
    return f"{name}-{_digest(str(folder / 'Pipfile'), 6)}"


def _poetry(folder: Path, table: dict[str, object], env: Mapping[str, str]) -> Iterator[Path]:
    """The one environment poetry made; of several, only poetry knows which is in use."""
    kept = env.get("POETRY_VIRTUALENVS_PATH") or _poetry_cache(env)
    if not kept:
        return
    stem = f"{poetry_name(_project_name(table), folder)}-py"
    try:
        found = [entry for entry in os.listdir(kept) if entry.startswith(stem)]  # noqa: PTH208
    except OSError:
        return
    if len(found) == 1:
        yield Path(kept) / found[0]


def poetry_name(project: str, folder: Path) -> str:
    """What poetry calls the environments of a folder, up to the Python version."""
    name = re.sub(r'[ $`!*@"\\\r\n\t]', "_", re.sub(r"[-_.]+", "-", project).lower())[:42]
    return f"{name}-{_digest(os.path.normcase(os.path.realpath(folder)), 32)}"


def _poetry_cache(env: Mapping[str, str]) -> str:
    user = _user_folder(env)
    if sys.platform == "darwin":
        default = user and f"{user}/Library/Caches/pypoetry"
    elif os.name == "nt":
        default = env.get("LOCALAPPDATA", "") and f"{env['LOCALAPPDATA']}/pypoetry/Cache"
    else:
        base = env.get("XDG_CACHE_HOME") or (user and f"{user}/.cache")
        default = base and f"{base}/pypoetry"
    cache = env.get("POETRY_CACHE_DIR") or default
    return cache and f"{cache}/virtualenvs"


def _project_name(table: dict[str, object]) -> str:
    project, tool = table.get("project"), table.get("tool")
    poetry = tool.get("poetry") if isinstance(tool, dict) else None
    for place in (project, poetry):
        name = place.get("name") if isinstance(place, dict) else None
        if isinstance(name, str):
            return name
    return "non-package-mode"


def _user_folder(env: Mapping[str, str]) -> str:
    return env.get("USERPROFILE" if os.name == "nt" else "HOME", "")


def _digest(text: str, size: int) -> str:
    import base64
    import hashlib

    digest = hashlib.sha256(text.encode("utf-8", "surrogateescape")).digest()[:size]
    return base64.urlsafe_b64encode(digest).decode()[:8]


def _under(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name
