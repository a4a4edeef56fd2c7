"""`alembic/versions/<number>_<table>.py`: the table as the model says it is. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from devtool.scaffold.resource import columns, sql_words
from devtool.scaffold.resource.fields import Field
from devtool.scaffold.resource.kinds import ENUM
from devtool.scaffold.resource.layout import call, imports
from devtool.scaffold.resource.resource import Resource
from devtool.scaffold.resource.write_model import check_name, checks

REVISION = '''"""{Plural}."""

{imports}

revision: str = "__REVISION__"
down_revision: str | None = "__DOWN_REVISION__"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """{up} the {tables}."""
{body}


def downgrade() -> None:
    """{down} the {tables}."""
{drops}
'''


def revision(resource: Resource) -> str:
    """The text of the revision, its numbers still to be filled in."""
    plural = resource.plural.replace("_", " ")
    up, down = _steps(resource)
    return REVISION.format(
        Plural=plural[:1].upper() + plural[1:],
        imports=imports(_imports(resource)),
        tables="tables" if resource.links else "table",
        up="Create",
        down="Drop",
        body=up,
        drops=down,
    )


def dropping(resource: Resource) -> str:
    """The text of a revision that takes the tables away, and brings them back when undone."""
    plural = resource.plural.replace("_", " ")
    up, down = _steps(resource)
    return REVISION.format(
        Plural=f"No more {plural}",
        imports=imports(_imports(resource)),
        tables="tables" if resource.links else "table",
        up="Drop",
        down="Create",
        body=down,
        drops=up,
    )


def _steps(resource: Resource) -> tuple[str, str]:
    """The statements that make the tables, and those that drop them."""
    drops = "\n".join(f'    op.drop_table("{table}")' for table in reversed(_tables(resource)))
    return "\n".join(_body(resource)), drops


def _tables(resource: Resource) -> list[str]:
    return [resource.plural, *(columns.link_table(resource, field) for field in resource.links)]


def _imports(resource: Resource) -> list[str]:
    exact = any(field.kind == "decimal" for field in resource.scalars)
    return [
        "sqlalchemy as sa",
        "alembic:op",
        "app.models.base:BigId",
        "app.models.base:Moment",
        *(["app.models.exact:Exact"] if exact else []),
    ]


def _body(resource: Resource) -> Iterator[str]:
    table = resource.plural
    yield "    op.create_table("
    yield f'        "{table}",'
    yield _column("id", "BigId", nullable=False)
    yield _column("user_id", "sa.String(36)", nullable=False)
    for field in resource.columns:
        yield _column(columns.name(field), sql(resource, field), nullable=field.is_optional)
    yield _column("version", "sa.Integer()", nullable=False)
    yield _column("created_at", "Moment", nullable=False)
    yield _column("updated_at", "Moment", nullable=False)
    yield f'        sa.PrimaryKeyConstraint("id", name=op.f("pk_{table}")),'
    yield _foreign_key(table, "user_id", "users", "CASCADE")
    for field in resource.references:
        target = resource.target(field).table
        yield _foreign_key(table, columns.name(field), target, field.on_delete)
    for field in resource.columns:
        if field.is_unique:
            name = columns.name(field)
            items = ['"user_id"', f'"{name}"', *_named(f"uq_{table}_user_id_{name}")]
            yield call("sa.UniqueConstraint(", items, "),", indent=8)
        if checks(field):
            name = check_name(field)
            items = [sql_words.literal(checks(field)), *_named(f"ck_{table}_{name}", name)]
            yield call("sa.CheckConstraint(", items, "),", indent=8)
    yield "        sqlite_autoincrement=True,"
    yield "    )"
    yield _index(table, "user_id", "id")
    for field in resource.references:
        yield _index(table, columns.name(field))
    for field in resource.links:
        yield from _link(resource, field)


def sql(resource: Resource, field: Field) -> str:
    """Its type in SQLAlchemy."""
    if field.kind == ENUM:
        return f"sa.String({columns.longest(field)})"
    if field.target:
        return "sa.String(36)" if resource.target(field).id_type == "str" else "BigId"
    return columns.filled(field.table_entry.sql, field)


def _named(whole: str, short: str = "") -> list[str]:
    """The `name=` of a constraint; where it is too long the convention of the models shortens it."""
    if len(whole) <= columns.LONGEST_IDENTIFIER:
        return [f'name=op.f("{whole}")']
    return [f'name="{short}"'] if short else []


def _column(name: str, kind: str, *, nullable: bool) -> str:
    return call("sa.Column(", [f'"{name}"', kind, f"nullable={nullable}"], "),", indent=8)


def _foreign_key(table: str, column: str, target: str, on_delete: str) -> str:
    items = [
        f'["{column}"]',
        f'["{target}.id"]',
        *_named(f"fk_{table}_{column}_{target}"),
        f'ondelete="{on_delete}"',
    ]
    return call("sa.ForeignKeyConstraint(", items, "),", indent=8)


def _index(table: str, *names: str) -> str:
    whole = f"ix_{table}_{'_'.join(names)}"
    name = f'op.f("{whole}")' if len(whole) <= columns.LONGEST_IDENTIFIER else "None"
    shown = ", ".join(f'"{name}"' for name in names)
    items = [name, f'"{table}"', f"[{shown}]"]
    return call("op.create_index(", items, ")", indent=4)


def _link(resource: Resource, field: Field) -> Iterator[str]:
    table, target = columns.link_table(resource, field), resource.target(field)
    here, there = f"{resource.name}_id", columns.other_column(resource, field)
    kind = "sa.String(36)" if target.id_type == "str" else "BigId"
    yield "    op.create_table("
    yield f'        "{table}",'
    yield _column(here, "BigId", nullable=False)
    yield _column(there, kind, nullable=False)
    items = [f'"{here}"', f'"{there}"', *_named(f"pk_{table}")]
    yield call("sa.PrimaryKeyConstraint(", items, "),", indent=8)
    yield _foreign_key(table, here, resource.plural, "CASCADE")
    yield _foreign_key(table, there, target.table, "CASCADE")
    yield "    )"
    yield _index(table, there)
