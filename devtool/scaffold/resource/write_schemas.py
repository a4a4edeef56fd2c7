"""`app/schemas/<name>.py`: what goes over the wire, with its bounds and an example. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from devtool.scaffold.resource import columns, names
from devtool.scaffold.resource.fields import Field
from devtool.scaffold.resource.kinds import ENUM, MANY, REF
from devtool.scaffold.resource.layout import call, imports
from devtool.scaffold.resource.resource import Resource

SCHEMAS = '''"""What goes over the wire about {plural}."""

{imports}

{aliases}

class {name}Create(Input):
    """A new {one}."""

    model_config = ConfigDict(json_schema_extra={{"examples": [EXAMPLE]}})

{create}


class {name}Replace({name}Create):
    """All that can be said of {a}; what is left out gets its default."""


class {name}Patch(Input):
    """What shall be different{unsaid}."""

    model_config = ConfigDict(json_schema_extra={{"examples": [CHANGE]}})

{patch}


class {name}Read(Output):
    """{A} as it is."""

    id: int = Field(examples=[1])
{read}
    created_at: {datetime}
    updated_at: {datetime}


class {name}Page(Output):
    """Some {plural}, and how to get at the next ones."""

    items: list[{name}Read]
    next_cursor: str | None = Field(description=NEXT_CURSOR)
    total: int | None = Field(description=TOTAL)


class {name}Query({query}):
    """Which {plural} to list, and how."""
{filters}'''


def schemas(resource: Resource) -> str:
    """The text of the module."""
    a = names.article(resource.words)
    filters = "\n".join(_filters(resource))
    return SCHEMAS.format(
        plural=resource.plural.replace("_", " "),
        imports=imports(_imports(resource)),
        aliases="\n".join(_aliases(resource)),
        name=resource.class_name,
        one=resource.words,
        a=a,
        A=a[:1].upper() + a[1:],
        create="\n".join(_create(resource, field) for field in resource.fields),
        unsaid=_unsaid(resource),
        patch="\n".join(_patch(resource, field) for field in resource.fields),
        read="\n".join(_read(resource, field) for field in resource.fields),
        datetime=columns.moment(resource, "datetime"),
        query=query_class(resource),
        filters=f"\n{filters}\n" if filters else "",
    )


def _unsaid(resource: Resource) -> str:
    """What a patch means by what it does not say."""
    optional = [field.is_optional for field in resource.fields]
    if all(optional):
        return "; what is left out stays as it is"
    if not any(optional):
        return "; what is left out, or null, stays as it is"
    return ". What is left out stays as it is; null too, where it may not be"


def query_class(resource: Resource) -> str:
    """What its query is a kind of."""
    return "SearchQuery" if any(field.is_text for field in resource.fields) else "ListQuery"


def _imports(resource: Resource) -> list[str]:
    wanted = [
        columns.moment_import(resource, "datetime"),
        "pydantic:ConfigDict",
        "pydantic:Field",
        "pydantic:JsonValue",
        "app.schemas.base:Input",
        "app.schemas.base:Output",
        "app.schemas.listing:NEXT_CURSOR",
        "app.schemas.listing:TOTAL",
        f"app.schemas.listing:{query_class(resource)}",
    ]
    for field in resource.fields:
        wanted += _field_imports(resource, field)
    return wanted


def _field_imports(resource: Resource, field: Field) -> list[str]:
    if field.kind == ENUM:
        return ["typing:Literal"]
    if field.is_text:
        pattern = "NOT_BLANK" if field.is_required else "NO_NUL"
        return ["typing:Annotated", "pydantic:StringConstraints", f"app.schemas.base:{pattern}"]
    if field.kind == REF:
        kind = id_type(resource, field)
        query = "FilterId" if kind == "RowId" else kind
        return [f"app.schemas.scalars:{kind}", f"app.schemas.scalars:{query}"]
    if field.kind == MANY:
        return [f"app.schemas.scalars:{id_type(resource, field)}s"]
    entry = field.table_entry
    return columns.own_imports(resource, (*entry.schema_imports, *entry.record_imports))


def id_type(resource: Resource, field: Field) -> str:
    """The type of an id in a request."""
    return "UserId" if resource.target(field).id_type == "str" else "RowId"


def wire_type(resource: Resource, field: Field) -> str:
    """The type of its values in a request, without None."""
    if field.kind == ENUM or field.is_text:
        return columns.literal_name(resource, field)
    if field.kind == REF:
        return id_type(resource, field)
    if field.kind == MANY:
        return f"{id_type(resource, field)}s"
    return columns.filled(field.table_entry.schema, field)


def _aliases(resource: Resource) -> Iterator[str]:
    for field in resource.fields:
        name = columns.literal_name(resource, field)
        if field.kind == ENUM:
            yield call(f"{name} = Literal[", [f'"{value}"' for value in field.values], "]")
        elif field.is_text:
            yield _text(name, field)
    if any(field.kind == ENUM or field.is_text for field in resource.fields):
        yield ""
    shown = (
        f'    "{columns.name(field)}": {as_python(columns.samples(resource, field)[0])},'
        for field in resource.fields
    )
    yield "\n".join(("EXAMPLE: dict[str, JsonValue] = {", *shown, "}"))
    first = resource.fields[0]
    change = as_python(columns.samples(resource, first)[1])
    yield f'CHANGE: dict[str, JsonValue] = {{"{columns.name(first)}": {change}}}\n'


def _text(name: str, field: Field) -> str:
    longest = columns.longest(field)
    rules = (
        ["strip_whitespace=True", "min_length=1", f"max_length={longest}", "pattern=NOT_BLANK"]
        if field.is_required
        else [f"max_length={longest}", "pattern=NO_NUL"]
    )
    one = f"StringConstraints({', '.join(rules)})"
    return call(f"{name} = Annotated[", ["str", one], "]")


def as_python(text: str) -> str:
    """A JSON value as Python."""
    parts = re.split(r'("(?:[^"\\]|\\.)*")', text)
    return "".join(part if part[:1] == '"' else WORD.sub(_python_word, part) for part in parts)


WORD = re.compile(r"\b(true|false|null)\b")
PYTHON = {"true": "True", "false": "False", "null": "None"}


def _python_word(match: re.Match[str]) -> str:
    return PYTHON[match[0]]


def _create(resource: Resource, field: Field) -> str:
    kind = columns.optional(wire_type(resource, field), field)
    default, given = columns.default(field), columns.given(field)
    if given.startswith("default_factory"):
        return f"    {columns.name(field)}: {kind} = Field({given})"
    return f"    {columns.name(field)}: {kind}{f' = {default}' if default else ''}"


def _patch(resource: Resource, field: Field) -> str:
    return f"    {columns.name(field)}: {wire_type(resource, field)} | None = None"


def _read(resource: Resource, field: Field) -> str:
    kind = columns.optional(columns.python_type(resource, field), field)
    example = as_python(columns.samples(resource, field)[0])
    return call(f"{columns.name(field)}: {kind} = Field(", [f"examples=[{example}]"], ")", indent=4)


def _filters(resource: Resource) -> Iterator[str]:
    for field in resource.columns:
        if columns.is_filtered(field):
            kind = {"RowId": "FilterId", "StrictBool": "bool"}.get(
                wire_type(resource, field), wire_type(resource, field)
            )
            yield f"    {columns.name(field)}: {kind} | None = None"
