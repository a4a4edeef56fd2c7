"""A project of an older devtool, brought up to date: the same features, written as they are written now."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from devtool.scaffold import catalog, dotenv, growth, heads, selection
from devtool.scaffold.growth import Growth
from devtool.scaffold.manifest import Manifest
from devtool.scaffold.render import render
from devtool.scaffold.revisions import FOLDER
from devtool.scaffold.spec import ProjectSpec
from devtool.scaffold.update import plan_update


class Behaviour(NamedTuple):
    """Something that generated code does differently since a version.

    A text can merge cleanly and mean something else; what does is told, not only written.

    Attributes:
        version: The first version of devtool that writes it so.
        feature: Whose behaviour it is.
        change: What is different, and what to look at.
    """

    version: str
    feature: str
    change: str


# THE TABLE of behaviour changes, oldest first. A change to a feature's files that changes what they do
# gets a line here, as CHANGELOG.md has it (``- Generated `feature`: ...``); what has not been released
# is old news to nobody, so the table is empty before the second release.
BEHAVIOUR: tuple[Behaviour, ...] = ()


def plan_upgrade(
    root: Path,
    *,
    restore: Iterable[str] = (),
    behaviour: Iterable[Behaviour] = BEHAVIOUR,
) -> Growth:
    """What has to happen for a project to be as this devtool would write it, edits kept.

    Args:
        root: The project's folder.
        restore: Files that the user removed and that are to come back.
        behaviour: What generated code does differently, by version.

    Raises:
        ConfigError: If devtool did not write the project, or it cannot be rendered any more.
    """
    record = growth.recorded(root)
    spec = growth.spec_of(record)
    known = catalog.load()
    features = tuple(slug for slug in spec.features or () if slug in known)
    chosen = selection.choose(spec.phase or 1, features, known)
    chain = heads.chain_of(root, record.files)
    files = render(spec, chosen, chain=chain) | dotenv.private_files(chosen)
    files = _console(record, spec) | files
    had = set(spec.features or ())
    grown = spec.replace(features=tuple(feature.slug for feature in chosen))
    update = plan_update(
        root,
        files,
        title="upgrade",
        spec=growth.merged_spec(record.spec, grown),
        kept=[
            *(path for path in record.files if path.startswith(FOLDER)),
            *record.spec.get("console", {}).get("files", ()),
        ],
        restore=restore,
    )
    notes = tuple(
        f"{item.feature} since {item.version}: {item.change}"
        for item in news(behaviour, record.devtool_version, had)
    )
    added = tuple(feature for feature in chosen if feature.slug not in had)
    return Growth(grown, added, update, notes)


def news(behaviour: Iterable[Behaviour], since: str, features: Iterable[str]) -> list[Behaviour]:
    """What is different for a project with these features that an older devtool wrote. Pure."""
    had = set(features)
    return [
        item for item in behaviour if item.feature in had and numbers(item.version) > numbers(since)
    ]


def numbers(version: str) -> tuple[int, ...]:
    """A version to be compared; what is no number counts as the oldest."""
    return tuple(int(part) if part.isdecimal() else 0 for part in version.split("."))


def _console(record: Manifest, spec: ProjectSpec) -> dict[str, str]:
    """The files of phase I that a project has kept while it grew."""
    if (spec.phase or 1) == 1:
        return {}
    known = catalog.load()
    first = spec.replace(phase=1, features=None)
    texts = render(first, selection.choose(1, None, known))
    return {path: text for path, text in texts.items() if path in record.files}
