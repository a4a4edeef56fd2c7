"""A project from a few words: what `devtool new` calls."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from devtool.scaffold import apply, catalog, changes, dotenv, manifest
from devtool.scaffold.changes import Change
from devtool.scaffold.render import render
from devtool.scaffold.selection import resolve
from devtool.scaffold.spec import ProjectSpec

WEB = 2


class NewProject(NamedTuple):
    """Everything that a new project is made of.

    Attributes:
        spec: What was asked for, with its phase and every feature named.
        changes: Its files, the manifest among them.
        private: Files with secrets: written, but ignored by git and recorded nowhere.
        notes: What was understood of the program it is made after.
    """

    spec: ProjectSpec
    changes: tuple[Change, ...]
    private: dict[str, str]
    notes: tuple[str, ...] = ()


def plan_new(
    spec: ProjectSpec,
    folder: str | Path = ".",
    *,
    database_url: str = "",
    source: str | Path | None = None,
) -> NewProject:
    """What a new project would hold; reads, and writes nothing.

    Args:
        spec: The project.
        folder: Where its own folder would stand.
        database_url: Where its data is; for its `.env` only.
        source: A console program whose things it has as resources; it is read and not changed.

    Raises:
        ConfigError: If the phase or a feature is unknown, or the place is taken; or if a thing of
            the program cannot be a resource.
        UndetectedError: If the program keeps nothing that could become a resource.
    """
    known = catalog.load()
    notes: tuple[str, ...] = ()
    if source is not None:
        from devtool.scaffold import likeness

        spec, notes = likeness.after(spec, Path(source), known)
    # Only a backend has a database, and only what is more than a console has parts to leave out.
    least = WEB if database_url or spec.without else 1
    whole, features = resolve(spec, known, least=least)
    private = dotenv.private_files(features, database_url)
    apply.check_place(Path(folder) / spec.name)
    files = manifest.with_manifest(whole, render(whole, features), version=_version())
    return NewProject(whole, changes.plan(files, base={}, mine={}), private, notes)


def write(planned: NewProject, folder: str | Path = ".") -> None:
    """Write a planned project, all of it or nothing.

    Raises:
        ConfigError: If the place is taken.
        DevtoolError: If it could not be written.
    """
    apply.create(Path(folder) / planned.spec.name, planned.changes, planned.private)


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
    planned = plan_new(spec, folder, database_url=database_url)
    write(planned, folder)
    return planned.changes


def preview_project(
    spec: ProjectSpec, folder: str | Path = ".", *, database_url: str = ""
) -> tuple[Change, ...]:
    """What `new_project` would write, by the same code, without writing it."""
    return plan_new(spec, folder, database_url=database_url).changes


def _version() -> str:
    import devtool

    return devtool.__version__
