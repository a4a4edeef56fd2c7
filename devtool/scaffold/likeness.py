"""A new project that has the things of a console program as its resources."""

from __future__ import annotations

from pathlib import Path

from devtool.model.wishes import Wishes
from devtool.scaffold import console, entities, mapping
from devtool.scaffold.resource.recorded import record
from devtool.scaffold.selection import Catalog, resolve
from devtool.scaffold.spec import ProjectSpec

WEB = 2


def after(spec: ProjectSpec, source: Path, known: Catalog) -> tuple[ProjectSpec, tuple[str, ...]]:
    """The project with the program's resources and what they need, and what was understood.

    Args:
        spec: What is asked for.
        source: The folder of the program.
        known: The features there are.

    Raises:
        UndetectedError: If the program keeps nothing that could become a resource.
        ConfigError: If a field has no column, or a name cannot be.
    """
    reading = entities.read(source)
    mapped = mapping.mapped(reading, taken=console.used_names(known))
    wanted = spec.replace(
        extra=(*spec.extra, *console.wanted_features(mapped)),
        without=(*spec.without, *_left_out(spec, mapped, known)),
    )
    whole, features = resolve(wanted, known, least=WEB)
    resources = console.resources_of(whole, features, mapped)
    paths = console.paths_of(mapped, resources)
    notes = tuple(console.understood(reading, mapped, paths))
    return wanted.replace(resources=tuple(map(record, resources))), notes


def _left_out(
    spec: ProjectSpec, mapped: tuple[mapping.Mapped, ...], known: Catalog
) -> tuple[str, ...]:
    """The usual features that are about tasks, for a program that has none."""
    if spec.features is not None:
        return ()
    wishes = Wishes(to=spec.phase, extra=spec.extra)
    return console.unwanted_features(mapped, known, wishes)
