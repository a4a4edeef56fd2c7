"""What holds for the code as a whole: who may import whom, and what no command loads."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "devtool"

# Who may import whom, whatever the place of the import: inside a function and under TYPE_CHECKING too.
NOUNS = {"model", "errors"}
CORE = NOUNS | {"config", "detection", "launch", "runner", "inproc", "scaffold", "client", "doctor"}
CORE |= {"migrations"}
APIS = {"api", "api_control", "api_evolve", "api_generate", "api_run"}
MAY_IMPORT = {
    "model": {"model"},
    "errors": NOUNS,
    "config": NOUNS | {"config"},
    "detection": NOUNS | {"config", "detection"},
    "launch": NOUNS | {"config", "detection", "launch"},
    "runner": NOUNS | {"inproc", "runner"},
    "inproc": set(),
    "scaffold": NOUNS | {"config", "scaffold"},
    "client": NOUNS | {"inproc", "client"},
    "migrations": NOUNS | {"inproc", "migrations"},
    "doctor": NOUNS | {"config", "detection", "launch", "runner", "doctor"},
    "api": CORE | {"api"},
    "api_run": CORE | {"api", "api_run"},
    "api_control": CORE | {"api", "api_control"},
    "api_classes": CORE | {"api", "api_run", "api_classes"},
    "api_generate": CORE | {"api", "api_generate"},
    "rows": NOUNS | {"inproc", "migrations", "rows"},
    "api_evolve": CORE | {"api", "api_evolve", "api_generate", "rows"},
    "mcp": NOUNS | {"api", "api_control", "config", "mcp"},
    "feed": NOUNS | {"api", "api_control", "mcp", "feed"},
    "web": NOUNS | {"api", "api_control", "feed", "mcp", "web"},
    "ui": NOUNS | {"api", "api_control", "api_run", "feed", "ui"},
    "cli": NOUNS | APIS | {"config", "mcp", "feed", "web", "ui", "cli"},
    "__init__": CORE | {"api_classes"},
    "__main__": {"cli"},
}


def part_of(path: Path) -> str:
    """The row of the table that a file belongs to: its top folder, or its own name."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def modules() -> list[Path]:
    """Every module of ours; the files of features are content, not code."""
    return sorted(
        path for path in PACKAGE.rglob("*.py") if "features" not in path.relative_to(PACKAGE).parts
    )


def imported(source: str | bytes, package: tuple[str, ...]) -> Iterator[tuple[int, str]]:
    """Every module name that a source imports, with its line; relative names made absolute."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            stem = ".".join((*base, *filter(None, [node.module])))
            yield node.lineno, stem
            yield from ((node.lineno, f"{stem}.{alias.name}") for alias in node.names)


def imported_by(path: Path) -> list[tuple[int, str]]:
    """Every module name that a file of ours imports, with its line."""
    return list(imported(path.read_bytes(), path.relative_to(PACKAGE.parent).parts[:-1]))


def parts(names: Iterable[tuple[int, str]]) -> list[tuple[int, str]]:
    """The parts of devtool among imported names; `__version__` and the like belong to no part."""
    ours = [(line, name.split(".")[1]) for line, name in names if name.startswith("devtool.")]
    return [(line, part) for line, part in ours if part in MAY_IMPORT]


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_stay_within_the_boundaries(path: Path) -> None:
    allowed = MAY_IMPORT[part_of(path)]
    wrong = [(line, part) for line, part in parts(imported_by(path)) if part not in allowed]
    assert not wrong


def test_imports_are_seen_wherever_they_stand() -> None:
    source = """
def late():
    from devtool.detection import detect
    from ..cli import app
if TYPE_CHECKING:
    import devtool.errors
    from devtool import model, __version__
"""
    names = imported(source, ("devtool", "runner"))
    assert parts(names) == [
        (3, "detection"),
        (3, "detection"),
        (4, "cli"),
        (4, "cli"),
        (6, "errors"),
        (7, "model"),
    ]


def tops(path: Path) -> set[str]:
    """The top names of everything a file imports."""
    return {name.partition(".")[0] for _, name in imported_by(path)}


def test_code_for_the_project_s_interpreter_needs_the_standard_library_only() -> None:
    programs = sorted(PACKAGE.glob("inproc/*.py"))
    siblings = {path.stem for path in programs}
    for path in programs:
        assert tops(path) <= sys.stdlib_module_names | siblings, path.name


def test_detection_has_no_means_to_run_what_it_reads() -> None:
    means = {"importlib", "multiprocessing", "pty", "runpy", "subprocess"}
    for path in sorted(PACKAGE.glob("detection/*.py")):
        assert not means & tops(path), path.name
