"""Console programs: which file is the entry, and whether it runs by path, by module or by name."""

from __future__ import annotations

from typing import NamedTuple

from devtool.detection.aside import is_aside
from devtool.detection.declaration import Declaration
from devtool.detection.frameworks import Framework
from devtool.detection.imports import ancestors, module_name
from devtool.detection.pattern import Pattern
from devtool.detection.pysource import Source
from devtool.detection.targets import Resolver, Target
from devtool.model.detection import Evidence, Role

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_NAMES = {"main": 2.0, "__main__": 2.5, "cli": 1.0, "app": 1.0, "run": 0.6}
_PROJECT_WORD = Pattern(r"[a-z0-9]+")


class Console(NamedTuple):
    """A console program with how sure it is to be the one."""

    score: float
    target: Target
    evidence: Evidence


def consoles(
    resolver: Resolver, declarations: Sequence[Declaration], python: Framework
) -> list[Console]:
    """Every console program, the likeliest first."""
    said = _said(declarations)
    found = [
        console
        for path in resolver.tree.python_files
        if not is_aside(path) and path.count("/") <= 4
        for console in _console(resolver, path, said, python)
    ]
    return sorted(found, key=lambda console: (-console.score, console.target.file))


def _said(declarations: Sequence[Declaration]) -> set[tuple[str, str]]:
    """What the documents tell a reader to type."""
    return {
        (d.invocation.kind, d.invocation.target)
        for d in declarations
        if d.invocation.kind in ("script", "module")
    }


def _console(
    resolver: Resolver, path: str, said: set[tuple[str, str]], python: Framework
) -> Iterator[Console]:
    is_main = path.endswith("__main__.py")
    text = resolver.tree.read(path) or ""
    if not (is_main or "__main__" in text or path in ("main.py", "src/main.py")):
        return
    source = resolver.index.source(path)
    if source is None or is_stub(source) or not (source.guard or is_main or source.calls):
        return
    framework = resolver.apps.framework_of_script(path)
    if framework is not None and framework.role is not Role.CONSOLE:
        return
    by_path = ("script", path) in said
    by_module = any(kind == "module" and _same_module(path, name) for kind, name in said)
    forms = sorted(
        _forms(resolver, path, framework or python, by_module=by_module and not by_path),
        key=lambda form: form[:2],
    )
    if not forms:
        return
    _, _, target = forms[0]
    mentioned = by_path or by_module
    yield Console(
        _score(path, target, source, mentioned=mentioned, root=resolver.tree.root.name),
        target,
        Evidence(
            "runs as a program" if source.guard else "is a package's __main__",
            path,
            source.guard or 1,
        ),
    )


def is_stub(source: Source) -> bool:
    """Whether a main.py is the placeholder of a project generator: one print and nothing else."""
    only_main = set(source.functions) <= {"main"} and not source.classes and not source.names
    return only_main and all(call.callee in ("print", "main") for call in source.calls)


def _same_module(path: str, module: str) -> bool:
    dotted = path[:-3].removesuffix("/__main__").replace("/", ".")
    return dotted == module or dotted.endswith(f".{module}")


def _forms(
    resolver: Resolver, path: str, framework: Framework, *, by_module: bool
) -> Iterator[tuple[int, int, Target]]:
    """Each way to run a file: (unresolved imports, awkwardness, target).

    A file of a package is a module: `python -m` gives its relative imports a parent (PEP 366).
    """
    own = path.rpartition("/")[0]
    is_main = path.endswith("__main__.py")
    packaged = bool(own) and resolver.tree.has(f"{own}/__init__.py")
    if not is_main:
        script = resolver.script_target(path, "")._replace(framework=framework)
        yield len(script.problems), 3 if by_module or packaged else 0, script
    for depth, base in enumerate(ancestors(path)):
        # What is installed from its `src` folder is imported without it.
        installed = resolver.roots.installed(base)
        place = next((p for p in installed if path.startswith(f"{p}/")), base)
        module = module_name(path, place)
        if module is None or (base == own and not is_main):
            continue
        module = module.removesuffix(".__main__")
        if module == "__main__":
            continue
        problems = resolver.roots.problems(path, base, module_name(path, place))
        target = Target("module", framework, base, module, path, problems=problems)
        yield len(problems), 1 if not base else 2 + depth, target


def _score(path: str, target: Target, source: Source, *, mentioned: bool, root: str) -> float:
    stem = path.rpartition("/")[2][:-3]
    words = set(_PROJECT_WORD.findall(root.lower()))
    named = 1.2 if stem not in _NAMES and set(stem.split("_")) & (words | {"todo"}) else -1.0
    score = _NAMES.get(stem, named)
    score -= 3.0 * min(len(target.problems), 4)
    score += 3.0 * mentioned
    score -= 0.3 * path.count("/")
    return score + 0.2 * min(len(source.names), 4)
