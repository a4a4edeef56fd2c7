"""Files that several features share, composed by structure. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from devtool.errors import DevtoolError
from devtool.scaffold import toml_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    import ast

WIDTH = 100
ROUTERS = '''"""The routers of the API. devtool keeps these lists sorted; add yours to them."""

{imports}

# At the root of the host: what machines ask for.
ROOT: tuple[APIRouter, ...] = {root}
# Under /api/v1.
VERSIONED: tuple[APIRouter, ...] = {versioned}
'''
MODELS = '''"""The modules with tables: whoever imports this package knows all of them."""

{imports}

__all__ = {names}
'''
TOOLS = '''"""What assistants can do. devtool keeps this list sorted; add your modules to it."""

{imports}

TOOLSETS: tuple[tuple[Tool, ...], ...] = {toolsets}
'''


def pyproject(
    text: str,
    *,
    dependencies: Iterable[str] = (),
    development: Iterable[str] = (),
    optional: Mapping[str, Iterable[str]] | None = None,
    scripts: Mapping[str, str] | None = None,
) -> str:
    """A `pyproject.toml` that also names these, each once and sorted; all else stays as it is.

    Raises:
        DevtoolError: If two features ask for one package in different ways.
    """
    wanted = [("project", "dependencies", tuple(dependencies))]
    wanted += [
        ("project.optional-dependencies", name, tuple(items))
        for name, items in sorted((optional or {}).items())
    ]
    wanted.append(("dependency-groups", "dev", tuple(development)))
    for table, key, items in wanted:
        old = toml_text.array(text, table, key)
        if items or old is not None:
            text = toml_text.set_array(text, table, key, union(old or (), items))
    for name, function in sorted((scripts or {}).items()):
        text = toml_text.set_string(text, "project.scripts", name, function)
    return text


def union(old: Iterable[str], new: Iterable[str]) -> list[str]:
    """Requirements of both, sorted by package.

    Raises:
        DevtoolError: If they ask for one package in different ways.
    """
    packages: dict[str, str] = {}
    for requirement in (*old, *new):
        package = package_of(requirement)
        if packages.setdefault(package, requirement) != requirement:
            raise DevtoolError(
                f"{packages[package]!r} and {requirement!r} are two requirements for one package",
                hint="features have to agree on what they need",
            )
    return [packages[package] for package in sorted(packages)]


def package_of(requirement: str) -> str:
    """The normalised name of the package that a requirement is for."""
    name = re.split(r"[\s\[<>=!~;@]", requirement, maxsplit=1)[0]
    return re.sub(r"[-_.]+", "-", name).lower()


def package_json(text: str, sections: Iterable[Mapping[str, Mapping[str, str]]]) -> str:
    """A `package.json` with these entries too, those of each section sorted.

    Raises:
        DevtoolError: If two features give one entry different values.
    """
    table: dict[str, Any] = json.loads(text)
    for parts in sections:
        for section, entries in parts.items():
            held = table.setdefault(section, {})
            for key, value in entries.items():
                if held.setdefault(key, value) != value:
                    raise DevtoolError(
                        f"{key} is {held[key]!r} and {value!r} in {section} of package.json",
                        hint="features have to agree on what they need",
                    )
            table[section] = dict(sorted(held.items()))
    return json.dumps(table, indent=2, ensure_ascii=False) + "\n"


def routers(versioned: Iterable[str], root: Iterable[str]) -> str:
    """The text of `app/routers/__init__.py`: two sorted lists and nothing else."""
    modules = sorted({*versioned, *root})
    imports = ["from fastapi import APIRouter"]
    if modules:
        imports += ["", import_from("app.routers", modules)]
    return ROUTERS.format(
        imports="\n".join(imports),
        root=_tuple(f"{name}.router" for name in sorted(set(root))),
        versioned=_tuple(f"{name}.router" for name in sorted(set(versioned))),
    )


def models(modules: Iterable[str]) -> str:
    """The text of `app/models/__init__.py`: a sorted list and nothing else."""
    names = sorted(set(modules))
    shown = "".join(f'    "{name}",\n' for name in names)
    return MODELS.format(imports=import_from("app.models", names), names=f"[\n{shown}]")


def tools(modules: Iterable[str]) -> str:
    """The text of `app/ai/tools/__init__.py`: a sorted list and nothing else."""
    names = sorted(set(modules))
    imports = ("from app.ai.tool import Tool", import_from("app.ai.tools", names))
    toolsets = _tuple(f"{name}.TOOLS" for name in names)
    return TOOLS.format(imports="\n".join(imports), toolsets=toolsets)


def listed(text: str, name: str) -> list[str]:
    """The modules that a wiring file lists under a name: `tasks` for `tasks.router` or `"tasks"`.

    Raises:
        DevtoolError: If it is no list of those.
    """
    import ast

    try:
        body = ast.parse(text).body
    except SyntaxError:
        body = []
    for node in body:
        target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
        if isinstance(target, ast.Name) and target.id == name:
            items = getattr(getattr(node, "value", None), "elts", [])
            return [_module(item) for item in items]
    raise DevtoolError(f"the list {name} was not found", hint="devtool undo, or restore it")


def _module(item: ast.expr) -> str:
    import ast

    match item:
        case ast.Attribute(value=ast.Name(id=module)) | ast.Constant(value=str(module)):
            return module
    raise DevtoolError(f"{ast.unparse(item)} is no module", hint="list modules only")


def import_from(package: str, names: list[str]) -> str:
    """An import statement as ruff formats it."""
    line = f"from {package} import {', '.join(names)}"
    if len(line) <= WIDTH:
        return line
    return "\n".join((f"from {package} import (", *(f"    {name}," for name in names), ")"))


def _tuple(items: Iterable[str]) -> str:
    """A tuple as ruff formats it, an element a line so that two additions merge."""
    held = list(items)
    if len(held) < 2:
        return f"({held[0]},)" if held else "()"
    return "(\n" + "".join(f"    {item},\n" for item in held) + ")"


def env_example(features: Iterable[tuple[str, ...]]) -> str:
    """The text of an `.env.example`: every feature's lines, in order."""
    return "".join(f"{line}\n" for lines in features for line in lines)
