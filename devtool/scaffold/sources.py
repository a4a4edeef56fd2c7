"""The Python files of a program, parsed and never imported."""

from __future__ import annotations

import ast
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from devtool.errors import ConfigError
from devtool.model.detection import Note

MOST_FILES = 2000
MOST_BYTES = 1_000_000
# Where a web application has its halves; below that a package may be called so.
HALVES = {"backend", "frontend"}
LEFT_OUT = {
    "build",
    "dist",
    "docs",
    "node_modules",
    "site-packages",
    "test",
    "tests",
    "venv",
}


def program(root: Path) -> list[str]:
    """The Python files of a program: those of `src` where it has one, and no tests.

    Raises:
        ConfigError: If there are too many.
    """
    found: list[str] = []
    start = root / "src" if (root / "src").is_dir() else root
    for folder, names, files in os.walk(start):
        names[:] = sorted(
            name
            for name in names
            if name not in LEFT_OUT
            and not (name in HALVES and Path(folder) == root)
            and not name.startswith((".", "_"))
            and not (Path(folder) / name / "pyvenv.cfg").exists()
        )
        for name in sorted(files):
            place = Path(folder) / name
            if (
                name.endswith(".py")
                and not name.startswith("test_")
                and name != "conftest.py"
                and not place.is_symlink()
            ):
                found.append(place.relative_to(root).as_posix())
    if len(found) > MOST_FILES:
        raise ConfigError(
            f"{root} has more than {MOST_FILES} Python files", hint="name the files to read"
        )
    return found


def modules(root: Path, files: Iterable[str]) -> tuple[dict[str, ast.Module], list[Note]]:
    """The modules of a program, and those of its files that are left out because they do not parse.

    Args:
        root: The project's folder.
        files: Files that were named, from the root, each of which has to parse; all when there is none.

    Raises:
        ConfigError: If a named file lies elsewhere, cannot be read or does not parse, or none does.
    """
    named = tuple(_inside(root, file) for file in files)
    if named:
        return {path: parsed(root, path) for path in named}, []
    found: dict[str, ast.Module] = {}
    left_out: list[Note] = []
    problem: ConfigError | None = None
    for path in program(root):
        try:
            found[path] = parsed(root, path)
        except ConfigError as error:
            problem = problem or error
            left_out.append(Note(text=error.message, path=path, line=0))
    if problem is not None and not found:
        raise problem
    return found, left_out


def _inside(root: Path, file: str) -> str:
    """The path of a named file from the project's folder."""
    place = (root / file).resolve()
    try:
        return place.relative_to(root.resolve()).as_posix()
    except ValueError as error:
        raise ConfigError(
            f"{file} lies outside of the project", hint="name a file of it with --from"
        ) from error


def parsed(root: Path, path: str) -> ast.Module:
    """One file as a tree.

    Raises:
        ConfigError: If it cannot be read, or does not parse.
    """
    try:
        data = (root / path).read_bytes()
    except OSError as error:
        raise ConfigError(f"{path} cannot be read ({(error.strerror or '').lower()})") from error
    if len(data) > MOST_BYTES:
        raise ConfigError(f"{path} is too large to be read")
    try:
        return ast.parse(data, path)
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", 0) or 0
        raise ConfigError(f"{path}:{line} does not parse", hint="correct it first") from error


def called(modules: Mapping[str, ast.Module]) -> set[str]:
    """The last name of whatever is called anywhere: `Task` of `models.Task(...)`."""
    return {
        ast.unparse(node.func).rpartition(".")[2]
        for module in modules.values()
        for node in ast.walk(module)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute)
    }


def runs_when_imported(module: ast.Module) -> bool:
    """Whether importing a module starts the program: a loop, a question, or a call of its own."""
    own = {node.name for node in module.body if isinstance(node, ast.FunctionDef)}
    return any(_starts(node, own) for node in module.body)


def _starts(node: ast.stmt, own: set[str]) -> bool:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return False
    if isinstance(node, ast.While):
        return True
    if isinstance(node, ast.If) and "__name__" in ast.unparse(node.test):
        return False
    called = {ast.unparse(part.func) for part in ast.walk(node) if isinstance(part, ast.Call)}
    return "input" in called or (isinstance(node, ast.Expr) and bool(called & own))
