"""A resource as the manifest holds it, so that it can be written again without the project. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from devtool.errors import ConfigError
from devtool.scaffold.resource.fields import parse
from devtool.scaffold.resource.resource import Resource, Target


def record(resource: Resource) -> dict[str, Any]:
    """What the manifest says of a resource."""
    return {
        "name": resource.name,
        "plural": resource.plural,
        "fields": [field.words() for field in resource.fields],
        "targets": {name: target._asdict() for name, target in sorted(resource.targets.items())},
    }


def restored(values: Mapping[str, Any]) -> Resource:
    """The resource that the manifest speaks of.

    Raises:
        ConfigError: If it speaks of none.
    """
    try:
        return Resource(
            str(values["name"]),
            tuple(parse(word) for word in values["fields"]),
            str(values["plural"]),
            {name: Target(**target) for name, target in values["targets"].items()},
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ConfigError(
            "the manifest speaks of a resource that this devtool does not understand",
            hint="restore .devtool/manifest.json from version control, or update devtool",
        ) from error
