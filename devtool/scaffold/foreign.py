"""A FastAPI project that devtool did not write gets assistants: phase II to III.

Everything new lies in modules of its own. Two lines go into the file that makes the application, and
the packages into the list of requirements; where a place is not sure, the lines are told instead.
"""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from devtool.errors import ConfigError
from devtool.model.detection import Component
from devtool.scaffold import catalog, manifest, tomls, workspace
from devtool.scaffold.entrance import wire
from devtool.scaffold.growth import Growth
from devtool.scaffold.manifest import Manifest
from devtool.scaffold.spec import ProjectSpec, name_for
from devtool.scaffold.update import plan_update

PHASE = 3
FOLDER = catalog.FOLDER / "foreign-ai" / "files"
NAMES = ("ai", "assistants", "devtool_ai")
FUNCTION = "install_assistants"
REQUIREMENTS = ("mcp>=2.3,<3", "pydantic-ai-slim[openai]>=2.60,<3")
MOST_NAMED = 12
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


def plan_foreign(root: Path, component: Component, to: int = PHASE) -> Growth:
    """What has to happen for a FastAPI project to have MCP tools and a chat; nothing is written.

    Args:
        root: The project's folder.
        component: Its backend, as detected.
        to: The phase.

    Raises:
        ConfigError: If it is no FastAPI project, its entry is not found, or a place is taken.
    """
    _check(component, to)
    record = manifest.read(root) or Manifest()
    place = _place(root, component, record)
    files = dict(_files(place))
    edits, notes = _wiring(root, place)
    more, told = _requirements(root, component.root)
    update = plan_update(
        root,
        files,
        title=f"evolve to phase {to}",
        spec={**record.spec, "phase": to, "foreign": place._asdict()},
        is_whole=False,
        edits=edits | more,
    )
    spec = ProjectSpec(name=name_for(root.name) or "app", phase=to)
    return Growth(spec, (), update, (*_seen(root, component.root), *notes, *told))


def _check(component: Component, to: int) -> None:
    if component.framework != "fastapi":
        raise ConfigError(
            f"assistants can be added to FastAPI, not to {component.framework}",
            hint="devtool evolve grows console programs, FastAPI projects, and what devtool wrote",
        )
    if to != PHASE:
        raise ConfigError(
            f"a project that devtool did not write can be grown to phase {PHASE}, not {to}",
            hint=f"pass --to {PHASE}",
        )


def _place(root: Path, component: Component, record: Manifest) -> Place:
    known = record.spec.get("foreign")
    if isinstance(known, dict) and set(known) == set(Place._fields):
        return Place(**known)
    module, _, attribute = component.entry.partition(":")
    base = PurePosixPath(component.root or ".")
    path = _module_file(root, base, module)
    if path is None:
        raise ConfigError(f"{component.entry} has no file below {base}", hint="see devtool phase")
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
    return Place(str(path), attribute or "app", str(folder / name), package, str(tests))


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


def _requirements(root: Path, folder: str) -> tuple[dict[str, str], list[str]]:
    """The list of requirements with the packages in it, or the lines for its owner."""
    places = dict.fromkeys(f"{part}/" if part else "" for part in (folder, ""))
    for place in places:
        for name, edit in (("pyproject.toml", _pyproject), ("requirements.txt", _plain)):
            text = workspace.read_text(root, f"{place}{name}")
            edited = None if text is None else edit(text)
            if edited is not None and text is not None:
                return ({f"{place}{name}": edited} if edited != text else {}), []
    return {}, [f"add to what the backend requires: {' '.join(REQUIREMENTS)}"]


def _pyproject(text: str) -> str | None:
    """The text with the requirements, or None where it has no list for them."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return None
    if isinstance(table.get("project", {}).get("dependencies"), list):
        held = table["project"]["dependencies"]
        missing = [item for item in REQUIREMENTS if not _names(held) & _names([item])]
        new = "[project]\ndependencies = [" + ", ".join(f'"{item}"' for item in missing) + "]\n"
        return tomls.merge(text, "[project]\ndependencies = []\n", new)
    poetry = table.get("tool", {}).get("poetry", {}).get("dependencies")
    if not isinstance(poetry, dict):
        return None
    lines = [line for name, line in POETRY.items() if name not in poetry]
    header = "[tool.poetry.dependencies]\n"
    return tomls.merge(text, "", header + "".join(lines)) if lines else text


POETRY = {
    "mcp": 'mcp = ">=2.3,<3"\n',
    "pydantic-ai-slim": 'pydantic-ai-slim = {version = ">=2.60,<3", extras = ["openai"]}\n',
}


def _plain(text: str) -> str:
    missing = [item for item in REQUIREMENTS if not _names(text.split("\n")) & _names([item])]
    gap = "" if not text or text.endswith("\n") else "\n"
    return text + gap + "".join(f"{item}\n" for item in missing)


def _names(requirements: Iterable[str]) -> set[str]:
    return {str(tomls.package(item)) for item in requirements if item.strip()}


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
    words: Mapping[str | None, ast.expr] = {word.arg: word.value for word in node.keywords}
    named = any("__tablename__" in ast.unparse(item) for item in node.body)
    return named or ("table" in words and ast.unparse(words["table"]) == "True")


def is_foreign(record: Manifest | None) -> bool:
    """Whether devtool added to a project that it did not write."""
    return record is not None and "foreign" in record.spec
