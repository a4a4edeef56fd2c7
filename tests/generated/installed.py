"""What generated projects need, installed once for all tests and kept until its list changes."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tomllib
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from devtool.scaffold import catalog, render, selection
from devtool.scaffold.spec import ProjectSpec

TYPE_CHECKING = False
if TYPE_CHECKING:
    import pytest

WEB = 2
NPM = ("npm", "install", "--no-audit", "--no-fund", "--ignore-scripts")
MINUTES_15 = 900


def files_of(*features: str, phase: int = WEB, name: str = "shop") -> dict[str, str]:
    """The files of a project with these features and those that they need."""
    spec = ProjectSpec(name=name, phase=phase, features=features)
    return render.render(*selection.resolve(spec, _catalog()))


def write_files(files: dict[str, str], folder: Path) -> Path:
    """Write the files of a project."""
    for path, text in files.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")
    return folder


def python_packages(config: pytest.Config) -> Path:
    """The site-packages of an environment with what the backends of all features need."""
    wanted = _requirements()
    with _kept(config, "python", json.dumps([sys.version, *wanted])) as (folder, is_new):
        if is_new:
            venv.create(folder, with_pip=True, clear=True)
            pip = (str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet")
            _install((*pip, *wanted), folder)
    return next(folder.glob("lib/python*/site-packages"))


def python_tool(config: pytest.Config, requirement: str) -> Path:
    """The folder of the programs that a requirement brings, in an environment of its own."""
    with _kept(config, "tool", json.dumps([sys.version, requirement])) as (folder, is_new):
        if is_new:
            venv.create(folder, with_pip=True, clear=True)
            pip = (str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet")
            _install((*pip, requirement), folder)
    return folder / "bin"


def node_packages(config: pytest.Config, package: str) -> Path:
    """The `node_modules` that a `package.json` asks for."""
    with _kept(config, "node", package) as (folder, is_new):
        if is_new:
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            (folder / "package.json").write_text(package, "utf-8")
            _install(NPM, folder)
    return folder / "node_modules"


def link_python(packages: Path, backend: Path) -> Path:
    """Give a backend an environment that sees the packages; its interpreter."""
    venv.create(backend / ".venv", with_pip=False, symlinks=True)
    own = next((backend / ".venv").glob("lib/python*/site-packages"))
    (own / "shared.pth").write_text(f"{packages}\n", "utf-8")
    return backend / ".venv" / "bin" / "python"


def link_node(packages: Path, frontend: Path) -> None:
    """Give a frontend the packages: links to each file, since Next.js follows none out of its root."""
    shutil.copytree(packages, frontend / "node_modules", symlinks=True, copy_function=os.link)


def checked(*argv: str, cwd: Path, timeout: float = 300) -> str:
    """The output of a command that has to succeed."""
    done = subprocess.run(
        argv,
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=timeout,
        check=False,
    )
    said = done.stdout.decode("utf-8", "replace")
    assert done.returncode == 0, f"{' '.join(argv)}\n{said}"
    return said


@contextmanager
def _kept(config: pytest.Config, kind: str, content: str) -> Iterator[tuple[Path, bool]]:
    """A folder for this content, and whether it has to be filled; workers wait for one another."""
    key = hashlib.sha256(content.encode()).hexdigest()[:12]
    folder = config.cache.mkdir("generated") / f"{kind}-{key}"
    done = folder.with_suffix(".done")
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield folder, not done.exists()
        done.touch()


def _install(argv: tuple[str, ...], folder: Path) -> None:
    subprocess.run(argv, cwd=folder, check=True, stdin=subprocess.DEVNULL, timeout=MINUTES_15)


def _requirements() -> list[str]:
    """What the features ask for, those of the console aside."""
    features = [feature for feature in _catalog().values() if feature.phase >= WEB]
    own = {item for f in features for item in (*f.dependencies, *f.development)}
    for feature in features:
        for file in feature.folder.glob("files/backend/pyproject.toml"):
            table = tomllib.loads(file.read_text("utf-8"))
            own |= set(table["project"].get("dependencies", ()))
            own |= set(table.get("dependency-groups", {}).get("dev", ()))
    return sorted(own)


@cache
def _catalog() -> selection.Catalog:
    return catalog.load()
