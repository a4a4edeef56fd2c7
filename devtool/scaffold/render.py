"""ProjectSpec -> the text of every file. Pure but for reading the features' own files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from devtool.errors import ConfigError, DevtoolError
from devtool.scaffold import compose
from devtool.scaffold.catalog import Feature
from devtool.scaffold.revisions import Chain, numbered
from devtool.scaffold.spec import ProjectSpec

TYPE_CHECKING = False
if TYPE_CHECKING:
    from devtool.scaffold.resource.resource import Resource

# A name that would act on our own repository is stored with this before it.
DOT = "dot_"
NOISE = {"__pycache__", ".pytest_cache", ".mypy_cache", ".ruff_cache", "node_modules"}
BACKEND = "backend/"
ROUTERS = f"{BACKEND}app/routers/__init__.py"
MODELS = f"{BACKEND}app/models/__init__.py"
TOOLS = f"{BACKEND}app/ai/tools/__init__.py"
# Stands in a list of tables for those of resources.
WATCHED = "__TABLES__"
NO_CHAIN = Chain()


class Source(NamedTuple):
    """A file of a feature on its way into a project.

    Attributes:
        feature: Whose it is.
        rank: With how many other features it is brought; the more particular file wins.
        path: Where it goes, from the project's root, with slashes.
        file: Where it is.
    """

    feature: Feature
    rank: int
    path: str
    file: Path


def render(
    spec: ProjectSpec, features: tuple[Feature, ...], *, chain: Chain = NO_CHAIN
) -> dict[str, str]:
    """The text of every file of a project, by its path with slashes, sorted.

    Args:
        spec: The project, with its phase.
        features: What it has, each feature after those it needs.
        chain: The revisions it has already.

    Raises:
        DevtoolError: If two features bring the same file, or ask for one package in different ways.
        ConfigError: If the project has the name of a package it needs.
    """
    _check_name(spec, features)
    sources = _chosen(_sources(features))
    texts = [(s.path, substitute(s.file.read_text("utf-8"), spec)) for s in sources]
    resources = _resources(spec)
    taken = {source.path: source.feature.slug for source in sources}
    for each in resources:
        texts += _refuse_taken(each, taken, list(_resource_files(each, features)))
    watched = [each.plural for each in resources if each.plural in chain.names]
    files = numbered(((path, _watching(text, watched)) for path, text in texts), chain)
    files |= _shared(files, features, resources)
    own = f"{BACKEND}pyproject.toml"
    if spec.development and own in files:
        files[own] = compose.pyproject(files[own], development=spec.development)
    return dict(sorted(files.items()))


def offers_tools(features: Iterable[Feature]) -> bool:
    """Whether a project with these features has tools for assistants."""
    return any(feature.tools for feature in features)


def _resources(spec: ProjectSpec) -> list[Resource]:
    """What `devtool generate resource` added; most projects pay for nothing of it."""
    if not spec.resources:
        return []
    from devtool.scaffold.resource.recorded import restored

    return [restored(record) for record in spec.resources]


def _resource_files(resource: Resource, features: tuple[Feature, ...]) -> Iterator[tuple[str, str]]:
    from devtool.scaffold.resource import files

    yield from files.files(resource, with_tools=offers_tools(features)).items()
    yield files.revision_file(resource)


def _refuse_taken(
    resource: Resource, taken: Mapping[str, str], files: list[tuple[str, str]]
) -> list[tuple[str, str]]:
    """A resource's files, none of which is a feature's.

    Raises:
        ConfigError: If one is.
    """
    for path, _ in files:
        if path in taken:
            raise ConfigError(
                f"{resource.class_name} cannot be a resource beside the feature {taken[path]}:"
                f" both have {path}",
                hint="call it something else, or leave the feature out",
            )
    return files


def substitute(text: str, spec: ProjectSpec) -> str:
    """A text in which the tokens of a feature's files are the project's names."""
    return (
        text.replace("__PROJECT__", spec.name)
        .replace("__MODULE__", spec.module)
        .replace("__LABEL__", spec.label)
        .replace("__TITLE__", spec.title)
        .replace("__VERSION__", spec.version)
    )


def _watching(text: str, tables: list[str]) -> str:
    """A revision that tells of tables with those that resources have made already."""
    return text.replace(f', "{WATCHED}"', "".join(f', "{table}"' for table in tables) or ",")


def home(feature: Feature) -> str:
    """The folder of the Python project that a feature belongs to."""
    return BACKEND if feature.phase > 1 else ""


def _check_name(spec: ProjectSpec, features: tuple[Feature, ...]) -> None:
    for feature in features:
        for requirement in (*feature.dependencies, *feature.development):
            if compose.package_of(requirement) == spec.name.replace("_", "-"):
                raise ConfigError(
                    f"{spec.name!r} cannot be the name of a project: it needs a package of that name",
                    hint="choose another name",
                )


def _sources(features: tuple[Feature, ...]) -> Iterator[Source]:
    """Every file that the features bring, alone (`files`) or together with others (`with/a+b`)."""
    slugs = {feature.slug for feature in features}
    for feature in features:
        yield from _files_in(feature, feature.folder / "files", 0)
        for folder in sorted(feature.folder.glob("with/*")):
            others = set(folder.name.split("+"))
            if others <= slugs:
                yield from _files_in(feature, folder, len(others))


def _files_in(feature: Feature, folder: Path, rank: int) -> Iterator[Source]:
    for file in sorted(folder.rglob("*")):
        if file.is_file() and not NOISE & set(file.parts):
            yield Source(feature, rank, _target(file.relative_to(folder)), file)


def _target(path: Path) -> str:
    return "/".join(
        f".{part.removeprefix(DOT)}" if part.startswith(DOT) else part for part in path.parts
    )


def _chosen(sources: Iterable[Source]) -> list[Source]:
    """One source for each path, in the order of features."""
    chosen: dict[str, Source] = {}
    for source in sources:
        held = chosen.get(source.path)
        chosen[source.path] = source if held is None else _stronger(held, source)
    return list(chosen.values())


def _stronger(one: Source, other: Source) -> Source:
    """The file that stands in for the other.

    Raises:
        DevtoolError: If neither says that it does.
    """
    if one.feature is other.feature and one.rank != other.rank:
        return max(one, other, key=lambda source: source.rank)
    claims = [source for source in (one, other) if source.path in source.feature.replaces]
    if len(claims) == 1:
        return claims[0]
    names = " and ".join(sorted({one.feature.slug, other.feature.slug}))
    raise DevtoolError(
        f"two features bring the file {one.path}: {names}", hint="one has to leave it to the other"
    )


def _shared(
    files: dict[str, str], features: tuple[Feature, ...], resources: list[Resource]
) -> dict[str, str]:
    """The files that are composed of what every feature says."""
    shared: dict[str, str] = {}
    for place in sorted({home(feature) for feature in features}):
        there = [feature for feature in features if home(feature) == place]
        shared |= _python_project(files, there, place)
    plurals = [each.plural for each in resources]
    if any(feature.routers or feature.root_routers for feature in features):
        shared[ROUTERS] = compose.routers(
            [*plurals, *(name for feature in features for name in feature.routers)],
            [name for feature in features for name in feature.root_routers],
        )
    if any(feature.models for feature in features):
        names = [each.name for each in resources]
        shared[MODELS] = compose.models(
            [*names, *(name for feature in features for name in feature.models)]
        )
    if offers_tools(features):
        shared[TOOLS] = compose.tools(
            [*plurals, *(name for feature in features for name in feature.tools)]
        )
    package = "frontend/package.json"
    if package in files:
        parts = [feature.package for feature in features]
        shared[package] = compose.package_json(files[package], parts)
    return shared


def _python_project(files: dict[str, str], features: list[Feature], place: str) -> dict[str, str]:
    shared: dict[str, str] = {}
    path = f"{place}pyproject.toml"
    if path in files:
        optional: dict[str, list[str]] = {}
        for feature in features:
            for group, items in feature.optional.items():
                optional.setdefault(group, []).extend(items)
        shared[path] = compose.pyproject(
            files[path],
            dependencies=[item for feature in features for item in feature.dependencies],
            development=[item for feature in features for item in feature.development],
            optional=optional,
            scripts={k: v for feature in features for k, v in feature.scripts.items()},
        )
    if any(feature.env for feature in features):
        shared[f"{place}.env.example"] = compose.env_example(feature.env for feature in features)
    return shared
