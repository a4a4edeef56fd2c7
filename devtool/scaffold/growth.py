"""A project of one phase becomes one of a later phase: which features come, and which files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any, NamedTuple

from devtool.errors import ConfigError
from devtool.scaffold import catalog, dotenv, heads, manifest, selection
from devtool.scaffold.catalog import Feature
from devtool.scaffold.manifest import Manifest
from devtool.scaffold.render import render
from devtool.scaffold.spec import ProjectSpec
from devtool.scaffold.update import Update, plan_update

LAST = 5


class Growth(NamedTuple):
    """What evolving a project comes to.

    Attributes:
        spec: The project afterwards.
        added: Features that come.
        update: What happens to each file.
        notes: Sentences for whoever runs it, each with a way on.
    """

    spec: ProjectSpec
    added: tuple[Feature, ...]
    update: Update
    notes: tuple[str, ...] = ()


def plan_growth(
    root: Path,
    to: int,
    *,
    extra: Iterable[str] = (),
    without: Iterable[str] = (),
    restore: Iterable[str] = (),
) -> Growth:
    """What has to happen for a project that devtool wrote to be one of a later phase.

    Args:
        root: The project's folder.
        to: The phase.
        extra: Features to have as well.
        without: Usual features not to have.
        restore: Files that the user removed and that are to come back.

    Raises:
        ConfigError: If devtool did not write the project, the phase is none or has passed, a feature
            is unknown, or the migrations have two ends.
    """
    record = recorded(root)
    spec = spec_of(record)
    now = spec.phase or 1
    asked = tuple(extra)
    if to == now and not asked:
        return _grown_already(root, record, spec)
    check_phase(now, to)
    known = catalog.load()
    grown, chosen = grow(spec, to, known, extra=asked, without=tuple(without))
    chain = heads.chain_of(root, record.files)
    files = render(grown, chosen, chain=chain) | dotenv.private_files(chosen)
    had = set(spec.features or ())
    update = plan_update(
        root,
        files,
        title=f"evolve to phase {to}",
        spec=merged_spec(record.spec, grown),
        is_whole=False,
        restore=restore,
    )
    added = tuple(item for item in chosen if item.slug not in had)
    return Growth(grown, added, update, tuple(along(added, asked)))


def _grown_already(root: Path, record: Manifest, spec: ProjectSpec) -> Growth:
    note = f"the project is in phase {spec.phase} already; devtool upgrade brings it up to date"
    nothing = Update(root=root, title="evolve", changes=(), record=record, files={})
    return Growth(spec, (), nothing, (note,))


def along(added: Iterable[Feature], asked: Iterable[str]) -> Iterator[str]:
    """A sentence for each feature that nobody asked for and that only others need."""
    features = list(added)
    wanted = set(asked)
    for feature in features:
        users = [other.slug for other in features if feature.slug in other.needs]
        if (
            users
            and feature.phase < max(item.phase for item in features)
            and feature.slug not in wanted
        ):
            yield f"{feature.slug} comes along: {', '.join(users)} and their tests work with it"


def recorded(root: Path) -> Manifest:
    """The manifest of a project that devtool wrote.

    Raises:
        ConfigError: If there is none.
    """
    record = manifest.read(root)
    if record is None or not record.spec:
        raise ConfigError(
            f"{root}: devtool did not write this project", hint="there is no .devtool/manifest.json"
        )
    return record


def spec_of(record: Manifest) -> ProjectSpec:
    """What was asked for, as far as this devtool knows the words.

    Raises:
        ConfigError: If it is no project.
    """
    names = {field.name for field in fields(ProjectSpec)}
    values: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value
        for key, value in record.spec.items()
        if key in names
    }
    try:
        return ProjectSpec(**values)
    except TypeError as error:
        raise ConfigError(
            f"{manifest.PATH} does not say what the project is",
            hint="restore it from version control",
        ) from error


def merged_spec(old: Mapping[str, Any], spec: ProjectSpec) -> dict[str, Any]:
    """What the manifest is to say: the new words, and what others wrote beside them."""
    return {**old, **asdict(spec)}


def check_phase(now: int, to: int) -> None:
    """Refuse a phase that is none, or not ahead.

    Raises:
        ConfigError: If it is one of those.
    """
    if not 1 <= to <= LAST:
        raise ConfigError(f"there is no phase {to}", hint=f"phases are 1 to {LAST}")
    if to <= now:
        raise ConfigError(
            f"the project is in phase {now} already",
            hint="devtool upgrade brings it up to date" if to == now else "projects do not shrink",
        )


def grow(
    spec: ProjectSpec,
    to: int,
    known: Mapping[str, Feature],
    *,
    extra: tuple[str, ...] = (),
    without: tuple[str, ...] = (),
) -> tuple[ProjectSpec, tuple[Feature, ...]]:
    """The project in a later phase: what it has, and the usual features of the phases between. Pure.

    Raises:
        ConfigError: If a feature is unknown or excludes another.
    """
    now = spec.phase or 1
    kept = [known[slug] for slug in spec.features or () if slug in known and known[slug].suits(to)]
    asked = [selection.find(name, known) for name in extra]
    left_out = {item.slug for name in without for item in selection.meant(name, known)}
    groups = {feature.group for feature in (*kept, *asked) if feature.group}
    usual = [
        feature
        for feature in known.values()
        if feature.default and now < feature.phase <= to and feature.suits(to)
        if feature.slug not in left_out and feature.group not in groups
    ]
    names = tuple(feature.slug for feature in (*kept, *asked, *usual))
    chosen = selection.choose(to, names, known, without=without)
    slugs = tuple(feature.slug for feature in chosen)
    return spec.replace(phase=to, features=slugs, extra=(), without=()), chosen
