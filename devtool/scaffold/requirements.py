"""What a project of somebody else's requires: packages put into its list, and versions that stand in the way.

The list stays as it is written; where there is none that can be edited surely, the lines are told.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from devtool.scaffold import tomls, workspace
from devtool.scaffold.versions import admits, demands

Edits = dict[str, str]
LOCKS = {"uv.lock": "uv lock", "poetry.lock": "poetry lock", "Pipfile.lock": "pipenv lock"}


class Demand(NamedTuple):
    """One thing that a project requires.

    Attributes:
        name: The package, or `python`.
        spec: Which versions, as written.
        path: The file that says so.
        line: In which line.
    """

    name: str
    spec: str
    path: str
    line: int


def add(root: Path, folders: Iterable[str], wanted: Iterable[str]) -> tuple[Edits, list[str]]:
    """The list of requirements with the packages in it, or the lines for its owner.

    Args:
        root: The project's folder.
        folders: Where the list may lie, the nearest first.
        wanted: The packages, as `name[extra]>=1,<2`.
    """
    packages = list(wanted)
    for path, text in lists(root, folders):
        edited = _edited(path, text, packages)
        if edited is not None:
            return ({path: edited} if edited != text else {}), []
    return {}, [f"add to what the backend requires: {' '.join(packages)}"]


def too_old(
    root: Path, folders: Iterable[str], least: Mapping[str, tuple[int, ...]]
) -> list[Demand]:
    """What a project requires that the least versions do not fit into, in the order of files.

    Of Python, every version that the project allows has to do; of packages, one.
    """
    return [
        demand
        for path, text in lists(root, folders)
        for demand in _demands(path, text)
        if demand.name in least and not _fits(demand, least[demand.name])
    ]


def _fits(demand: Demand, least: tuple[int, ...]) -> bool:
    return (demands if demand.name == "python" else admits)(demand.spec, least)


def stale_locks(root: Path, edits: Edits) -> Iterator[tuple[str, str]]:
    """Locks beside a list that is edited, each with the command that brings it up to date."""
    for path in edits:
        for name, command in LOCKS.items():
            lock = str(PurePosixPath(path).with_name(name))
            if (root / lock).is_file():
                yield lock, command


def places(folder: str) -> list[str]:
    """A folder and those above it, the project's own last: where its list of requirements may lie."""
    above = [str(path) for path in (PurePosixPath(folder), *PurePosixPath(folder).parents)]
    return [*(path for path in above if path != "."), ""]


def demands_of(root: Path, folders: Iterable[str]) -> list[Demand]:
    """All that a project requires."""
    return [demand for path, text in lists(root, folders) for demand in _demands(path, text)]


def named(root: Path) -> dict[str, str]:
    """What Poetry's or Pipenv's table in the project's folder lists, with its versions; no Python."""
    found: dict[str, str] = {}
    for path, text in lists(root, ("",)):
        if not path.endswith("requirements.txt"):
            for _, held in _tables(path, _toml(text)):
                found |= {name: _version(value) for name, value in held.items() if name != "python"}
    return found


def has_project(text: str) -> bool:
    """Whether a `pyproject.toml` lists requirements as PEP 621 has it."""
    return isinstance(_toml(text).get("project", {}).get("dependencies"), list)


def lists(root: Path, folders: Iterable[str]) -> Iterator[tuple[str, str]]:
    """The files that may list requirements, with their texts, the nearest first."""
    for folder in dict.fromkeys(folders):
        for name in ("pyproject.toml", "Pipfile", "requirements.txt"):
            path = f"{folder}/{name}" if folder else name
            text = workspace.read_text(root, path)
            if text is not None:
                yield path, text


def _edited(path: str, text: str, packages: list[str]) -> str | None:
    """The text with the packages, or None where it has no list for them."""
    if path.endswith("requirements.txt"):
        missing = _missing(packages, text.split("\n"))
        gap = "" if not text or text.endswith("\n") else "\n"
        return text + gap + "".join(f"{item}\n" for item in missing)
    table = _toml(text)
    project = table.get("project", {}).get("dependencies")
    if isinstance(project, list):
        missing = _missing(packages, [item for item in project if isinstance(item, str)])
        new = "[project]\ndependencies = [" + ", ".join(f'"{item}"' for item in missing) + "]\n"
        return tomls.merge(text, "[project]\ndependencies = []\n", new)
    for header, held in _tables(path, table):
        return _with_lines(text, header, [item for item in packages if _name(item) not in held])
    return None


def _tables(path: str, table: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The tables that hold requirements by their names: Poetry's and Pipenv's."""
    found = (
        ("packages", table.get("packages"))
        if path.endswith("Pipfile")
        else (
            "tool.poetry.dependencies",
            table.get("tool", {}).get("poetry", {}).get("dependencies"),
        )
    )
    if isinstance(found[1], dict):
        yield found[0], {_name(key): value for key, value in found[1].items()}


def _with_lines(text: str, header: str, packages: list[str]) -> str | None:
    """The text with a line for each package at the end of a table, or None where it is not sure."""
    lines = text.split("\n")
    start = next((n for n, line in enumerate(lines) if line.strip() == f"[{header}]"), None)
    if start is None:
        return None
    rest = range(start + 1, len(lines))
    end = next((n for n in rest if lines[n].lstrip().startswith("[")), len(lines))
    while end > start + 1 and not lines[end - 1].strip():
        end -= 1
    edited = "\n".join((*lines[:end], *map(_as_line, packages), *lines[end:]))
    before, after = (tomls.flat(_toml(each)) for each in (text, edited))
    kept = all(after.get(path, tomls.Gone) == value for path, value in before.items())
    return edited if kept and (len(after) > len(before) or not packages) else None


def _as_line(package: str) -> str:
    """A requirement as Poetry and Pipenv write it."""
    match = re.fullmatch(r"([\w.-]+)(?:\[([\w,-]+)\])?(.*)", package)
    name, extras, spec = match.groups() if match else (package, None, "*")
    if not extras:
        return f'{name} = "{spec}"'
    shown = ", ".join(f'"{extra}"' for extra in extras.split(","))
    return f'{name} = {{version = "{spec}", extras = [{shown}]}}'


def _demands(path: str, text: str) -> Iterator[Demand]:
    if path.endswith("requirements.txt"):
        pairs = [_split(line.partition("#")[0]) for line in text.split("\n")]
    else:
        table = _toml(text)
        project = table.get("project", {})
        held = project.get("dependencies")
        pairs = (
            [_split(item) for item in held if isinstance(item, str)]
            if isinstance(held, list)
            else []
        )
        if isinstance(project.get("requires-python"), str):
            pairs.append(("python", project["requires-python"]))
        for _, named in _tables(path, table):
            pairs += [(name, _version(value)) for name, value in named.items()]
    for name, spec in pairs:
        if name and spec:
            yield Demand(name, spec, path, _line(text, name, spec))


def _split(requirement: str) -> tuple[str, str]:
    """The package and the versions of `fastapi[all] >=0.110,<1 ; python_version < "4"`."""
    match = re.match(r"\s*([A-Za-z0-9][\w.-]*)(?:\[[^\]]*\])?\s*\(?([^;)]*)", requirement)
    return (_name(match[1]), match[2].strip()) if match else ("", "")


def _version(value: Any) -> str:
    """The versions that an entry of Poetry or Pipenv allows."""
    said = value.get("version") if isinstance(value, dict) else value
    return said if isinstance(said, str) else ""


def _line(text: str, name: str, spec: str) -> int:
    """The line that says so: the last with the name and the versions in it."""
    wanted = "requires-python" if name == "python" and "requires-python" in text else name
    for number, line in enumerate(text.split("\n"), start=1):
        if spec in line and wanted in line.lower().replace("_", "-"):
            return number
    return 0


def _missing(packages: Iterable[str], held: Iterable[str]) -> list[str]:
    names = {_name(item) for item in held if item.strip()}
    return [item for item in packages if _name(item) not in names]


def _name(requirement: str) -> str:
    return str(tomls.package(requirement)).replace("_", "-")


def _toml(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return {}
