"""A project from a few words: what `devtool new` calls."""

from __future__ import annotations

from pathlib import Path

from devtool.scaffold import apply, catalog, changes, manifest
from devtool.scaffold.changes import Change
from devtool.scaffold.render import render
from devtool.scaffold.spec import ProjectSpec


def plan_new(spec: ProjectSpec, folder: str | Path = ".", *, version: str) -> tuple[Change, ...]:
    """What a new project would hold; reads, and writes nothing.

    Args:
        spec: The project.
        folder: Where its own folder would stand.
        version: The version of devtool, for the manifest.

    Raises:
        ConfigError: If the phase or a feature is unknown, or the place is taken.
    """
    features = catalog.choose(spec.phase, spec.features, catalog.load())
    apply.check_place(Path(folder) / spec.name)
    files = manifest.with_manifest(spec, render(spec, features), version=version)
    return changes.plan(files, base={}, mine={})


def new_project(spec: ProjectSpec, folder: str | Path = ".") -> tuple[Change, ...]:
    """Write a new project, all of it or nothing, and say what it holds.

    Raises:
        ConfigError: If the phase or a feature is unknown, or the place is taken.
        DevtoolError: If it could not be written.
    """
    planned = plan_new(spec, folder, version=_version())
    apply.create(Path(folder) / spec.name, planned)
    return planned


def preview_project(spec: ProjectSpec, folder: str | Path = ".") -> tuple[Change, ...]:
    """What `new_project` would write, by the same code, without writing it."""
    return plan_new(spec, folder, version=_version())


def _version() -> str:
    import devtool

    return devtool.__version__
