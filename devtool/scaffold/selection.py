"""Which features a project has: those its phase brings, those asked for, and what they need. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from devtool.errors import ConfigError
from devtool.scaffold.catalog import Feature
from devtool.scaffold.spec import ProjectSpec

Catalog = Mapping[str, Feature]


def resolve(
    spec: ProjectSpec, catalog: Catalog, *, least: int = 1
) -> tuple[ProjectSpec, tuple[Feature, ...]]:
    """A project with its phase and every feature named, and the features, each after its needs.

    Args:
        spec: What is asked for.
        catalog: The features there are.
        least: The phase it has at least where it names none.

    Raises:
        ConfigError: If the phase has no projects, a name is unknown or for another phase, a feature
            is left out that something needs, or two features exclude each other.
    """
    named = [find(name, catalog) for name in (*(spec.features or ()), *spec.extra)]
    phase = spec.phase or max(least, *(feature.phase for feature in named), least)
    chosen = choose(
        phase,
        None if spec.features is None else tuple(f.slug for f in named[: len(spec.features)]),
        catalog,
        extra=spec.extra,
        without=spec.without,
    )
    slugs = tuple(feature.slug for feature in chosen)
    return spec.replace(phase=phase, features=slugs, extra=(), without=()), chosen


def choose(
    phase: int,
    names: tuple[str, ...] | None,
    catalog: Catalog,
    *,
    extra: tuple[str, ...] = (),
    without: tuple[str, ...] = (),
) -> tuple[Feature, ...]:
    """The features of a project, each after those it needs; the order of the names is of no effect.

    Args:
        phase: The project's phase.
        names: Exactly these, beside what belongs to every project; the defaults where None.
        catalog: The features there are.
        extra: These as well.
        without: Of the defaults, not these.

    Raises:
        ConfigError: As for `resolve`.
    """
    base = _always(phase, catalog)
    asked = [find(name, catalog) for name in (*(names or ()), *extra)]
    left_out = {feature.slug for name in without for feature in meant(name, catalog)}
    if names is None:
        taken = {feature.group for feature in asked if feature.group}
        asked += [
            feature
            for feature in catalog.values()
            if feature.default and feature.suits(phase) and feature.group not in taken
            if feature.slug not in left_out
            # The usual answer to a choice goes with what it is for.
            if not (feature.group and left_out & set(feature.needs))
        ]
    closed = _closure([*base, *asked], phase, catalog)
    _check_left_out(left_out, closed, catalog)
    _check_conflicts(closed)
    return tuple(_ordered(closed))


def find(name: str, catalog: Catalog) -> Feature:
    """The feature of that name or alias; `frontend=vite` is the answer `vite` to a choice.

    Raises:
        ConfigError: If there is none.
    """
    group, equals, value = name.partition("=")
    if equals:
        return member(group, value, catalog)
    if name in catalog:
        return catalog[name]
    for feature in catalog.values():
        if name in feature.aliases:
            return feature
    raise ConfigError(f"there is no feature {name!r}", hint=_nearest(name, catalog))


def member(group: str, value: str, catalog: Catalog) -> Feature:
    """The feature that is one answer to a choice: `frontend` and `next` mean `frontend-next`.

    Raises:
        ConfigError: If the choice has no such answer.
    """
    members = {
        feature.slug.removeprefix(f"{group}-"): feature
        for feature in catalog.values()
        if feature.group == group
    }
    if value in members:
        return members[value]
    raise ConfigError(
        f"there is no {group} {value!r}", hint=f"there are: {', '.join((*members, 'none'))}"
    )


def _always(phase: int, catalog: Catalog) -> list[Feature]:
    base = [feature for feature in catalog.values() if feature.always and feature.suits(phase)]
    if any(feature.phase == phase for feature in catalog.values()) and base:
        return base
    known = sorted({feature.phase for feature in catalog.values()})
    raise ConfigError(
        f"this devtool generates no projects of phase {phase}",
        hint=f"phases it generates: {', '.join(map(str, known))}",
    )


def meant(name: str, catalog: Catalog) -> list[Feature]:
    """The features that a name, an alias or a choice stands for.

    Raises:
        ConfigError: If it stands for none.
    """
    group = [feature for feature in catalog.values() if feature.group == name]
    return group or [find(name, catalog)]


def _closure(wanted: list[Feature], phase: int, catalog: Catalog) -> dict[str, Feature]:
    """The features and all they need, by name."""
    chosen: dict[str, Feature] = {}
    waiting = list(wanted)
    while waiting:
        feature = waiting.pop(0)
        if feature.slug in chosen:
            continue
        _check_phase(feature, phase)
        chosen[feature.slug] = feature
        groups = {item.group for item in (*chosen.values(), *waiting)}
        waiting += [
            _needed(need, catalog) for need in feature.needs if not (need and need in groups)
        ]
    return chosen


def _needed(need: str, catalog: Catalog) -> Feature:
    members = [feature for feature in catalog.values() if feature.group == need]
    default = [feature for feature in members if feature.default]
    return (default or members or [find(need, catalog)])[0]


def _check_phase(feature: Feature, phase: int) -> None:
    if feature.suits(phase):
        return
    if feature.phase > phase:
        raise ConfigError(
            f"the feature {feature.slug} is for phase {feature.phase}, not {phase}",
            hint=f"pass --phase {feature.phase}",
        )
    raise ConfigError(
        f"the feature {feature.slug} ends with phase {feature.until}, this is phase {phase}",
        hint=f"pass --phase {feature.until}, or leave it out",
    )


def _check_left_out(left_out: set[str], chosen: Catalog, catalog: Catalog) -> None:
    for slug in sorted(left_out & set(chosen)):
        if chosen[slug].always:
            raise ConfigError(f"every project has the feature {slug}", hint="it cannot be left out")
        users = _tops(slug, chosen, catalog)
        why = f"{users[0]} needs it" if users else "it is asked for"
        raise ConfigError(f"the feature {slug} cannot be left out: {why}", hint=_without(users))


def _without(users: list[str]) -> str:
    return f"leave out {' and '.join(users)} too" if users else "ask for it or leave it out"


def _tops(slug: str, chosen: Catalog, catalog: Catalog) -> list[str]:
    """Who needs a feature, through others too, and is needed by nobody else."""
    needs = {
        feature.slug: {_needed(need, catalog).slug for need in feature.needs}
        for feature in chosen.values()
    }
    users = {slug}
    while more := {user for user, own in needs.items() if own & users} - users:
        users |= more
    needed = {need for user in users - {slug} for need in needs[user]}
    return sorted(users - needed - {slug}) or sorted(users - {slug})


def _check_conflicts(chosen: Catalog) -> None:
    for feature in _by_phase(chosen.values()):
        rivals = {
            other.slug
            for other in chosen.values()
            if other is not feature and feature.group and other.group == feature.group
        }
        against = sorted((set(feature.conflicts) | rivals) & set(chosen))
        if against:
            raise ConfigError(
                f"the features {feature.slug} and {against[0]} exclude each other",
                hint="leave one of them out",
            )


def _ordered(chosen: Catalog) -> Iterator[Feature]:
    """By phase and name, but each after what it needs."""
    done: set[str] = set()

    def visit(feature: Feature) -> Iterator[Feature]:
        if feature.slug in done:
            return
        done.add(feature.slug)
        for need in _by_phase(item for item in chosen.values() if _serves(item, feature)):
            yield from visit(need)
        yield feature

    for feature in _by_phase(chosen.values()):
        yield from visit(feature)


def _serves(item: Feature, feature: Feature) -> bool:
    return bool({item.slug, item.group, *item.aliases} & set(feature.needs))


def _by_phase(features: Iterable[Feature]) -> list[Feature]:
    return sorted(features, key=lambda item: (item.phase, not item.always, item.slug))


def _nearest(name: str, catalog: Catalog) -> str:
    from difflib import get_close_matches

    near = get_close_matches(name, catalog, n=1)
    return f"did you mean {near[0]}?" if near else f"there are: {', '.join(catalog)}"
