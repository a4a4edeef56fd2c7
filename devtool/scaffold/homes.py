"""The folder that a program's modules are imported from, read from how they import one another.

`from models.task import Task` in `src/store.py` starts in `src`; `from src.models.task import Task` and
`from ..models import Task` start above it. Nothing is imported.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from devtool.errors import ConfigError
from devtool.scaffold import sources

USUAL = "src"


class Home(NamedTuple):
    """Where the modules of a program are imported from.

    Attributes:
        folder: The folder, from the project's; empty for that itself.
        reached: The files of the program that are imported then.
        missing: Imports that lead nowhere from there, each with its place.
        late: How many more would, if they ever happened.
    """

    folder: str = ""
    reached: frozenset[str] = frozenset()
    missing: tuple[str, ...] = ()
    late: int = 0


class _Wanted(NamedTuple):
    """What an import statement asks for: a dotted name, and how many folders up it begins.

    It is sure to happen where it stands by itself in the module.
    """

    name: str
    level: int
    line: int
    is_sure: bool


def home(root: Path, modules: Mapping[str, ast.Module], paths: Collection[str]) -> Home:
    """The folder from which the most of what some files import is found; the usual one of several.

    Args:
        root: The project's folder.
        modules: Its modules, as far as they were parsed.
        paths: The files that are to be imported.
    """
    folders = _folders(paths)
    homes = [_home(root, folder, folders, modules, paths) for folder in folders]
    usual = USUAL if USUAL in folders and not (root / USUAL / "__init__.py").is_file() else ""
    return min(homes, key=lambda each: (len(each.missing), each.late, each.folder != usual))


def _folders(paths: Collection[str]) -> list[str]:
    """The folders that all of the files lie in, the project's first."""
    shared: list[str] = []
    for parts in zip(*(PurePosixPath(path).parts[:-1] for path in paths), strict=False):
        if len(set(parts)) > 1:
            break
        shared.append(parts[0])
    found = ["/".join(shared[:count]) for count in range(len(shared) + 1)]
    # What is imported through a folder has its name in it.
    named = [all(part.isidentifier() for part in shared[count:]) for count in range(len(found))]
    return [folder for folder, fits in zip(found, named, strict=True) if fits]


def _home(
    root: Path,
    folder: str,
    folders: Collection[str],
    modules: Mapping[str, ast.Module],
    paths: Collection[str],
) -> Home:
    reached: set[str] = set()
    missing: list[str] = []
    late = 0
    waiting = sorted(paths)
    while waiting:
        path = waiting.pop()
        if path in reached:
            continue
        reached.add(path)
        for wanted in _imports(_module(root, path, modules)):
            found = _found(root, folder, path, wanted)
            if found is not None:
                waiting += found
            elif any(_found(root, each, path, wanted) is not None for each in folders):
                late += not wanted.is_sure
                if wanted.is_sure:
                    missing.append(f"{path}:{wanted.line} {'.' * wanted.level}{wanted.name}")
    return Home(folder, frozenset(reached), tuple(missing), late)


def _module(root: Path, path: str, modules: Mapping[str, ast.Module]) -> ast.Module:
    if path in modules:
        return modules[path]
    try:
        return sources.parsed(root, path)
    except ConfigError:
        return ast.Module(body=[], type_ignores=[])  # its own imports cannot be told


def _imports(module: ast.Module) -> Iterator[_Wanted]:
    for node in ast.walk(module):
        is_sure = node in module.body
        if isinstance(node, ast.Import):
            for item in node.names:
                yield _Wanted(item.name, 0, node.lineno, is_sure)
        elif isinstance(node, ast.ImportFrom):
            prefix = f"{node.module}." if node.module else ""
            for item in node.names:
                yield _Wanted(f"{prefix}{item.name}", node.level, node.lineno, is_sure)


def _found(root: Path, folder: str, path: str, wanted: _Wanted) -> list[str] | None:
    """The files that an import reaches from a folder, or None where it reaches none of the program's."""
    names = wanted.name.split(".")
    if wanted.level:
        package = PurePosixPath(path).relative_to(folder or ".").parts[:-1]
        if len(package) < wanted.level:
            return None
        start = PurePosixPath(folder, *package[: len(package) - wanted.level + 1])
    elif names[0] in sys.stdlib_module_names or not _is_there(
        root, PurePosixPath(folder, names[0])
    ):
        return None
    else:
        start = PurePosixPath(folder)
    steps = [start.joinpath(*names[: count + 1]) for count in range(len(names))]
    files = [
        file for step in steps for file in (step.with_name(f"{step.name}.py"), step / "__init__.py")
    ]
    return [str(file) for file in files if (root / file).is_file()]


def _is_there(root: Path, place: PurePosixPath) -> bool:
    return (root / place).is_dir() or (root / place.with_name(f"{place.name}.py")).is_file()
