"""Whether Node.js is there, and a frontend's packages are those of its lock file."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from devtool.doctor.subject import FIX, Subject, few, inside
from devtool.errors import ToolchainError
from devtool.model.detection import Toolchain
from devtool.model.doctor import Action, Finding, Level
from devtool.runner.interpreters import satisfies
from devtool.runner.requirements import read_plain, specifier
from devtool.runner.sync import Standing, standing

CHECK = "frontend"
ASK_SECONDS = 20.0
Json = dict[str, object]


def look(subject: Subject) -> Iterator[Finding]:
    """Node.js and the package manager, then the packages of each frontend."""
    for toolchain in subject.javascript_toolchains:
        found = [*_programs(subject, toolchain), *_packages(subject, toolchain)]
        yield from found or (_well(subject, toolchain),)


def _well(subject: Subject, toolchain: Toolchain) -> Finding:
    folder = subject.shown(subject.root / toolchain.root / "node_modules")
    text = f"{folder} is in step with {toolchain.lockfile or toolchain.manifest}"
    return Finding(check=CHECK, level=Level.OK, text=text)


def _programs(subject: Subject, toolchain: Toolchain) -> Iterator[Finding]:
    path = subject.clean_env["PATH"]
    needed = ("bun",) if toolchain.manager == "bun" else ("node", toolchain.manager)
    missing = [name for name in needed if shutil.which(name, path=path) is None]
    where = toolchain.root or "this project"
    if missing:
        text = f"{where} needs {' and '.join(missing)}, which {_are(missing)} not on PATH"
        yield Finding(check=CHECK, level=Level.ERROR, text=text, fix=_way_to(missing))
        return
    wanted = _engine(_json(subject.root / toolchain.root / "package.json"))
    if wanted and (version := _node_version(subject)) and not _satisfies(version, wanted):
        text = f"{where} asks for Node.js {wanted}, and node is {'.'.join(map(str, version))}"
        fix = f"install Node.js {wanted}, for example with nvm or fnm"
        yield Finding(check=CHECK, level=Level.WARNING, text=text, fix=fix)


def _are(names: list[str]) -> str:
    return "is" if len(names) == 1 else "are"


def _way_to(missing: list[str]) -> str:
    if {"node", "npm"} & set(missing):
        return "install Node.js from https://nodejs.org, npm comes with it"
    name = missing[0]
    return "install Bun from https://bun.sh" if name == "bun" else f"corepack enable {name}"


def _engine(package: Json) -> str:
    engines = package.get("engines")
    wanted = engines.get("node") if isinstance(engines, dict) else None
    return wanted if isinstance(wanted, str) else ""


def _node_version(subject: Subject) -> tuple[int, ...] | None:
    """What the machine's Node.js says it is; it is asked outside of the project."""
    node = shutil.which("node", path=subject.clean_env["PATH"])
    if node is None:
        return None
    try:
        done = subprocess.run(
            (node, "--version"),
            cwd=Path(node).parent,
            env=subject.clean_env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=ASK_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    match = re.match(rb"v(\d+)\.(\d+)\.(\d+)", done.stdout)
    return tuple(map(int, match.groups())) if match else None


def _satisfies(version: tuple[int, ...], wanted: str) -> bool:
    ranges = [specifier(part) for part in wanted.split("||")]
    return any(satisfies(version, each) for each in ranges)


# --- packages ----------------------------------------------------------------------------------


def _packages(subject: Subject, toolchain: Toolchain) -> Iterator[Finding]:
    folder = subject.root / toolchain.root
    modules = folder / "node_modules"
    shown = subject.shown(modules)
    if (folder / ".pnp.cjs").exists():
        return  # yarn keeps the packages elsewhere
    package = _json(folder / "package.json")
    wanted = _direct(package)
    if not wanted or standing(toolchain, subject.root) is Standing.CURRENT:
        return
    if not modules.is_dir():
        yield _to_sync(
            toolchain, f"the packages of {toolchain.root or 'this project'} are not installed"
        )
        return
    missing = [name for name in wanted if not _is_there(folder, subject.root, name)]
    if missing:
        yield _to_sync(toolchain, f"{shown} lacks {few(missing)}, which package.json asks for")
        return
    drifted = list(_drifted(folder, modules, toolchain.lockfile))
    if drifted:
        text = f"{shown} is not what {toolchain.lockfile} says: {few(drifted, 3)}"
        yield _to_sync(toolchain, text, level=Level.WARNING)


def _direct(package: Json) -> list[str]:
    tables = (package.get("dependencies"), package.get("devDependencies"))
    return sorted({name for table in tables if isinstance(table, dict) for name in table})


def _is_there(folder: Path, root: Path, name: str) -> bool:
    """Whether a package lies in a node_modules here or above, as workspaces have it."""
    for place in (folder, *folder.parents):
        if os.path.isdir(place / "node_modules" / name):  # noqa: PTH112  # Path's raises where a folder is closed
            return True
        if place == root:
            break
    return False


def _drifted(folder: Path, modules: Path, lockfile: str) -> Iterator[str]:
    """Packages in another version than the lock file says, for npm; for pnpm, whether it changed."""
    if lockfile == "pnpm-lock.yaml":
        copy = modules / ".pnpm" / "lock.yaml"
        if copy.is_file() and read_plain(copy) != read_plain(folder / lockfile):
            yield "it changed since"
        return
    if lockfile not in ("package-lock.json", "npm-shrinkwrap.json"):
        return
    there = _versions(_json(modules / ".package-lock.json"))
    for path, version in _versions(_json(folder / lockfile)).items():
        if path in there and there[path] != version:
            name = path.rpartition("node_modules/")[2]
            yield f"{name} {there[path]} instead of {version}"


def _versions(lock: Json) -> dict[str, str]:
    packages = lock.get("packages")
    return {
        path: entry["version"]
        for path, entry in (packages.items() if isinstance(packages, dict) else ())
        if path and isinstance(entry, dict) and isinstance(entry.get("version"), str)
    }


def _json(path: Path) -> Json:
    """A JSON file's object; empty where there is none, or nothing that can be used."""
    try:
        value = json.loads(read_plain(path)) if path.is_file() else {}
    except (ValueError, RecursionError, ToolchainError):
        return {}
    return value if isinstance(value, dict) else {}


def _to_sync(toolchain: Toolchain, text: str, *, level: Level = Level.ERROR) -> Finding:
    path = inside(toolchain.root, "package.json")
    return Finding(check=CHECK, level=level, text=text, fix=FIX, action=Action.SYNC, path=path)
