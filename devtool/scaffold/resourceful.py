"""Add a resource to a project, or take one away: which files, and what becomes of the lists."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from devtool.errors import ConfigError, ConflictError
from devtool.model.detection import Note
from devtool.scaffold import catalog, compose, growth, heads, manifest, selection
from devtool.scaffold.catalog import Feature
from devtool.scaffold.changes import Action
from devtool.scaffold.manifest import Manifest
from devtool.scaffold.render import BACKEND, MODELS, ROUTERS, TOOLS, offers_tools, render
from devtool.scaffold.resource import files as resource_files
from devtool.scaffold.resource import targets
from devtool.scaffold.resource.names import snake
from devtool.scaffold.resource.parsing import parse
from devtool.scaffold.resource.recorded import record as recorded_as
from devtool.scaffold.resource.recorded import restored
from devtool.scaffold.resource.resource import Resource, Target
from devtool.scaffold.revisions import Chain, numbered
from devtool.scaffold.spec import ProjectSpec
from devtool.scaffold.update import Update, plan_update

WEB = 2


class Planned(NamedTuple):
    """What adding or taking away a resource comes to.

    Attributes:
        resource: The resource.
        update: What happens to each file.
        revision: The revision that is written.
    """

    resource: Resource
    update: Update
    revision: str


def plan_resource(root: Path, name: str, words: Iterable[str]) -> Planned:
    """What has to happen for a project to have a resource; reads, and writes nothing.

    Args:
        root: The project's folder.
        name: The resource, such as `Invoice`.
        words: Its fields, such as `due:date?`.

    Raises:
        ConfigError: If the words describe no resource, devtool did not write the project, it has no
            backend, or its migrations have two ends.
    """
    record = growth.recorded(root)
    spec = _web(growth.spec_of(record), root)
    resource = parse(name, words, known_targets(root))
    known = catalog.load()
    features = _features(spec, known)
    more = spec.replace(
        features=tuple(feature.slug for feature in features),
        resources=(*spec.resources, recorded_as(resource)),
    )
    chain = heads.chain_of(root, record.files)
    path, text = _revision(resource_files.revision_file(resource), chain)
    rendered = render(more, features, chain=chain)
    wanted = {
        *resource_files.files(resource, with_tools=offers_tools(features)),
        *_shared(features),
    }
    files = {path: text, **{place: rendered[place] for place in sorted(wanted)}}
    files |= _lists(root, record, rendered, add=resource)
    update = plan_update(
        root,
        files,
        title=f"generate resource {resource.name}",
        spec=growth.merged_spec(record.spec, more),
        is_whole=False,
    )
    return Planned(resource, update, path)


def plan_removal(root: Path, name: str) -> Planned:
    """What has to happen for a project not to have a resource; reads, and writes nothing.

    Its table is dropped by a revision of its own: the one that made it may have been applied
    elsewhere. What resources share stays, for earlier revisions may need it.

    Raises:
        ConfigError: If devtool did not generate it, or something else refers to it.
        ConflictError: If its files were edited.
    """
    record = growth.recorded(root)
    spec = growth.spec_of(record)
    resource = _recorded(spec, name)
    _refuse_users(root, resource)
    left = tuple(each for each in spec.resources if each["name"] != resource.name)
    chain = heads.chain_of(root, record.files)
    path, text = _revision(resource_files.dropping_file(resource), chain)
    known = catalog.load()
    rendered = render(spec, _features(spec, known), chain=chain)
    less = spec.replace(resources=left)
    dropped = list(resource_files.files(resource, with_tools=True))
    update = plan_update(
        root,
        {path: text, **_lists(root, record, rendered, drop=resource)},
        title=f"destroy resource {resource.name}",
        spec=growth.merged_spec(record.spec, less),
        kept=record.files.keys() - set(dropped),
    )
    _refuse_edited(update, dropped)
    return Planned(resource, update, path)


def _recorded(spec: ProjectSpec, name: str) -> Resource:
    wanted = snake(name)
    names = [str(each["name"]) for each in spec.resources]
    for each in spec.resources:
        if wanted in (each["name"], each["plural"]):
            return restored(each)
    raise ConfigError(
        f"devtool generated no resource {name!r} here",
        hint=f"there are: {', '.join(names)}" if names else "there are none",
    )


def _refuse_users(root: Path, resource: Resource) -> None:
    """Refuse to take away what other modules import."""
    own = set(resource_files.files(resource, with_tools=True))
    users = [
        path.relative_to(root).as_posix()
        for path in sorted((root / BACKEND).glob("app/**/*.py"))
        if path.relative_to(root).as_posix() not in own
        and path.name != "__init__.py"
        and _imports_any(path.read_text("utf-8-sig", "replace"), resource)
    ]
    if users:
        raise ConfigError(
            f"{resource.words} is used by {users[0]}",
            hint="destroy or change what uses it first",
            notes=[Note(text=f"{path} imports it", path=path) for path in users],
        )


def _imports_any(text: str, resource: Resource) -> bool:
    package, name = "app[.](models|schemas|services)", resource.name
    pattern = rf"^\s*(from|import)\s+{package}([.]{name}\b|\s+import\b.*\b{name}\b)"
    return re.search(pattern, text, re.MULTILINE) is not None


def _refuse_edited(update: Update, dropped: Iterable[str]) -> None:
    gone = set(dropped)
    edited = [
        change.path
        for change in update.changes
        if change.path in gone and change.action is Action.RELEASE and change.mine is not None
    ]
    if edited:
        raise ConflictError(
            f"{edited[0]} was edited and would be lost",
            hint="take your lines out of it, or remove it yourself first",
            notes=[Note(text=f"{path} was edited", path=path) for path in edited],
        )


def known_targets(root: Path) -> dict[str, Target]:
    """The tables that a project has.

    Raises:
        ConfigError: If a model is no Python.
    """
    return targets.read(_modules(root, "models"), _modules(root, "services"))


def _modules(root: Path, package: str) -> dict[str, str]:
    return {
        path.stem: path.read_text("utf-8-sig", "replace")
        for path in sorted((root / BACKEND / "app" / package).glob("*.py"))
    }


def _web(spec: ProjectSpec, root: Path) -> ProjectSpec:
    if (spec.phase or 1) < WEB:
        raise ConfigError(
            f"{root}: a project of phase {spec.phase or 1} has no backend for it",
            hint="devtool evolve --to 2",
        )
    return spec


def _features(spec: ProjectSpec, known: Mapping[str, Feature]) -> tuple[Feature, ...]:
    """The project's features, with what resources share."""
    names = [slug for slug in spec.features or () if slug in known]
    kept = [slug for slug in names if known[slug].suits(spec.phase or WEB)]
    return selection.choose(spec.phase or WEB, (*kept, resource_files.SHARED), known)


def _shared(features: Iterable[Feature]) -> list[str]:
    """The files that all resources need."""
    shared = next(feature for feature in features if feature.slug == resource_files.SHARED)
    folder = shared.folder / "files"
    return [path.relative_to(folder).as_posix() for path in folder.rglob("*.py")]


def _revision(file: tuple[str, str], chain: Chain) -> tuple[str, str]:
    """A revision on the project's head, whatever has had its name before."""
    ((path, text),) = numbered([file], chain._replace(names=frozenset())).items()
    return path, text


def _lists(
    root: Path,
    record: Manifest,
    rendered: Mapping[str, str],
    *,
    add: Resource | None = None,
    drop: Resource | None = None,
) -> dict[str, str]:
    """The lists of modules as they were generated last, with one resource more or less."""
    bases = manifest.bases(root, record)

    def last(path: str) -> str:
        base = bases.get(path)
        return base.text if base is not None and base.text is not None else rendered[path]

    def changed(names: list[str], more: str, less: str) -> list[str]:
        return [*(name for name in names if name != less), *([more] if more else [])]

    routers, models = last(ROUTERS), last(MODELS)
    versioned = changed(
        compose.listed(routers, "VERSIONED"),
        add.plural if add else "",
        drop.plural if drop else "",
    )
    tables = changed(
        compose.listed(models, "__all__"), add.name if add else "", drop.name if drop else ""
    )
    lists = {
        ROUTERS: compose.routers(versioned, compose.listed(routers, "ROOT")),
        MODELS: compose.models(tables),
    }
    if TOOLS in rendered:
        old, new = drop.plural if drop else "", add.plural if add else ""
        lists[TOOLS] = compose.tools(changed(compose.listed(last(TOOLS), "TOOLSETS"), new, old))
    return lists
