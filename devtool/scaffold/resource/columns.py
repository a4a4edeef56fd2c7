"""What a field is in each place: in Python, in the database, in a request and as JSON. Pure."""

from __future__ import annotations

from devtool.scaffold.resource import defaults, names
from devtool.scaffold.resource.fields import Field
from devtool.scaffold.resource.kinds import ENUM, MANY, REF
from devtool.scaffold.resource.resource import Resource, column_of

# PostgreSQL's; SQLite has none.
LONGEST_IDENTIFIER = 63
WIDEST_PAIR = 80
MOMENTS = ("date", "datetime", "time")
# What follows a resource's name in the classes of its own that are written beside the types of its texts.
OWN_CLASSES = ("Create", "Deleted", "Page", "Patch", "Query", "Read", "Record", "Replace")
# What routes and tools call something else.
SAID = ("changes", "versions")
USER_SAMPLES = (
    "00000000-0000-0000-0000-000000000000",
    "11111111-1111-1111-1111-111111111111",
)


def filled(text: str, field: Field) -> str:
    """A text of the table with the field's arguments in it."""
    return text.format(*field.arguments)


def clashes(resource: Resource) -> bool:
    """Whether a field has the name of a type of moments, which a class body then cannot say."""
    return any(field.name in MOMENTS for field in resource.fields)


def moment(resource: Resource, name: str) -> str:
    """`date`, or `dt.date` where a field is called like that."""
    return f"dt.{name}" if clashes(resource) else name


def moment_import(resource: Resource, name: str) -> str:
    """What `moment` is imported from."""
    return "datetime as dt" if clashes(resource) else f"datetime:{name}"


def own_imports(resource: Resource, wanted: tuple[str, ...]) -> list[str]:
    """The imports of a table entry, as this resource can have them."""
    return [
        moment_import(resource, name.partition(":")[2]) if name.startswith("datetime:") else name
        for name in wanted
    ]


def python_type(resource: Resource, field: Field) -> str:
    """The type of its values in Python, without None."""
    if field.kind == ENUM:
        return literal_name(resource, field)
    if field.kind == REF:
        return resource.target(field).id_type
    if field.kind == MANY:
        return f"list[{resource.target(field).id_type}]"
    python = field.table_entry.python
    return moment(resource, python) if python in MOMENTS else python


def stored_type(resource: Resource, field: Field) -> str:
    """The type of its values in a row of the database, without None."""
    return "str" if field.kind == ENUM else python_type(resource, field)


def optional(text: str, field: Field) -> str:
    """A type that allows None where the field does."""
    return f"{text} | None" if field.is_optional else text


def literal_name(resource: Resource, field: Field) -> str:
    """What the values of an enum, or the texts of a field, are called together."""
    own = names.pascal(field.name)
    if own in OWN_CLASSES:
        own = f"{own}Value"
    whole = f"{resource.class_name}{own}"
    # `    name: Alias | None = None` has to fit into a line.
    return whole if len(field.name) + len(whole) <= WIDEST_PAIR else own


def default(field: Field) -> str:
    """What it is when left out, as Python; empty where it has to be given."""
    if field.default is not None:
        return defaults.literal(field.kind, field.arguments, field.default)
    if field.is_optional:
        return "None"
    if field.is_required or field.kind == REF:
        return ""
    if field.kind == ENUM:
        return f'"{field.values[0]}"'
    return "[]" if field.kind == MANY else field.table_entry.default


def given(field: Field) -> str:
    """`default=...` for `Field(...)`, or what makes one for each row; empty where there is none."""
    value = default(field)
    factory = {"[]": "list", "{}": "dict"}.get(value, "")
    if factory:
        return f"default_factory={factory}"
    return f"default={value}" if value else ""


def longest(field: Field) -> int:
    """The longest text it holds."""
    return max(map(len, field.values)) if field.kind == ENUM else field.arguments[0]


def samples(resource: Resource, field: Field) -> tuple[str, str]:
    """Two values as JSON."""
    if field.kind == ENUM:
        return f'"{field.values[0]}"', f'"{field.values[-1]}"'
    if field.kind in (REF, MANY):
        pair = USER_SAMPLES if resource.target(field).id_type == "str" else (1, 2)
        one, two = (f'"{value}"' if isinstance(value, str) else str(value) for value in pair)
        return (one, two) if field.kind == REF else (f"[{one}]", f"[{two}]")
    one, two = field.table_entry.samples
    if field.kind == "decimal" and field.arguments[1] == 0:
        return one.replace(".5", ""), two.replace(".5", "")
    if field.kind == "decimal" and field.arguments[0] - field.arguments[1] < 2:
        return f'"0.{"1" if field.arguments[1] else ""}"', '"0"'
    if field.is_text and field.arguments[0] < 12:
        return f'"{"One"[: field.arguments[0]]}"', f'"{"Two"[: field.arguments[0]]}"'
    return one, two


def name(field: Field) -> str:
    """Its name in the database and in JSON."""
    return column_of(field)


def link_class(resource: Resource, field: Field) -> str:
    """The class of a table of pairs: `InvoiceTag`."""
    return resource.class_name + names.pascal(other_column(resource, field).removesuffix("_id"))


def link_table(resource: Resource, field: Field) -> str:
    """The table of pairs: `invoice_tags`."""
    return f"{resource.name}_{field.name}"


def service(resource: Resource) -> str:
    """What routes and tools call the module of the service: `invoices`."""
    return f"{resource.plural}_service" if resource.plural in SAID else resource.plural


def own_column(resource: Resource) -> str:
    """The column of the resource itself in a table of pairs: `invoice_id`."""
    return f"{resource.name}_id"


def other_column(resource: Resource, field: Field) -> str:
    """The column of the others in a table of pairs: `tag_id`."""
    column = column_of(field).removesuffix("s")
    return f"other_{column}" if column == own_column(resource) else column


def is_filtered(field: Field) -> bool:
    """Whether a list can be restricted to one value of it."""
    if field.kind in (ENUM, REF):
        return True
    return field.kind != MANY and field.table_entry.filtered
