"""Data of a console program, from the JSON file it kept it in: rows for the API. Pure.

Known shapes: a list of objects; a table of objects by their keys; a table with one of those for each
kind of thing. Whatever does not fit is refused by name, and nothing is taken then.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any, NamedTuple

from devtool.errors import ConfigError

# What the API makes by itself.
OWN = {"id", "uuid", "created_at", "updated_at", "created", "updated"}


class Batch(NamedTuple):
    """Rows of one kind.

    Attributes:
        module: The module of `app.services` and `app.schemas`.
        name: What its classes are called.
        rows: The bodies of requests.
    """

    module: str
    name: str
    rows: tuple[dict[str, Any], ...]


def batches(path: str, text: str, entities: Sequence[Mapping[str, Any]]) -> list[Batch]:
    """The rows of a file.

    Args:
        path: The file, whose name may say what it holds.
        text: What stands in it.
        entities: What the manifest says of the program's entities.

    Raises:
        ConfigError: If its shape is unknown, or a row has a field that no entity has.
    """
    try:
        held = json.loads(text)
    except ValueError as error:
        raise ConfigError(f"{path} is not JSON: {error}") from error
    found = list(_lists(held, PurePosixPath(path).stem))
    if not found:
        raise ConfigError(
            f"{path} has no shape that devtool knows",
            hint='a list of objects, {"1": {...}}, or {"tasks": [...]}',
        )
    return [_batch(path, name, items, entities) for name, items in found]


def _lists(held: Any, name: str) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    if isinstance(held, list) and all(isinstance(item, dict) for item in held):
        yield name, held
    elif isinstance(held, dict) and held:
        values = list(held.values())
        if all(isinstance(value, dict) for value in values) and all(_is_key(key) for key in held):
            yield name, values
        elif all(isinstance(value, list | dict) for value in values):
            for key, value in held.items():
                yield from _lists(value, key)


def _is_key(text: str) -> bool:
    """Whether a name of a table is the key of a row: a number or a UUID."""
    return text.isdecimal() or (len(text) == 36 and text.count("-") == 4)


def _batch(
    path: str, name: str, items: list[dict[str, Any]], entities: Sequence[Mapping[str, Any]]
) -> Batch:
    entity = _entity(path, name, items, entities)
    fields: Mapping[str, str] = entity["fields"]
    rows = []
    for number, item in enumerate(items, start=1):
        unknown = sorted(item.keys() - fields.keys() - OWN - set(entity.get("skipped", ())))
        if unknown:
            raise ConfigError(f"{path}: {name} {number} has the unknown field {unknown[0]!r}")
        sent = {key: _sent(key, value, entity) for key, value in item.items()}
        rows.append({fields[key]: value for key, value in sent.items() if key in fields})
    return Batch(entity["module"], entity["class"], tuple(rows))


def _sent(key: str, value: Any, entity: Mapping[str, Any]) -> Any:
    """A value as the API takes it: moments with the zone they were meant in, members by their texts."""
    if not isinstance(value, str):
        return value
    if key in entity.get("moments", ()):
        try:
            return datetime.fromisoformat(value).astimezone().isoformat()
        except ValueError:
            return value  # which the API refuses by name
    members = entity.get("members", {}).get(key, ())
    last = value.rpartition(".")[2]  # `Priority.HIGH`, as str() writes it
    return last if last in members and value not in members else value


def _entity(
    path: str, name: str, items: list[dict[str, Any]], entities: Sequence[Mapping[str, Any]]
) -> Mapping[str, Any]:
    """The entity that a list is about: by its name, or the only one that has all its fields."""
    plain = name.lower().replace("_", "").replace("-", "")
    for entity in entities:
        if plain.rstrip("s") in {
            str(entity["name"]).lower(),
            str(entity["name"]).lower().rstrip("s"),
        }:
            return entity
    keys = {key for item in items for key in item} - OWN
    fits = [entity for entity in entities if keys <= entity["fields"].keys()]
    if len(fits) != 1:
        names = ", ".join(str(entity["name"]) for entity in entities)
        raise ConfigError(
            f"{path}: it is not sure what {name!r} holds", hint=f"name it like one of: {names}"
        )
    return fits[0]
