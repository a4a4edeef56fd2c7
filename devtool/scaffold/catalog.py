"""The features there are: folders with a `feature.toml` and real files."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

FOLDER = Path(__file__).parent / "features"


class Feature(NamedTuple):
    """What a feature says about itself in its `feature.toml`; `docs/reference/scaffold.md` explains.

    Attributes:
        slug: Its folder's name.
        summary: What a project has with it, in one line.
        phase: The first phase that can have it.
        folder: Where its `files` and its `with` lie.
        until: The last phase that can have it; 0 for no last one.
        always: Whether every project of its phases has it.
        default: Whether a project has it that names no features.
        group: The choice it is one answer to, such as `frontend`; the answers exclude each other.
        aliases: Other names it is asked for by.
        needs: Features, or groups, that come with it.
        conflicts: Features that cannot stand beside it.
        replaces: Paths of other features' files that its own files stand in for.
        routers: Modules of `app/routers` that belong under `/api/v1`.
        root_routers: Modules of `app/routers` that belong at `/`.
        models: Modules of `app/models`.
        tools: Modules of `app/ai/tools`.
        dependencies: What its code imports.
        development: What its tests and checks run.
        optional: Requirements that are asked for by the name of their group.
        scripts: Commands of the project and the functions behind them.
        env: Lines of `.env.example`, each a variable or a comment.
        secrets: Variables of `env` that get a fresh random value in `.env`.
        package: Sections of `frontend/package.json` and what they hold more.
    """

    slug: str
    summary: str
    phase: int
    folder: Path
    until: int = 0
    always: bool = False
    default: bool = False
    group: str = ""
    aliases: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    conflicts: tuple[str, ...] = ()
    replaces: tuple[str, ...] = ()
    routers: tuple[str, ...] = ()
    root_routers: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    tools: tuple[str, ...] = ()
    dependencies: tuple[str, ...] = ()
    development: tuple[str, ...] = ()
    optional: Mapping[str, tuple[str, ...]] = {}  # nobody writes into it
    scripts: Mapping[str, str] = {}
    env: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()
    package: Mapping[str, Mapping[str, str]] = {}

    def suits(self, phase: int) -> bool:
        """Whether a project of that phase can have it."""
        return self.phase <= phase and (not self.until or phase <= self.until)


def load(folder: Path = FOLDER) -> dict[str, Feature]:
    """Every feature of a folder by its name, in the order of names."""
    return {path.parent.name: read(path) for path in sorted(folder.glob("*/feature.toml"))}


def read(path: Path) -> Feature:
    """The feature that a `feature.toml` describes."""
    table: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    values = {key: _frozen(value) for key, value in table.items()}
    return Feature(slug=path.parent.name, folder=path.parent, **values)


def _frozen(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _frozen(item) for key, item in value.items()}
    return tuple(value) if isinstance(value, list) else value
