"""What an environment holds, and what manifests and lock files want of it. From files only."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from devtool.detection.manifests import normalise, requirement_name
from devtool.runner.interpreters import satisfies
from devtool.runner.requirements import read_plain, read_toml, requirement_files, requirements

_INSTALLED = re.compile(r"(.+?)-([^-]+?)(?:-py\d[\d.]*)?\.(?:dist-info|egg-info)")
_RELEASE = re.compile(r"\d+(?:\.\d+){0,2}")
_CLAUSES = re.compile(r"^[\w.-]+\s*(?:\[[^\]]*\])?\s*\(?\s*([<>=!~][^;()]*)\)?\s*$")


def installed(home: Path) -> dict[str, str]:
    """Every distribution in an environment -> its version."""
    found: dict[str, str] = {}
    for folder in (*home.glob("lib/python3*/site-packages"), home / "Lib" / "site-packages"):
        for name in _names_in(folder):
            if match := _INSTALLED.fullmatch(name):
                found[normalise(match[1])] = match[2]
    return found


def _names_in(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)  # noqa: PTH208
    except OSError:
        return []


def sees_the_system(home: Path) -> bool:
    """Whether an environment also uses packages that lie elsewhere."""
    try:
        text = (home / "pyvenv.cfg").read_text("utf-8", errors="replace")
    except OSError:
        return True
    return (
        re.search(r"^include-system-site-packages\s*=\s*true", text, re.MULTILINE | re.IGNORECASE)
        is not None
    )


class Mismatch(NamedTuple):
    """A distribution that is not there, or there in another version than is wanted."""

    name: str
    wanted: str
    found: str = ""


def unmet(folder: Path, manifest: str, there: dict[str, str]) -> list[Mismatch]:
    """What the manifests of a folder ask for and an environment does not have.

    Requirements with a condition (`; python_version < "3.11"`) are left out.
    """
    found = {}
    for requirement in _requirements(folder, manifest):
        name = requirement_name(requirement)
        if not name or ";" in requirement:
            continue
        if name not in there:
            found[name] = Mismatch(name, requirement)
        elif not _fits(there[name], requirement):
            found[name] = Mismatch(name, requirement, there[name])
    return list(found.values())


def _requirements(folder: Path, manifest: str) -> Iterator[str]:
    for wanted in requirements(folder, manifest):
        words = wanted.otherwise or wanted.arguments
        if words[:1] == ("-r",):
            yield from _listed(Path(words[1]))
        elif words[:1] != ("-e",):
            yield from words


def _listed(path: Path) -> Iterator[str]:
    for file in requirement_files(path):
        for line in read_plain(file).decode("utf-8-sig", "replace").splitlines():
            text = re.sub(r"(?:^|\s)#.*", "", line).strip()
            yield re.split(r"\s--", text)[0].rstrip(" \\")


def _fits(version: str, requirement: str) -> bool:
    """Whether a version is one that is asked for; true for whatever only pip can compare."""
    clauses = _CLAUSES.match(requirement)
    if clauses is None or not _RELEASE.fullmatch(version):
        return True
    wanted = [re.sub(r"\s", "", clause) for clause in clauses[1].split(",")]
    padded = (*map(int, version.split(".")), 0, 0)
    return all(_fits_clause(padded[:3], clause) for clause in wanted)


def _fits_clause(version: tuple[int, ...], clause: str) -> bool:
    match = re.fullmatch(r"(===|==|!=|<=|>=|~=|<|>)(\d+(?:\.\d+){0,2})(\.\*)?", clause)
    if match is None:
        return True
    if match[1] in ("==", "==="):
        bound = tuple(map(int, match[2].split(".")))
        whole = bound if match[3] else (*bound, 0, 0)[:3]
        return version[: len(whole)] == whole
    return satisfies(version, clause)


def differing(lockfile: Path, there: dict[str, str]) -> list[Mismatch]:
    """What is installed in another version than a lock file says.

    What is not installed is left out: a lock file is for every system and every group.
    """
    return [
        Mismatch(name, ", ".join(sorted(versions)), there[name])
        for name, versions in sorted(locked(lockfile).items())
        if name in there and there[name] not in versions
    ]


def locked(lockfile: Path) -> dict[str, set[str]]:
    """Every distribution in a lock file -> its versions; empty for kinds that are not read."""
    if lockfile.name == "Pipfile.lock":
        return _of_pipenv(lockfile)
    if lockfile.name not in ("uv.lock", "poetry.lock", "pdm.lock"):
        return {}
    found: dict[str, set[str]] = {}
    packages = read_toml(lockfile).get("package")
    for package in packages if isinstance(packages, list) else ():
        name, version = package.get("name"), package.get("version")
        if isinstance(name, str) and isinstance(version, str) and not _is_local(package):
            found.setdefault(normalise(name), set()).add(version)
    return found


def _is_local(package: dict[str, object]) -> bool:
    source = package.get("source")
    return isinstance(source, dict) and bool({"editable", "virtual", "directory"} & source.keys())


def _of_pipenv(lockfile: Path) -> dict[str, set[str]]:
    import json

    try:
        packages = json.loads(read_plain(lockfile))["default"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return {}
    return {
        normalise(name): {entry["version"].removeprefix("==")}
        for name, entry in (packages.items() if isinstance(packages, dict) else ())
        if isinstance(entry, dict) and isinstance(entry.get("version"), str)
    }
