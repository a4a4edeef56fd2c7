"""A FastAPI project that devtool did not write gets assistants, and is deployed: phase II to III and IV.

Everything new lies in modules of its own. Two lines go into the file that makes the application, and
the packages into the list of requirements; where a place is not sure, the lines are told instead.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from devtool.errors import ConfigError
from devtool.model.detection import Component
from devtool.scaffold import catalog, deployment, manifest, requirements, workspace
from devtool.scaffold.entrance import imported_from, wire
from devtool.scaffold.growth import Growth
from devtool.scaffold.manifest import Manifest
from devtool.scaffold.spec import ProjectSpec, name_for, name_problem
from devtool.scaffold.update import plan_update

PHASE = 3
LAST = 4
FOLDER = catalog.FOLDER / "foreign-ai" / "files"
NAMES = ("ai", "assistants", "devtool_ai")
FUNCTION = "install_assistants"
REQUIREMENTS = ("mcp>=2.3,<3", "pydantic-ai-slim[openai]>=2.60,<3")
# The first versions that go together with them.
LEAST = {
    "python": (3, 10),
    "anyio": (4, 10),
    "fastapi": (0, 100),
    "openai": (3, 31),
    "pydantic": (2, 12),
    "pyjwt": (2, 10, 1),
    "python-multipart": (0, 0, 9),
    "sqlmodel": (0, 0, 14),
    "starlette": (0, 27),
    "typing-extensions": (4, 14),
    "uvicorn": (0, 31, 1),
}
# Whoever keeps to less than these has code of another kind: no number in a list changes that.
PYDANTIC_1 = {"fastapi": (0, 100), "pydantic": (2,), "sqlmodel": (0, 0, 14)}
MOST_NAMED = 12
MOST_STEPS = 5
LEFT_OUT = {"tests", "test", "alembic", "migrations", "node_modules", "site-packages", "scripts"}


class Place(NamedTuple):
    """Where assistants go.

    Attributes:
        module: The file that makes the application, from the project's root.
        attribute: What the application is called there.
        folder: The folder of the new package.
        package: What it is imported as.
        tests: The folder for its tests.
    """

    module: str
    attribute: str
    folder: str
    package: str
    tests: str


def next_phase(record: Manifest | None) -> int:
    """The phase that such a project is grown to where none is named."""
    return max(int(record.spec.get("phase", PHASE - 1)) if record else PHASE - 1, PHASE - 1) + 1


def plan_foreign(root: Path, component: Component, to: int) -> Growth:
    """What has to happen for a FastAPI project to have MCP tools and a chat; nothing is written.

    In phase IV it has manifests for Kubernetes too, and an image where it has none.

    Args:
        root: The project's folder.
        component: Its backend, as detected.
        to: The phase.

    Raises:
        ConfigError: If it is no FastAPI project, it keeps to pydantic 1, its entry is not found, or
            a place is taken.
    """
    record = manifest.read(root) or Manifest()
    to = max(to, int(record.spec.get("phase", 0)))
    _check(component, to)
    place = _place(root, component, record)
    files = dict(_files(place))
    edits, notes = _wiring(root, place)
    old = _too_old(root, component.root)
    more, told = requirements.add(root, requirements.places(component.root), REQUIREMENTS)
    told += [
        f"{path} does not know the new packages yet: {command}"
        for path, command in requirements.stale_locks(root, more)
    ]
    spec = ProjectSpec(name=_name(root), phase=to)
    deployed: tuple[str, ...] = ()
    if to == LAST:
        found = deployment.deployment_of(
            root, component, place.module, place.attribute, ours=record.files
        )
        files |= deployment.files(root, spec, found)
        deployed = tuple(deployment.notes(found))
    update = plan_update(
        root,
        files,
        title=f"evolve to phase {to}",
        spec={**record.spec, "phase": to, "foreign": place._asdict()},
        is_whole=False,
        edits=edits | more,
    )
    seen = _seen(root, component.root)
    return Growth(spec, (), update, (*seen, *notes, *told, *old, *deployed))


def _name(root: Path) -> str:
    """What the project is called in a cluster."""
    name = name_for(root.name)[:40].strip("-")
    return name if name and not name_problem(name) else f"{name}-app".strip("-")


def _check(component: Component, to: int) -> None:
    if component.framework != "fastapi":
        raise ConfigError(
            f"assistants can be added to FastAPI, not to {component.framework}",
            hint="devtool evolve grows console programs, FastAPI projects, and what devtool wrote",
        )
    if not PHASE <= to <= LAST:
        raise ConfigError(
            f"a project that devtool did not write can be grown to phases {PHASE} and {LAST}, not {to}",
            hint="devtool phase --next lists what the next phase needs; of it, events are yours to write"
            if to > LAST
            else f"pass --to {PHASE}",
        )


def _place(root: Path, component: Component, record: Manifest) -> Place:
    known = record.spec.get("foreign")
    if isinstance(known, dict) and set(known) == set(Place._fields):
        return Place(**known)
    base = PurePosixPath(component.root or ".")
    module, path, attribute = _origin(root, base, component.entry)
    dotted = module if path.name == "__init__.py" else module.rpartition(".")[0]
    folder = path.parent
    name = next((name for name in NAMES if not (root / folder / name).exists()), "")
    if not name:
        raise ConfigError(f"{folder} has {', '.join(NAMES)} already", hint="rename one of them")
    tests = next(
        (place for place in (base / "tests", folder / "tests") if (root / place).is_dir()),
        base / "tests",
    )
    package = f"{dotted}.{name}" if dotted else name
    return Place(str(path), attribute, str(folder / name), package, str(tests))


def _origin(root: Path, base: PurePosixPath, entry: str) -> tuple[str, PurePosixPath, str]:
    """The module that makes the application, its file, and what the application is called there.

    A module that only imports it leads to the one it imports it from.
    """
    module, _, attribute = entry.partition(":")
    attribute = attribute or "app"
    path = _module_file(root, base, module)
    if path is None:
        raise ConfigError(f"{entry} has no file below {base}", hint="see devtool phase")
    for _ in range(MOST_STEPS):
        source = workspace.read_text(root, str(path)) or ""
        step = imported_from(source, attribute, module, is_package=path.name == "__init__.py")
        file = _module_file(root, base, step[0]) if step is not None else None
        if step is None or file is None:
            break
        (module, attribute), path = step, file
    return module, path, attribute


def _module_file(root: Path, base: PurePosixPath, module: str) -> PurePosixPath | None:
    stem = base.joinpath(*module.split("."))
    for path in (stem.with_name(f"{stem.name}.py"), stem / "__init__.py"):
        if (root / path).is_file():
            return path
    return None


def _files(place: Place) -> Iterator[tuple[str, str]]:
    for file in sorted(FOLDER.glob("ai/*.py")):
        yield f"{place.folder}/{file.name}", file.read_text("utf-8")
    for file in sorted(FOLDER.glob("tests/*.py")):
        text = file.read_text("utf-8").replace("__PACKAGE__", place.package)
        yield f"{place.tests}/{file.name}", text


def _wiring(root: Path, place: Place) -> tuple[dict[str, str], list[str]]:
    """The file that makes the application with two lines more, or the lines for its owner."""
    source = workspace.read_text(root, place.module)
    if source is None:
        raise ConfigError(f"{place.module} is no UTF-8 text")
    wired = wire(source, place.attribute, place.package, FUNCTION)
    if wired.text:
        return ({place.module: wired.text} if wired.text != source else {}), []
    lines = f"from {place.package} import {FUNCTION}; {FUNCTION}({place.attribute})"
    return {}, [f"add to {place.module} once the application is whole ({wired.why}): {lines}"]


def _too_old(root: Path, folder: str) -> list[str]:
    """The versions that the project's owner has to raise.

    Raises:
        ConfigError: If the project is written for pydantic 1.
    """
    places = requirements.places(folder)
    old = requirements.too_old(root, places, PYDANTIC_1)
    if old:
        first = old[0]
        raise ConfigError(
            f"{first.path}:{first.line} keeps to {first.name} {first.spec}, which is pydantic 1;"
            " assistants need pydantic 2",
            hint="bring the project to pydantic 2 (pip install bump-pydantic helps), then evolve",
        )
    return [
        f"raise {item.name} {item.spec} ({item.path}:{item.line}): assistants need"
        f" {'.'.join(map(str, LEAST[item.name]))} or later"
        for item in requirements.too_old(root, places, LEAST)
    ]


def _seen(root: Path, folder: str) -> Iterator[str]:
    """What the tools will reach: the tables, the services and the routes, with their places."""
    found: dict[str, list[str]] = {"table": [], "service": [], "route": []}
    for path, tree in _modules(root, folder):
        for kind, name, line in _things(tree):
            found[kind].append(f"{name} ({path}:{line})")
    for kind, names in found.items():
        more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
        if names:
            yield f"{kind}s found: {', '.join(names[:MOST_NAMED])}{more}"


def _modules(root: Path, folder: str) -> Iterator[tuple[str, ast.Module]]:
    for file in sorted((root / folder).rglob("*.py")):
        path = file.relative_to(root)
        hidden = any(part in LEFT_OUT or part.startswith(".") for part in path.parts)
        if hidden or file.is_symlink() or (root / path.parts[0] / "pyvenv.cfg").exists():
            continue
        try:
            yield path.as_posix(), ast.parse(file.read_bytes())
        except (OSError, SyntaxError, ValueError):
            continue  # what cannot be read is not told of; it is not touched either


def _things(tree: ast.Module) -> Iterator[tuple[str, str, int]]:
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            if _is_table(node):
                yield "table", node.name, node.lineno
            elif node.name.endswith(("Service", "Repository", "CRUD")):
                yield "service", node.name, node.lineno
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            for decorator in node.decorator_list:
                text = ast.unparse(decorator)
                if ".get(" in text or ".post(" in text or ".put(" in text or ".delete(" in text:
                    yield "route", node.name, node.lineno


def _is_table(node: ast.ClassDef) -> bool:
    if any(word.arg == "table" and ast.unparse(word.value) == "True" for word in node.keywords):
        return True
    return any(
        isinstance(part, ast.Name) and part.id == "__tablename__"
        for item in node.body
        if isinstance(item, ast.Assign | ast.AnnAssign)
        for part in (item.targets if isinstance(item, ast.Assign) else [item.target])
    )


def is_foreign(record: Manifest | None) -> bool:
    """Whether devtool added to a project that it did not write."""
    return record is not None and "foreign" in record.spec
