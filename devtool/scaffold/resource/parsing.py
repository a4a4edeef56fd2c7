"""Words -> a Resource, checked against the project it is to live in. Pure."""

from __future__ import annotations

import builtins
import keyword
import re
from collections.abc import Iterable, Mapping

from devtool.errors import ConfigError
from devtool.scaffold.resource import columns, names
from devtool.scaffold.resource import fields as field_words
from devtool.scaffold.resource.fields import Field
from devtool.scaffold.resource.kinds import ENUM, REF
from devtool.scaffold.resource.resource import Resource, Target, column_of

NAME = re.compile(r"[A-Z][A-Za-z0-9]*|[a-z][a-z0-9]*(_[a-z0-9]+)*", re.ASCII)
LONGEST = 24
# Modules and classes that generated code has already.
TAKEN = frozenset(
    (
        *(
            "app",
            "base",
            "exact",
            "field",
            "health",
            "idempotency",
            "page",
            "rows",
            "scalars",
            "test",
        ),
        *("collections", "decimal", "index", "listing", "moment", "optional", "relationship"),
        *("response", "table"),
        *("big_id", "big_integer", "check_constraint", "unique_constraint"),
        *("database", "etag", "search"),
    )
)


def parse(name: str, words: Iterable[str], targets: Mapping[str, Target]) -> Resource:
    """The resource that some words describe, in a project with these tables.

    Raises:
        ConfigError: If they describe none, or refer to what the project does not have.
    """
    if not NAME.fullmatch(name):
        raise ConfigError(
            f"{name!r} cannot be the name of a resource", hint="such as Invoice or OrderLine"
        )
    own = names.snake(name)
    problem = _name_problem(own, targets)
    if problem:
        raise ConfigError(
            f"{name!r} cannot be the name of a resource: {problem}", hint="choose another"
        )
    resource = Resource(own, tuple(field_words.parse(word) for word in words), names.plural(own))
    if not resource.fields:
        raise ConfigError(f"{name} has no fields", hint="such as title:str(200)! due:date?")
    _check_fields(resource)
    known = {**targets, own: resource.as_target()}
    wanted = [field for field in resource.fields if field.target]
    for field in wanted:
        _check_target(field, own, known)
    whole = resource._replace(targets={field.target: known[field.target] for field in wanted})
    _check_lengths(whole)
    _check_links(whole, targets)
    return whole


def _name_problem(own: str, targets: Mapping[str, Target]) -> str:
    if len(own) > LONGEST:
        return f"it is longer than {LONGEST} characters"
    if own in targets:
        return "the project has one of that name"
    if names.plural(own) in {target.table for target in targets.values()}:
        return "generated projects use it"
    return word_problem(own)


def word_problem(own: str) -> str:
    """Why a name can be no resource's in any project, or an empty string."""
    name = names.pascal(own)
    reserved = keyword.iskeyword(own) or keyword.issoftkeyword(own) or hasattr(builtins, own)
    if reserved or keyword.iskeyword(name) or hasattr(builtins, name):
        return "it is a word of the Python language"
    return "generated projects use it" if own in TAKEN else ""


def _check_fields(resource: Resource) -> None:
    """Refuse two fields that would be one column or attribute."""
    seen: dict[str, str] = {}
    types: dict[str, str] = {}
    for field in resource.fields:
        same = types.setdefault(names.pascal(field.name), field.words())
        if same != field.words() and (field.is_text or field.kind == ENUM):
            raise ConfigError(
                f"{same} and {field.words()} would have one name for their types",
                hint="rename one of them",
            )
        for column in {field.name, column_of(field)}:
            if column in seen:
                raise ConfigError(
                    f"{seen[column]} and {field.words()} have one name", hint="rename one of them"
                )
            seen[column] = field.words()
        if column_of(field) in field_words.RESERVED:
            raise ConfigError(
                f"{field.words()}: every row has {column_of(field)}, its owner", hint="rename it"
            )


def _check_lengths(resource: Resource) -> None:
    """Refuse tables whose names a database would cut off; names of constraints it may shorten."""
    tables = (resource.plural, *(columns.link_table(resource, f) for f in resource.links))
    longest = max(tables, key=len)
    if len(longest) > columns.LONGEST_IDENTIFIER:
        raise ConfigError(
            f"{longest} would be longer than the {columns.LONGEST_IDENTIFIER} characters of a database",
            hint="use shorter names",
        )


def _check_links(resource: Resource, known: Mapping[str, Target]) -> None:
    """Refuse tables of pairs that would have the name of another table, or of its class."""
    tables = {target.table for target in known.values()}
    for field in resource.links:
        table = columns.link_table(resource, field)
        link_class = columns.link_class(resource, field)
        if table in tables or names.snake(link_class) in known:
            raise ConfigError(
                f"{field.words()}: its pairs would be in the table {table}, which the project has",
                hint="rename it, or refer to that table",
            )


def _check_target(field: Field, own: str, known: Mapping[str, Target]) -> None:
    target = known.get(field.target)
    if target is None or not target.id_type:
        referable = [name for name, each in known.items() if each.id_type]
        raise ConfigError(
            f"{field.words()}: the project has no {field.target}",
            hint=_way_to(field.target, referable),
        )
    if field.on_delete == "RESTRICT" and not target.tells_in_use:
        raise ConfigError(
            f"{field.words()}: deleting a {target.name} would fail without an answer for the caller",
            hint="use cascade, or null with ? at its end",
        )
    if field.target == own and field.kind == REF and not field.is_optional:
        raise ConfigError(
            f"{field.words()}: the first {own} could refer to nothing", hint="write ? at its end"
        )


def _way_to(name: str, known: Iterable[str]) -> str:
    from difflib import get_close_matches

    near = get_close_matches(name, list(known), n=1)
    if near:
        return f"did you mean {near[0]}?"
    return f"first: devtool generate resource {names.pascal(name)} name:str(100)!"
