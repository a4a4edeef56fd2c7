"""Which interpreter and which package manager a component runs with. From files only.

Environments are found, never asked: an interpreter of a clone is executed at `run`, not before.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import NamedTuple

from devtool.detection.environments import find_environment, interpreter_of
from devtool.detection.imports import ancestors
from devtool.detection.tree import SourceTree
from devtool.model.detection import Evidence, Strength, Toolchain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

PYPROJECT = "pyproject.toml"
REQUIREMENTS = (
    "requirements.txt",
    "requirements/dev.txt",
    "requirements/development.txt",
    "requirements/local.txt",
    "requirements/base.txt",
)


class PythonManager(NamedTuple):
    """A package manager, the files that only it writes, and its table in pyproject.toml.

    `manifests` name it by being there; pyproject.toml does so only through `table`.
    """

    name: str
    lockfiles: tuple[str, ...] = ()
    table: tuple[str, ...] = ()
    manifests: tuple[str, ...] = ()


PYTHON_MANAGERS = (
    PythonManager("uv", ("uv.lock",), ("tool", "uv")),
    PythonManager("poetry", ("poetry.lock",), ("tool", "poetry")),
    PythonManager("pdm", ("pdm.lock",), ("tool", "pdm")),
    PythonManager("pipenv", ("Pipfile.lock",), manifests=("Pipfile",)),
    PythonManager("hatch", (), ("tool", "hatch", "envs"), ("hatch.toml",)),
    PythonManager("conda", ("conda-lock.yml",), manifests=("environment.yml", "environment.yaml")),
)
PIP_MANIFESTS = (*REQUIREMENTS, PYPROJECT, "setup.py")


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


class Managed(NamedTuple):
    """A folder, who manages it, and the files that say so."""

    manager: str
    folder: str
    manifest: str = ""
    lockfile: str = ""


def python_toolchain(tree: SourceTree, root: str, env: Mapping[str, str]) -> Toolchain:
    """What runs a Python component.

    Args:
        tree: The repository.
        root: The folder the component is started from, relative to the tree's root.
        env: The environment variables; an active environment counts when it is the project's.
    """
    found = _python_manifest(tree, root)
    environment = find_environment(tree, (root, *ancestors(root)), found.folder, env)
    facts = []
    if found.manifest:
        facts.append(_managed_by(found))
    if environment is not None:
        shown = _shown(tree, environment)
        facts.append(Evidence("is its environment", shown, 0, Strength.PROOF, "environment"))
    # Nothing to install from, but an environment made by hand: pip's, whoever filled it.
    manager = "pip" if found.manager == "none" and environment is not None else found.manager
    return Toolchain(
        manager=manager,
        root=found.folder,
        interpreter=interpreter_of(environment) if environment is not None else "",
        environment=str(environment) if environment is not None else "",
        manifest=found.manifest,
        lockfile=found.lockfile,
        requires_python=_requires_python(tree, found.folder),
        ready=environment is not None,
        evidence=tuple(facts),
    )


def _managed_by(found: Managed) -> Evidence:
    path = _under(found.folder, found.lockfile or found.manifest)
    return Evidence(f"is managed by {found.manager}", path, 0, Strength.PROOF, "manifest")


def _python_manifest(tree: SourceTree, root: str) -> Managed:
    """The nearest folder with a manifest, or the uv workspace that it is a member of."""
    for folder in (root, *ancestors(root)):
        found = _managed_python(tree, folder)
        if found is not None:
            return _uv_workspace(tree, found) or found
    return Managed("none", root)


def _managed_python(tree: SourceTree, folder: str) -> Managed | None:
    """Who manages a folder: a lock file says it, else a table or manifest, else it is pip."""
    table = tree.toml(_under(folder, PYPROJECT))
    with_pyproject = _is_manifest(tree, folder, table)
    for manager in PYTHON_MANAGERS:
        lockfile = _first(tree, folder, manager.lockfiles)
        manifest = _first(tree, folder, manager.manifests)
        if lockfile and (manifest or with_pyproject):
            return Managed(manager.name, folder, manifest or PYPROJECT, lockfile)
    for manager in PYTHON_MANAGERS:
        manifest = _first(tree, folder, manager.manifests)
        if manifest or (manager.table and _at(table, *manager.table) is not None):
            return Managed(manager.name, folder, manifest or PYPROJECT)
    for name in PIP_MANIFESTS:
        if (name == PYPROJECT and with_pyproject) or (
            name != PYPROJECT and tree.has(_under(folder, name))
        ):
            return Managed("pip", folder, name)
    return None


def _is_manifest(tree: SourceTree, folder: str, table: dict[str, object]) -> bool:
    """Whether pyproject.toml is more than the settings of a linter; a broken one counts."""
    if table:
        return any(_at(table, *keys) is not None for keys in _MANIFEST_TABLES)
    return bool((tree.read(_under(folder, PYPROJECT)) or "").strip())


_MANIFEST_TABLES = (
    ("project",),
    ("build-system",),
    *(manager.table for manager in PYTHON_MANAGERS if manager.table),
)


def _uv_workspace(tree: SourceTree, member: Managed) -> Managed | None:
    """The workspace of a member: its lock file and its environment stand at its root."""
    for folder in ancestors(member.folder):
        workspace = _at(tree.toml(_under(folder, PYPROJECT)), "tool", "uv", "workspace")
        if isinstance(workspace, dict) and _is_member(
            member.folder, folder, workspace.get("members"), workspace.get("exclude")
        ):
            return Managed("uv", folder, PYPROJECT, _first(tree, folder, ("uv.lock",)))
    return None


def _requires_python(tree: SourceTree, folder: str) -> str:
    """The Python versions that a project says it runs with, as PEP 440 writes them."""
    table = tree.toml(_under(folder, PYPROJECT))
    wanted = _at(table, "project", "requires-python")
    if isinstance(wanted, str):
        return wanted
    poetry = _at(table, "tool", "poetry", "dependencies", "python")
    if isinstance(poetry, str):
        return _from_poetry(poetry)
    requires = tree.toml(_under(folder, "Pipfile")).get("requires")
    for key in ("python_full_version", "python_version"):
        match = re.match(r"\d+\.\d+", str(_at({"requires": requires}, "requires", key) or ""))
        if match:
            return f"=={match[0]}.*"
    return _pinned_python(tree, folder)


def _pinned_python(tree: SourceTree, folder: str) -> str:
    """The version in .python-version, which counts for the folders below it too, or runtime.txt."""
    for name, folders in (
        (".python-version", (folder, *ancestors(folder))),
        ("runtime.txt", (folder,)),
    ):
        for place in folders:
            text = (tree.read(_under(place, name)) or "").lstrip()
            match = re.match(r"(?:python-)?(\d+\.\d+)", text)
            if match:
                return f"=={match[1]}.*"
    return ""


def _from_poetry(wanted: str) -> str:
    """Poetry's caret and tilde as PEP 440 writes them; alternatives cannot be written so."""
    if "|" in wanted:
        return ""
    clauses = []
    for clause in filter(None, (part.strip() for part in wanted.split(","))):
        match = re.fullmatch(r"([\^~])(\d+)(?:\.(\d+))?(?:\.\d+)?", clause)
        if match is None:
            clauses.append(clause if clause[0] in "<>=!~" else f"=={clause}")
            continue
        tilde = match[1] == "~" and match[3] is not None
        upper = f"{match[2]}.{int(match[3]) + 1}" if tilde else str(int(match[2]) + 1)
        clauses.append(f">={clause[1:]},<{upper}")
    return "" if clauses == ["==*"] else ",".join(clauses)


def javascript_toolchain(tree: SourceTree, root: str) -> Toolchain:
    """What runs a JavaScript component: the manager that a manifest or a lock file names.

    Its root is the folder of the workspace where the component is a member of one: packages are
    installed there.

    Args:
        tree: The repository.
        root: The folder of the package.json, relative to the tree's root.
    """
    named = _javascript_manager(tree, (root, *ancestors(root)))
    folder = _javascript_workspace(tree, root)
    known = next(manager for manager in JAVASCRIPT_MANAGERS if manager.name == named.manager)
    lockfile = _first(tree, folder, known.lockfiles)
    return Toolchain(
        manager=named.manager,
        root=folder,
        manifest="package.json",
        lockfile=lockfile,
        ready=_has_packages(tree, root, folder),
        evidence=(_managed_by(named),),
    )


def _javascript_manager(tree: SourceTree, folders: tuple[str, ...]) -> Managed:
    known = {manager.name for manager in JAVASCRIPT_MANAGERS}
    for folder in folders:
        named = tree.json(_under(folder, "package.json")).get("packageManager")
        name = named.partition("@")[0] if isinstance(named, str) else ""
        if name in known:
            return Managed(name, folder, "package.json")
        for manager in JAVASCRIPT_MANAGERS:
            lockfile = _first(tree, folder, manager.lockfiles)
            if lockfile:
                return Managed(manager.name, folder, "package.json", lockfile)
    return Managed("npm", folders[0], "package.json")


def _javascript_workspace(tree: SourceTree, root: str) -> str:
    """The folder that packages are installed from: that of a workspace, or the component's own."""
    for folder in ancestors(root):
        listed = tree.json(_under(folder, "package.json")).get("workspaces")
        members = listed.get("packages") if isinstance(listed, dict) else listed
        if members is None and tree.has(_under(folder, "pnpm-workspace.yaml")):
            members = tree.yaml(_under(folder, "pnpm-workspace.yaml")).get("packages")
        if _is_member(root, folder, members, None):
            return folder
    return root


def _is_member(path: str, base: str, members: object, exclude: object) -> bool:
    """Whether a folder fits the patterns of a workspace; `!` before one takes folders out."""
    patterns = [p for p in members if isinstance(p, str)] if isinstance(members, list) else []
    out = [p for p in exclude if isinstance(p, str)] if isinstance(exclude, list) else []
    out += [pattern[1:] for pattern in patterns if pattern.startswith("!")]
    relative = path[len(base) :].lstrip("/")
    return _fits_any(relative, patterns) and not _fits_any(relative, out)


def _fits_any(path: str, patterns: list[str]) -> bool:
    from fnmatch import fnmatchcase

    return any(fnmatchcase(path, pattern.removeprefix("./").rstrip("/")) for pattern in patterns)


def _has_packages(tree: SourceTree, root: str, folder: str) -> bool:
    """Whether packages are installed, or none are wanted: those of a workspace lie at its root."""
    manifest = tree.json(_under(root, "package.json"))
    if not any(manifest.get(key) for key in ("dependencies", "devDependencies", "workspaces")):
        return True
    installed = [tree.root / place / "node_modules" for place in (root, folder)]
    plug_and_play = tree.root / folder / ".pnp.cjs"
    return any(map(os.path.isdir, installed)) or os.path.exists(plug_and_play)  # noqa: PTH110 (Path.exists raises where a folder is closed)


def _first(tree: SourceTree, folder: str, names: tuple[str, ...]) -> str:
    return next((name for name in names if tree.has(_under(folder, name))), "")


def _at(value: object, *keys: str) -> object:
    """What stands under nested keys of a document, or None."""
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _under(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name


def _shown(tree: SourceTree, path: Path) -> str:
    """A path relative to the root where it is below it."""
    if path.is_relative_to(tree.root):
        return path.relative_to(tree.root).as_posix()
    return str(path)
