"""The features there are: folders with a `feature.toml` and real files."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from devtool.errors import ConfigError

FOLDER = Path(__file__).parent / "features"


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """What a feature says about itself in its `feature.toml`.

    Args:
        slug: Its folder's name.
        summary: What a project has with it, in one line.
        phase: The first phase that can have it.
        default: Whether every project of that phase has it.
        needs: Features that come with it.
        conflicts: Features that cannot stand beside it.
        dependencies: What its code imports.
        development: What its tests and checks run.
        env: Lines of `.env.example`, each a variable or a comment.
        folder: Where its files are.
    """

    slug: str
    summary: str
    phase: int
    default: bool = False
    needs: tuple[str, ...] = ()
    conflicts: tuple[str, ...] = ()
    dependencies: tuple[str, ...] = ()
    development: tuple[str, ...] = ()
    env: tuple[str, ...] = ()
    folder: Path


def load(folder: Path = FOLDER) -> dict[str, Feature]:
    """Every feature of a folder by its name, in the order of names."""
    return {path.parent.name: _feature(path) for path in sorted(folder.glob("*/feature.toml"))}


def _feature(path: Path) -> Feature:
    table: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    values: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in table.items()
    }
    return Feature(slug=path.parent.name, folder=path.parent / "files", **values)


def choose(phase: int, names: tuple[str, ...], features: dict[str, Feature]) -> tuple[Feature, ...]:
    """The features of a project, each after those it needs.

    Raises:
        ConfigError: If the phase has no features, a name is unknown or for a later phase, or two
            features exclude each other.
    """
    defaults = [
        slug for slug, feature in features.items() if feature.default and feature.phase == phase
    ]
    if not defaults:
        known = sorted({feature.phase for feature in features.values() if feature.default})
        raise ConfigError(
            f"this devtool generates no projects of phase {phase}",
            hint=f"phases it generates: {', '.join(map(str, known))}",
        )
    chosen: dict[str, Feature] = {}
    for name in (*defaults, *names):
        _add(name, phase, features, chosen)
    for feature in chosen.values():
        against = sorted(set(feature.conflicts) & set(chosen))
        if against:
            raise ConfigError(
                f"the features {feature.slug} and {against[0]} exclude each other",
                hint="leave one of them out",
            )
    return tuple(chosen.values())


def _add(name: str, phase: int, features: dict[str, Feature], chosen: dict[str, Feature]) -> None:
    if name in chosen:
        return
    feature = features.get(name)
    if feature is None:
        raise ConfigError(f"there is no feature {name!r}", hint=_nearest(name, features))
    if feature.phase > phase:
        raise ConfigError(
            f"the feature {name} is for phase {feature.phase}, not {phase}",
            hint=f"pass --phase {feature.phase}",
        )
    for need in feature.needs:
        _add(need, phase, features, chosen)
    chosen[name] = feature


def _nearest(name: str, features: dict[str, Feature]) -> str:
    from difflib import get_close_matches

    near = get_close_matches(name, features, n=1)
    return f"did you mean {near[0]}?" if near else f"there are: {', '.join(features)}"
