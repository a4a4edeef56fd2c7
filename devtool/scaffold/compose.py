"""Files that several features share, composed by structure."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable

from devtool.errors import DevtoolError


def pyproject(text: str, dependencies: Iterable[str], development: Iterable[str]) -> str:
    """A `pyproject.toml` that also names these dependencies, sorted and each once.

    Raises:
        DevtoolError: If two features ask for one package in different ways.
    """
    import tomli_w

    table = tomllib.loads(text)
    project = table.setdefault("project", {})
    project["dependencies"] = union(project.get("dependencies", []), dependencies)
    groups = table.setdefault("dependency-groups", {})
    groups["dev"] = union(groups.get("dev", []), development)
    return tomli_w.dumps(table)


def union(old: Iterable[str], new: Iterable[str]) -> list[str]:
    """Requirements of both, sorted by package."""
    packages: dict[str, str] = {}
    for requirement in (*old, *new):
        package = re.split(r"[\s\[<>=!~;@]", requirement, maxsplit=1)[0].lower()
        if packages.setdefault(package, requirement) != requirement:
            raise DevtoolError(
                f"{packages[package]!r} and {requirement!r} are two requirements for one package",
                hint="features have to agree on what they need",
            )
    return [packages[package] for package in sorted(packages)]


def env_example(features: Iterable[tuple[str, ...]]) -> str:
    """The text of an `.env.example`: every feature's lines, in order."""
    return "".join(f"{line}\n" for lines in features for line in lines)
