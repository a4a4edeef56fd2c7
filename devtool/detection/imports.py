"""Where a module name leads, and whether everything a launch target imports is there.

Python finds modules below the folders of `sys.path`; started with `python -m` or by a server, the
first of these is the working folder, started as a script it is the script's own folder
(https://docs.python.org/3/library/sys_path_init.html). Choosing a launch target therefore means
choosing the folder from which all of its first-party imports resolve.
"""

from __future__ import annotations

import sys
from typing import NamedTuple

from devtool.detection.pysource import Import, PythonIndex

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

MAX_CLOSURE = 150
# Imports looked at from all starting points together.
MAX_TAKEN = 400_000
# Names of well-known distributions that local folders like to carry too: where the local one does
# not resolve, the library is meant.
_SHARED_NAMES = frozenset(
    [
        "agents",
        "mcp",
        "openai",
        "alembic",
        "dapr",
        "fastapi",
        "types",
        "logging",
        "email",
        "redis",
        "celery",
        "jwt",
        "chatkit",
        "google",
        "kafka",
        "anthropic",
        "cohere",
        "groq",
    ]
)


class Problem(NamedTuple):
    """An import that leads nowhere: the file it stands in and the module it asks for."""

    path: str
    module: str


class _Step(NamedTuple):
    """The files that the imports of one file load, with their names, and those that fail."""

    loaded: tuple[tuple[str, str | None], ...]
    problems: tuple[Problem, ...]


class Importer:
    """Resolves first-party modules in a tree."""

    def __init__(self, index: PythonIndex) -> None:
        self.index = index
        self.tree = index.tree
        self._tops: dict[str, int] | None = None
        self._direct: dict[tuple[object, ...], _Step] = {}
        self._taken = 0

    def find(self, base: str, module: str) -> str | None:
        """The file of `module` below `base`, the folder of a namespace package, or None."""
        path = f"{base}/{module.replace('.', '/')}" if base else module.replace(".", "/")
        for candidate in (f"{path}/__init__.py", f"{path}.py"):
            if self.tree.has(candidate):
                return candidate
        return path if path in self.tree.python_folders else None

    def find_file(self, base: str, module: str) -> str | None:
        """As `find`, for modules that are files."""
        found = self.find(base, module)
        return found if found is not None and found.endswith(".py") else None

    def problems(
        self,
        path: str,
        roots: Sequence[str],
        *,
        module: str | None,
        declared: frozenset[str] = frozenset(),
    ) -> list[Problem]:
        """The first-party imports reachable from `path` that do not resolve.

        Args:
            path: The file that is started.
            roots: The folders on `sys.path`, first one first.
            module: The dotted name it is imported by; None when it runs as a script.
            declared: Top-level names that installed distributions provide.
        """
        bad: list[Problem] = []
        seen: set[tuple[str, str | None]] = set()
        search = list(roots)
        todo: list[tuple[str, str | None]] = [(path, module)]
        while todo and len(seen) < MAX_CLOSURE and self._taken < MAX_TAKEN:
            here = todo.pop()
            if here in seen:
                continue
            seen.add(here)
            current, name = here
            if self.index.edits_path(current):
                search += [folder for folder in ancestors(current) if folder not in search]
            step = self._step(current, name, tuple(search), declared)
            self._taken += 1 + len(step.loaded)
            bad += step.problems
            todo += [each for each in step.loaded if each not in seen]
        return bad

    def _step(
        self, path: str, name: str | None, roots: tuple[str, ...], declared: frozenset[str]
    ) -> _Step:
        """What one file's imports load and miss, found out once for each way to import it."""
        key = (path, name, roots, declared)
        if key not in self._direct:
            loaded: list[tuple[str, str | None]] = []
            problems = [
                problem
                for statement in self.index.imports(path)
                for problem in self._follow(path, name, statement, roots, declared, loaded)
            ]
            self._direct[key] = _Step(tuple(dict.fromkeys(loaded)), tuple(problems))
        return self._direct[key]

    def _follow(
        self,
        path: str,
        name: str | None,
        statement: Import,
        roots: Sequence[str],
        declared: frozenset[str],
        todo: list[tuple[str, str | None]],
    ) -> Iterator[Problem]:
        if statement.module.startswith("."):
            yield from self._follow_relative(path, name, statement, roots, todo)
            return
        for base in roots:
            found = self.find(base, statement.module)
            if found is not None:
                todo += self._loaded(base, statement, found)
                return
        if self._is_missing(path, statement.module, roots, declared):
            yield Problem(path, statement.module)

    def _follow_relative(
        self,
        path: str,
        name: str | None,
        statement: Import,
        roots: Sequence[str],
        todo: list[tuple[str, str | None]],
    ) -> Iterator[Problem]:
        dots = len(statement.module) - len(statement.module.lstrip("."))
        is_package = path.endswith("/__init__.py")
        package = (name or "").split(".")
        if not is_package:
            package = package[:-1]
        if name is None or dots > len([part for part in package if part]):
            yield Problem(path, statement.module)
            return
        package = package[: len(package) - dots + 1]
        full = ".".join([*package, *filter(None, [statement.module.lstrip(".")])])
        for base in roots:
            found = self.find(base, full)
            if found is not None:
                todo += self._loaded(base, Import(full, statement.names), found)
                return
        yield Problem(path, statement.module)

    def _loaded(self, base: str, statement: Import, found: str) -> Iterator[tuple[str, str | None]]:
        """The files that an import executes: the packages on the way, the module, submodules."""
        parts = statement.module.split(".")
        for count in range(1, len(parts)):
            package = ".".join(parts[:count])
            file = self.find_file(base, package)
            if file is not None:
                yield file, package
        if found.endswith(".py"):
            yield found, statement.module
        if found.endswith("__init__.py") or not found.endswith(".py"):
            for name in statement.names:
                file = self.find_file(base, f"{statement.module}.{name}")
                if file is not None:
                    yield file, f"{statement.module}.{name}"

    def _is_missing(
        self, path: str, module: str, roots: Sequence[str], declared: frozenset[str]
    ) -> bool:
        """Whether an unresolved absolute import names first-party code."""
        top, _, rest = module.partition(".")
        if top in sys.stdlib_module_names or top in declared:
            return False
        if path.rpartition("/")[2] == f"{top}.py":
            return False  # a file that wraps the library it is named after
        if any(self.find(base, top) for base in roots):
            # Below a package that is there, the rest may be made at run time; a shadowed
            # library's submodule is the library's.
            return False
        tails = self._first_party()
        if top not in tails or top in _SHARED_NAMES:
            return False
        return not rest or rest.rpartition(".")[2] in tails

    def _first_party(self) -> dict[str, int]:
        if self._tops is None:
            self._tops = {}
            for path in self.tree.python_files:
                stem = path.rpartition("/")[2][:-3]
                self._tops[stem] = self._tops.get(stem, 0) + 1
            for folder in self.tree.python_folders:
                stem = folder.rpartition("/")[2]
                self._tops[stem] = self._tops.get(stem, 0) + 1
        return self._tops


def ancestors(path: str) -> list[str]:
    """The folders above a path, nearest first, down to the root's empty string."""
    found = []
    while path:
        path = path.rpartition("/")[0]
        found.append(path)
    return found


def module_name(path: str, base: str) -> str | None:
    """The dotted name of a file as imported from `base`, or None when it has none."""
    prefix = f"{base}/" if base else ""
    if not path.startswith(prefix) or not path.endswith(".py"):
        return None
    parts = path[len(prefix) : -3].split("/")
    if parts[-1] == "__init__":
        parts.pop()
    if not parts or not all(part.isidentifier() for part in parts):
        return None
    return ".".join(parts)
