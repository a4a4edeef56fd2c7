"""A project from a few words: what `devtool new` calls."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from devtool.scaffold import apply, catalog, changes, dotenv, manifest
from devtool.scaffold.changes import Change
from devtool.scaffold.render import render
from devtool.scaffold.selection import resolve
from devtool.scaffold.spec import ProjectSpec


class NewProject(NamedTuple):
    """Everything that a new project is made of.

    Attributes:
        spec: What was asked for, with its phase and every feature named.
        changes: Its files, the manifest among them.
        private: Files with secrets: written, but ignored by git and recorded nowhere.
    """

    spec: ProjectSpec
    changes: tuple[Change, ...]
    private: dict[str, str]


def plan_new(
    spec: ProjectSpec, folder: str | Path = ".", *, version: str, database_url: str = ""
) -> NewProject:
    """What a new project would hold; reads, and writes nothing.

    Args:
        spec: The project.
        folder: Where its own folder would stand.
        version: The version of devtool, for the manifest.
        database_url: Where its data is; for its `.env` only.

    Raises:
        ConfigError: If the phase or a feature is unknown, or the place is taken.
    """
    whole, features = resolve(spec, catalog.load())
    private = dotenv.private_files(features, database_url)
    apply.check_place(Path(folder) / spec.name)
    files = manifest.with_manifest(whole, render(whole, features), version=version)
    return NewProject(whole, changes.plan(files, base={}, mine={}), private)


def new_project(
    spec: ProjectSpec, folder: str | Path = ".", *, database_url: str = ""
) -> tuple[Change, ...]:
    """Write a new project, all of it or nothing, and say what it holds.

    Args:
        spec: The project.
        folder: Where its own folder will stand.
        database_url: Where its data is. It goes, with its password, into the project's `.env` and
            nowhere else.

    Raises:
        ConfigError: If the phase or a feature is unknown, or the place is taken.
        DevtoolError: If it could not be written.
    """
    planned = plan_new(spec, folder, version=_version(), database_url=database_url)
    apply.create(Path(folder) / spec.name, planned.changes, planned.private)
    return planned.changes


def preview_project(
    spec: ProjectSpec, folder: str | Path = ".", *, database_url: str = ""
) -> tuple[Change, ...]:
    """What `new_project` would write, by the same code, without writing it."""
    return plan_new(spec, folder, version=_version(), database_url=database_url).changes


def _version() -> str:
    import devtool

    return devtool.__version__
