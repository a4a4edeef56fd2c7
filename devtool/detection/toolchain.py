"""Which interpreter and which package manager a component runs with. From files only.

Environments are found, never asked: an interpreter of a clone is executed at `run`, not before.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import NamedTuple

from devtool.detection.imports import ancestors
from devtool.detection.tree import SourceTree
from devtool.model.detection import Evidence, Strength, Toolchain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ENVIRONMENT_FOLDERS = (".venv", "venv", "env", ".env")


class PythonManager(NamedTuple):
    """A package manager, the files that only it writes, and its table in pyproject.toml."""

    name: str
    lockfiles: tuple[str, ...] = ()
    table: str = ""
    manifests: tuple[str, ...] = ("pyproject.toml",)


PYTHON_MANAGERS = (
    PythonManager("uv", ("uv.lock",), "uv"),
    PythonManager("poetry", ("poetry.lock",), "poetry"),
    PythonManager("pdm", ("pdm.lock",), "pdm"),
    PythonManager("pipenv", ("Pipfile.lock",), manifests=("Pipfile",)),
    PythonManager("hatch", (), "hatch.envs", ("pyproject.toml", "hatch.toml")),
    PythonManager("conda", ("conda-lock.yml",), manifests=("environment.yml", "environment.yaml")),
    PythonManager("pip", manifests=("requirements.txt", "pyproject.toml", "setup.py", "setup.cfg")),
)


class JavaScriptManager(NamedTuple):
    """A package manager and its lock files."""

    name: str
    lockfiles: tuple[str, ...]


JAVASCRIPT_MANAGERS = (
    JavaScriptManager("pnpm", ("pnpm-lock.yaml",)),
    JavaScriptManager("yarn", ("yarn.lock",)),
    JavaScriptManager("bun", ("bun.lock", "bun.lockb")),
    JavaScriptManager("npm", ("package-lock.json", "npm-shrinkwrap.json")),
)


def python_toolchain(tree: SourceTree, root: str, env: Mapping[str, str]) -> Toolchain:
    """What runs a Python component.

    Args:
        tree: The repository.
        root: The folder the component is started from, relative to the tree's root.
        env: The environment variables; VIRTUAL_ENV counts when it lies inside the project.
    """
    folder, manager, manifest, lockfile = _python_manifest(tree, root)
    environment = _environment(tree, root, env)
    interpreter = _interpreter(environment) if environment else ""
    facts = []
    if manifest:
        path = _under(folder, lockfile or manifest)
        facts.append(Evidence(f"is managed by {manager}", path, 0, Strength.PROOF, "manifest"))
    if environment:
        shown = _shown(tree, environment)
        facts.append(Evidence("is its environment", shown, 0, Strength.PROOF, "environment"))
    return Toolchain(
        manager=manager,
        root=folder,
        interpreter=interpreter,
        environment=str(environment) if environment else "",
        manifest=manifest,
        lockfile=lockfile,
        requires_python=_requires_python(tree, folder),
        ready=bool(interpreter),
        evidence=tuple(facts),
    )


def _python_manifest(tree: SourceTree, root: str) -> tuple[str, str, str, str]:
    """The nearest folder with a manifest: (folder, manager, manifest, lock file)."""
    for folder in (root, *ancestors(root)) if root else ("",):
        for manager in PYTHON_MANAGERS:
            lockfile = next((n for n in manager.lockfiles if tree.has(_under(folder, n))), "")
            manifest = next((n for n in manager.manifests if tree.has(_under(folder, n))), "")
            named = bool(manager.table) and _has_table(tree, folder, manager.table)
            decided = lockfile or named or (not manager.table and not manager.lockfiles)
            if manager.manifests[0] != "pyproject.toml" and manifest:
                decided = True
            if manifest and decided:
                return folder, manager.name, manifest, lockfile
    return root, "none", "", ""


def _has_table(tree: SourceTree, folder: str, name: str) -> bool:
    value: object = tree.toml(_under(folder, "pyproject.toml")).get("tool")
    for key in name.split("."):
        value = value.get(key) if isinstance(value, dict) else None
    return value is not None


def _environment(tree: SourceTree, root: str, env: Mapping[str, str]) -> Path | None:
    """The environment in the component's folder or above it, or an active one of the project."""
    for folder in (root, *ancestors(root)) if root else ("",):
        for name in ENVIRONMENT_FOLDERS:
            candidate = tree.root / folder / name
            if _is_environment(candidate):
                return candidate
    for active in _active(tree, env):
        if _is_environment(active):
            return active
    return None


def _active(tree: SourceTree, env: Mapping[str, str]) -> Iterator[Path]:
    """Environments that variables name, where they belong to this project."""
    active = env.get("VIRTUAL_ENV", "")
    if active and _is_inside(active, tree.root):
        yield Path(active)
    conda, name = env.get("CONDA_PREFIX", ""), env.get("CONDA_DEFAULT_ENV", "")
    for path in ("environment.yml", "environment.yaml"):
        if (
            conda
            and name
            and re.search(
                rf"^name:[ \t]*{re.escape(name)}[ \t]*$", tree.read(path) or "", re.MULTILINE
            )
        ):
            yield Path(conda)


def _is_inside(path: str, root: Path) -> bool:
    try:
        real, top = os.path.realpath(path), os.path.realpath(root)
        return os.path.commonpath((real, top)) == top
    except (OSError, ValueError):
        return False


def _is_environment(folder: Path) -> bool:
    """Whether a folder is a virtual environment (PEP 405) or conda's, with an interpreter."""
    try:
        marked = (folder / "pyvenv.cfg").is_file() or (folder / "conda-meta").is_dir()
        return marked and bool(_interpreter(folder))
    except (OSError, ValueError):
        return False


def _interpreter(folder: Path) -> str:
    for name in (
        ("Scripts/python.exe", "python.exe") if os.name == "nt" else ("bin/python", "bin/python3")
    ):
        path = folder / name
        if path.is_file() and os.access(path, os.X_OK):
            return str(path)
    return ""


def _requires_python(tree: SourceTree, folder: str) -> str:
    project = tree.toml(_under(folder, "pyproject.toml")).get("project")
    wanted = project.get("requires-python") if isinstance(project, dict) else None
    if isinstance(wanted, str):
        return wanted
    poetry = _poetry_python(tree.toml(_under(folder, "pyproject.toml")))
    if poetry:
        return poetry
    requires = tree.toml(_under(folder, "Pipfile")).get("requires")
    version = requires.get("python_version") if isinstance(requires, dict) else None
    if isinstance(version, str):
        return f"=={version}.*"
    for name in (".python-version", "runtime.txt"):
        match = re.match(r"(?:python-)?(\d+\.\d+)", (tree.read(_under(folder, name)) or "").strip())
        if match:
            return f"=={match[1]}.*"
    return ""


def _poetry_python(table: dict[str, object]) -> str:
    """Poetry's caret as PEP 440 writes it; anything else it says is left to poetry."""
    value: object = table
    for key in ("tool", "poetry", "dependencies", "python"):
        value = value.get(key) if isinstance(value, dict) else None
    match = re.fullmatch(r"[\^~]?(\d+\.\d+)(?:\.\d+)?", value) if isinstance(value, str) else None
    return f">={match[1]}" if match else ""


def javascript_toolchain(tree: SourceTree, root: str) -> Toolchain:
    """What runs a JavaScript component: the manager that its manifest or a lock file names.

    Args:
        tree: The repository.
        root: The folder of the package.json, relative to the tree's root.
    """
    folders = (root, *ancestors(root)) if root else ("",)
    manager, folder, lockfile = _javascript_manager(tree, folders)
    ready = any((tree.root / folder / "node_modules").is_dir() for folder in folders)
    path = _under(folder, lockfile or "package.json")
    return Toolchain(
        manager=manager,
        root=root,
        manifest="package.json",
        lockfile=lockfile,
        ready=ready,
        evidence=(Evidence(f"is managed by {manager}", path, 0, Strength.PROOF, "manifest"),),
    )


def _javascript_manager(tree: SourceTree, folders: tuple[str, ...]) -> tuple[str, str, str]:
    known = {manager.name: manager for manager in JAVASCRIPT_MANAGERS}
    for folder in folders:
        named = str(tree.json(_under(folder, "package.json")).get("packageManager") or "")
        name = named.partition("@")[0]
        if name in known:
            files = known[name].lockfiles
            lockfile = next((f for f in files if tree.has(_under(folder, f))), "")
            return name, folder, lockfile
        for manager in JAVASCRIPT_MANAGERS:
            for lockfile in manager.lockfiles:
                if tree.has(_under(folder, lockfile)):
                    return manager.name, folder, lockfile
    return "npm", folders[0], ""


def _under(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name


def _shown(tree: SourceTree, path: Path) -> str:
    """A path relative to the root where it is below it."""
    if path.is_relative_to(tree.root):
        return path.relative_to(tree.root).as_posix()
    return str(path)
