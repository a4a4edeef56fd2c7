"""`app/models/<name>.py`: the table, its constraints and its indexes. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from devtool.scaffold.resource import columns, sql_words
from devtool.scaffold.resource.fields import Field
from devtool.scaffold.resource.kinds import ENUM, REF
from devtool.scaffold.resource.layout import call, imports
from devtool.scaffold.resource.names import article
from devtool.scaffold.resource.resource import Resource

MODEL = '''"""The table of {plural}."""

{imports}

{links}
class {name}(Table, table=True):
    """{One}, owned by a user."""

    __tablename__ = "{table}"
    __table_args__ = (
{arguments}
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    user_id: str = Field(max_length=36, foreign_key="users.id", ondelete="CASCADE")
{fields}
    version: int = 1
    created_at: {datetime} = Field(default_factory=now, sa_type=Moment, nullable=False)
    updated_at: {datetime} = Field(default_factory=now, sa_type=Moment, nullable=False)

{relationships}
'''
LINK = '''
class {name}(Table, table=True):
    """Which {others} {one} has."""

    __tablename__ = "{table}"

{here}
{there}

'''


def model(resource: Resource) -> str:
    """The text of the module."""
    one = article(resource.words)
    return MODEL.format(
        plural=resource.plural.replace("_", " "),
        imports=imports(_imports(resource)),
        links="".join(_link(resource, field) for field in resource.links),
        name=resource.class_name,
        One=one[:1].upper() + one[1:],
        table=resource.plural,
        arguments="\n".join(_arguments(resource)),
        fields="\n".join(_column(resource, field) for field in resource.columns),
        datetime=columns.moment(resource, "datetime"),
        relationships="\n".join(_relationships(resource)),
    )


def _imports(resource: Resource) -> list[str]:
    wanted = [
        columns.moment_import(resource, "datetime"),
        "sqlalchemy:Index",
        *(f"sqlmodel:{name}" for name in ("Field", "Relationship")),
        *(f"app.models.base:{name}" for name in ("BigId", "Moment", "Table", "now")),
        "app.models.user:User",
    ]
    if any(_checks(field) for field in resource.columns):
        wanted.append("sqlalchemy:CheckConstraint")
    if any(field.is_unique for field in resource.fields):
        wanted.append("sqlalchemy:UniqueConstraint")
    for field in resource.scalars:
        if field.kind != ENUM:
            wanted += columns.own_imports(resource, field.table_entry.model_imports)
    for field in (*resource.references, *resource.links):
        target = resource.target(field)
        if target.name == resource.name and field.kind == REF:
            wanted.append("typing:Optional")
        elif target.name != resource.name:
            wanted.append(f"app.models.{target.module}:{target.class_name}")
    return wanted


def checks(field: Field) -> str:
    """The condition that the database holds a column to, or an empty string."""
    name = sql_words.column(columns.name(field))
    if field.kind == ENUM:
        values = ", ".join(f"'{value}'" for value in field.values)
        return f"{name} IN ({values})"
    if not field.is_text:
        return ""
    if field.is_required:
        return f"length({name}) BETWEEN 1 AND {columns.longest(field)}"
    return f"length({name}) <= {columns.longest(field)}"


def check_name(field: Field) -> str:
    """What that condition is called, without the table."""
    return f"{field.name}_{'known' if field.kind == ENUM else 'length'}"


def _checks(field: Field) -> bool:
    return bool(checks(field))


def _arguments(resource: Resource) -> Iterator[str]:
    for field in resource.columns:
        if checks(field):
            items = [sql_words.literal(checks(field)), f'name="{check_name(field)}"']
            yield call("CheckConstraint(", items, "),", indent=8)
    for field in resource.columns:
        if field.is_unique:
            yield f'        UniqueConstraint("user_id", "{columns.name(field)}"),'
    yield "        # A list is one walk along an index."
    yield '        Index(None, "user_id", "id"),'
    deleted = resource.plural.replace("_", " ")
    yield f"        # Ids of deleted {deleted} are never given again: an ETag is for ever."
    yield '        {"sqlite_autoincrement": True},'


def _column(resource: Resource, field: Field) -> str:
    kind = columns.optional(columns.stored_type(resource, field), field)
    options = _options(resource, field)
    default = columns.default(field)
    name = columns.name(field)
    if not options:
        return f"    {name}: {kind}{f' = {default}' if default else ''}"
    items = [*([columns.given(field)] if default else []), *options]
    return call(f"{name}: {kind} = Field(", items, ")", indent=4)


def _options(resource: Resource, field: Field) -> list[str]:
    if field.kind == ENUM:
        return [f"max_length={columns.longest(field)}"]
    if field.target:
        return _key(resource, field, "index=True")
    model = columns.filled(field.table_entry.model, field)
    return [model] if model else []


def _key(resource: Resource, field: Field, *more: str) -> list[str]:
    """The options of a column that refers to another row."""
    target = resource.target(field)
    of_user = target.id_type == "str"
    return [
        *(["max_length=36"] if of_user else []),
        f'foreign_key="{target.table}.id"',
        f'ondelete="{field.on_delete}"',
        *more,
        *([] if of_user else ["sa_type=BigId"]),
    ]


def _link(resource: Resource, field: Field) -> str:
    target = resource.target(field)
    here = ["primary_key=True", f'foreign_key="{resource.plural}.id"', 'ondelete="CASCADE"']
    there = ["primary_key=True", *_key(resource, field, "index=True")]
    return LINK.format(
        name=columns.link_class(resource, field),
        others=field.name.replace("_", " "),
        one=article(resource.words),
        table=columns.link_table(resource, field),
        here=call(f"{resource.name}_id: int = Field(", [*here, "sa_type=BigId"], ")", indent=4),
        there=call(
            f"{columns.other_column(resource, field)}: {target.id_type} = Field(",
            there,
            ")",
            indent=4,
        ),
    )


def _relationships(resource: Resource) -> Iterator[str]:
    yield _relationship(resource, "user", "User", "user_id")
    for field in resource.references:
        target = resource.target(field)
        own = target.name == resource.name
        kind = (
            f'Optional["{target.class_name}"]'
            if own
            else columns.optional(target.class_name, field)
        )
        more = (f'"remote_side": "{resource.class_name}.id"',) if own else ()
        yield _relationship(resource, field.name, kind, columns.name(field), *more)
    for field in resource.links:
        target = resource.target(field)
        own = target.name == resource.name
        kind = f'list["{target.class_name}"]' if own else f"list[{target.class_name}]"
        items = [
            f"link_model={columns.link_class(resource, field)}",
            _options_text(*_link_joins(resource, field)),
        ]
        yield call(f"{field.name}: {kind} = Relationship(", items, ")", indent=4)


def _link_joins(resource: Resource, field: Field) -> tuple[str, ...]:
    """How rows of one table find rows of the same through pairs: SQLAlchemy cannot guess it."""
    if resource.target(field).name != resource.name:
        return ('"lazy": "raise"',)
    link = columns.link_class(resource, field)
    return (
        f'"primaryjoin": "{resource.class_name}.id == {link}.{resource.name}_id"',
        f'"secondaryjoin": "{resource.class_name}.id == {link}.{columns.other_column(resource, field)}"',
        '"lazy": "raise"',
    )


def _relationship(resource: Resource, name: str, kind: str, column: str, *more: str) -> str:
    keys = f'"foreign_keys": "{resource.class_name}.{column}"'
    options = _options_text(keys, *more, '"lazy": "raise"')
    return call(f"{name}: {kind} = Relationship(", [options], ")", indent=4)


def _options_text(*items: str) -> str:
    return f"sa_relationship_kwargs={{{', '.join(items)}}}"
