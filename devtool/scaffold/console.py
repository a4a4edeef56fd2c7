"""A console program of the user's own becomes a web application: phase I to II, and further.

Everything new lies in `backend/`, beside the program; not a line of the program is touched.
"""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

from devtool.errors import ConfigError
from devtool.model.detection import Note
from devtool.model.wishes import Wishes
from devtool.scaffold import (
    catalog,
    compose,
    contract,
    dotenv,
    entities,
    growth,
    manifest,
    mapping,
    porting,
    requirements,
)
from devtool.scaffold.catalog import Feature
from devtool.scaffold.entities import Entity, Reading
from devtool.scaffold.growth import Growth
from devtool.scaffold.manifest import Manifest
from devtool.scaffold.mapping import Mapped
from devtool.scaffold.render import render
from devtool.scaffold.resource import files as resource_files
from devtool.scaffold.resource import targets
from devtool.scaffold.resource.names import pascal, snake
from devtool.scaffold.resource.parsing import parse
from devtool.scaffold.resource.recorded import record as recorded_as
from devtool.scaffold.resource.resource import Resource
from devtool.scaffold.spec import ProjectSpec, name_for, name_problem
from devtool.scaffold.update import plan_update
from devtool.scaffold.versions import as_pip

WEB = 2
MODELS = "backend/app/models/"


def plan_console(root: Path, wishes: Wishes) -> Growth:
    """What has to happen for a console program to be a web application; nothing is written.

    Args:
        root: The project's folder.
        wishes: What is wanted.

    Raises:
        UndetectedError: If the program keeps nothing that could become a resource.
        ConfigError: If a field has no column, a name cannot be, or a place is taken.
    """
    record = manifest.read(root) or Manifest()
    spec = _spec(root, record, wishes.name)
    to = WEB if wishes.to is None else wishes.to
    growth.check_phase(spec.phase or 1, to)
    reading = entities.read(root, wishes.files, only=wishes.only, skip=wishes.skip)
    known = catalog.load()
    mapped = mapping.mapped(reading, taken=used_names(known))
    grown, chosen = growth.grow(
        spec,
        to,
        known,
        extra=(*wishes.extra, *wanted_features(mapped)),
        without=(*wishes.without, *unwanted_features(mapped, known, wishes)),
    )
    resources = resources_of(grown, chosen, mapped)
    grown = grown.replace(
        resources=tuple(map(recorded_as, resources)),
        development=_development(root, grown, chosen),
    )
    paths = paths_of(mapped, resources)
    own = _own_files(reading, mapped, paths)
    files = render(grown, chosen) | dotenv.private_files(chosen) | own
    update = plan_update(
        root,
        files,
        title=f"evolve to phase {to}",
        spec={
            **growth.merged_spec(record.spec, grown),
            "console": _recorded(reading, mapped, paths, own),
        },
        is_whole=False,
        restore=wishes.restore,
    )
    had = set(spec.features or ())
    added = tuple(feature for feature in chosen if feature.slug not in had)
    return Growth(grown, added, update, tuple(_notes(reading, mapped, paths)))


def used_names(known: Mapping[str, Feature]) -> frozenset[str]:
    """Names of modules that features bring, in any phase: no resource can be called like one."""
    places = (
        *("app/models/*.py", "app/schemas/*.py", "app/services/*.py", "app/routers/*.py"),
        *("app/ai/tools/*.py", "tests/test_*.py"),
    )
    return frozenset(
        file.stem.removeprefix("test_")
        for feature in known.values()
        for part in (feature.folder / "files", *feature.folder.glob("with/*"))
        for place in places
        for file in (part / "backend").glob(place)
    )


def _spec(root: Path, record: Manifest, name: str) -> ProjectSpec:
    """The project as it is: what devtool recorded, or a name of its own and phase I."""
    if record.spec:
        return growth.spec_of(record)
    wanted = name or name_for(_declared_name(root) or root.name)
    problem = name_problem(wanted)
    if problem:
        raise ConfigError(
            f"{wanted!r} cannot be the name of the project: {problem}", hint="pass --name NAME"
        )
    return ProjectSpec(name=wanted, phase=1, features=())


def _declared_name(root: Path) -> str:
    name = _pyproject(root).get("project", {}).get("name", "")
    return name if isinstance(name, str) else ""


def _pyproject(root: Path) -> dict[str, Any]:
    try:
        return tomllib.loads((root / "pyproject.toml").read_text("utf-8-sig"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        return {}


def wanted_features(mapped: Iterable[Mapped]) -> tuple[str, ...]:
    """What the entities need: the feature `tasks`, or what resources share."""
    kinds = {item.is_feature for item in mapped}
    return (
        *(["tasks"] if True in kinds else []),
        *([resource_files.SHARED] if False in kinds else []),
    )


def unwanted_features(
    mapped: Iterable[Mapped], known: Mapping[str, Feature], wishes: Wishes
) -> tuple[str, ...]:
    """The usual features of phase II that are about tasks, for a program that has none."""
    if any(item.is_feature for item in mapped):
        return ()
    about = _users_of("tasks", known)
    return tuple(
        slug
        for slug, feature in known.items()
        if slug in about and feature.phase == WEB and feature.default and slug not in wishes.extra
        if wishes.to in (None, WEB) or slug != "tasks"
    )


def _users_of(slug: str, known: Mapping[str, Feature]) -> set[str]:
    """A feature and all that need it."""
    found = {slug}
    while more := {
        other.slug
        for other in known.values()
        if set(other.needs) & found and other.slug not in found
    }:
        found |= more
    return found


def resources_of(
    spec: ProjectSpec, features: tuple[Feature, ...], mapped: Iterable[Mapped]
) -> list[Resource]:
    """The resources as the generator understands them, in a project with these features."""
    rendered = render(spec, features)
    modules = {
        path.removeprefix(MODELS).removesuffix(".py"): text
        for path, text in rendered.items()
        if path.startswith(MODELS)
    }
    known = targets.read(modules, {})
    found = []
    for item in mapped:
        if not item.is_feature:
            resource = parse(item.resource, item.words, known)
            known[resource.name] = resource.as_target()
            found.append(resource)
    return found


def _own_files(
    reading: Reading, mapped: Collection[Mapped], paths: Mapping[str, str]
) -> dict[str, str]:
    """What is written once, because it speaks of the program: the contract tests and the list."""
    told = porting.text(reading, mapped, paths, contract.contracts(reading, mapped, paths))
    return {**contract.files(reading, mapped, paths), porting.PATH: told}


def _development(root: Path, spec: ProjectSpec, features: tuple[Feature, ...]) -> tuple[str, ...]:
    """What the program needs, for the tests that call it, where the backend does not ask for it."""
    rendered = tomllib.loads(render(spec, features)["backend/pyproject.toml"])
    held = [*rendered["project"]["dependencies"], *rendered["dependency-groups"]["dev"]]
    known = set(map(compose.package_of, held))
    return tuple(
        sorted(item for item in _requirements(root) if compose.package_of(item) not in known)
    )


def _requirements(root: Path) -> list[str]:
    """What the program says that it needs."""
    table = _pyproject(root).get("project", {})
    if isinstance(table.get("dependencies"), list):
        return [item for item in table["dependencies"] if isinstance(item, str)]
    named = requirements.named(root)
    if named:
        return [f"{name}{as_pip(spec)}" for name, spec in named.items()]
    try:
        lines = (root / "requirements.txt").read_text("utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError):
        return []
    plain = [line.partition("#")[0].partition(" --")[0].rstrip("\\ ").strip() for line in lines]
    # A bare address has no name that a list of dependencies could give it.
    return [
        line for line in plain if line and not line.startswith(("-", ".")) and "://" not in line
    ]


def _recorded(
    reading: Reading, mapped: Collection[Mapped], paths: Mapping[str, str], own: Collection[str]
) -> dict[str, Any]:
    """What the manifest says of the program: for imports of its data, and for upgrades."""
    return {
        "files": sorted(own),
        "entities": [
            {
                "name": item.entity.name,
                "path": paths[item.resource],
                "module": snake(item.resource),
                "class": pascal(item.resource),
                "fields": {field.name: field.api for field in item.fields},
                "moments": [field.name for field in item.fields if field.kind == "datetime"],
                "members": {f.name: list(f.values) for f in item.fields if f.kind == "enum"},
                "required": [f.name for f in item.entity.fields if f.is_required],
                "skipped": sorted(_unsent(reading, item.entity)),
            }
            for item in mapped
        ],
    }


def _unsent(reading: Reading, entity: Entity) -> set[str]:
    """Fields of an entity that the API does not take: its key, and what was skipped."""
    key = {entity.key.name} if entity.key is not None else set()
    labels = {note.text.partition(":")[0].partition(".") for note in reading.skipped}
    return key | {field for name, _, field in labels if name == entity.name}


def _notes(reading: Reading, mapped: Collection[Mapped], paths: Mapping[str, str]) -> list[str]:
    """What was understood, with its place, and what is left to be done."""
    found = understood(reading, mapped, paths)
    found += [
        f"to be ported by hand: {manager.name}.{method.name} ({manager.path}:{method.line})"
        for manager in reading.managers
        for method in manager.custom
    ]
    return found


def understood(reading: Reading, mapped: Collection[Mapped], paths: Mapping[str, str]) -> list[str]:
    """What each thing of a program becomes, and what was left out, with its place."""
    found = [
        f"{item.entity.name} becomes {paths[item.resource]}"
        f" ({item.entity.path}:{item.entity.line}: {item.entity.why})"
        for item in mapped
    ]
    found += [_said(note) for item in mapped for note in item.notes]
    found += [f"left out: {_said(note)}" for note in (*reading.skipped, *reading.left_out)]
    return found


def paths_of(mapped: Iterable[Mapped], resources: Iterable[Resource]) -> dict[str, str]:
    """Where the API has each resource, by its name."""
    paths = {item.resource: "/api/v1/tasks" for item in mapped if item.is_feature}
    return paths | {each.class_name: f"/api/v1/{each.path}" for each in resources}


def _said(note: Note) -> str:
    return f"{note.text} ({note.path}:{note.line})" if note.line else note.text
