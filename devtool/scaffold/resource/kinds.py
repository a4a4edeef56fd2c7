"""THE TABLE of field types: how each is written, stored, checked, sent and tried."""

from __future__ import annotations

from typing import NamedTuple


class Kind(NamedTuple):
    """A type of a field. Texts may hold `{0}` and `{1}`, the type's arguments.

    Attributes:
        name: What it is called in the words of `generate resource`; what stands in the brackets of a
            collection belongs to it.
        about: What it holds, in a few words.
        python: Its type in Python.
        sql: Its type in SQLAlchemy.
        arguments: What the arguments are when none are given; empty where it takes none.
        limits: The smallest and the largest value of each argument.
        model: Arguments of SQLModel's `Field`.
        schema: Its type in requests.
        default: What it is when left out; empty where it has to be given.
        samples: Two values as JSON, the first of which is the example.
        wrong: Values as JSON that are refused.
        imports: What its types are imported from, as `module:name`.
        filtered: Whether a list can be restricted to a value of it.
    """

    name: str
    about: str
    python: str
    sql: str
    schema: str
    samples: tuple[str, str]
    wrong: tuple[str, ...]
    arguments: tuple[int, ...] = ()
    limits: tuple[tuple[int, int], ...] = ()
    model: str = ""
    default: str = ""
    model_imports: tuple[str, ...] = ()
    schema_imports: tuple[str, ...] = ()
    record_imports: tuple[str, ...] = ()
    filtered: bool = False


def _list(of: str, about: str, schema: str, samples: tuple[str, str], wrong: str) -> Kind:
    return _collection(
        f"list({of})",
        f"at most 100 {about}, in order",
        python=f"list[{of}]",
        schema=f"{schema}List",
        samples=(f"[{samples[0]}]", f"[{samples[1]}]"),
        wrong=(f"[{wrong}]", samples[0], "null"),
        default="[]",
    )


def _map(of: str, about: str, schema: str, samples: tuple[str, str], wrong: str) -> Kind:
    return _collection(
        f"map({of})",
        f"at most 100 {about}, each with a name",
        python=f"dict[str, {of}]",
        schema=f"{schema}Map",
        samples=(f'{{"one": {samples[0]}}}', f'{{"two": {samples[1]}}}'),
        wrong=(f'{{"one": {wrong}}}', f"[{samples[0]}]", "null"),
        default="{}",
    )


def _collection(
    name: str,
    about: str,
    *,
    python: str,
    schema: str,
    samples: tuple[str, str],
    wrong: tuple[str, ...],
    default: str,
) -> Kind:
    return Kind(
        name,
        about,
        python=python,
        sql="sa.JSON(none_as_null=True)",
        schema=schema,
        samples=samples,
        wrong=wrong,
        model="sa_type=JSON(none_as_null=True)",
        default=default,
        model_imports=("sqlalchemy:JSON",),
        schema_imports=(f"app.schemas.collections:{schema}",),
    )


# What collections hold: in words, in a schema's name, two samples as JSON, and what is refused.
ELEMENTS = (
    ("str", "lines of text", "Line", ('"One"', '"Two"'), "1"),
    ("int", "whole numbers", "Int", ("7", "8"), "1.5"),
    ("float", "numbers", "Number", ("1.5", "2.5"), '"1.5"'),
    ("bool", "times yes or no", "Truth", ("true", "false"), "1"),
)
KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind(
            "str",
            "a line of text; the argument is the longest",
            python="str",
            sql="sa.String({0})",
            schema="Text{0}",
            samples=('"One"', '"Two"'),
            wrong=("1", "null"),
            arguments=(200,),
            limits=((1, 4000),),
            model="max_length={0}",
            default='""',
        ),
        Kind(
            "text",
            "a long text",
            python="str",
            sql="sa.String({0})",
            schema="Text{0}",
            samples=('"Some words"', '"Other words"'),
            wrong=("1", "null"),
            arguments=(10_000,),
            limits=((1, 1_000_000),),
            model="max_length={0}",
            default='""',
        ),
        Kind(
            "int",
            "a whole number of 32 bits",
            python="int",
            sql="sa.Integer()",
            schema="Int32",
            samples=("7", "8"),
            wrong=('"7"', "1.5", "true", "2147483648"),
            schema_imports=("app.schemas.scalars:Int32",),
        ),
        Kind(
            "bigint",
            "a whole number that JavaScript can hold",
            python="int",
            sql="sa.BigInteger()",
            schema="Int53",
            samples=("7000000000", "8"),
            wrong=('"7"', "1.5", "true", "9007199254740992"),
            model="sa_type=BigInteger",
            model_imports=("sqlalchemy:BigInteger",),
            schema_imports=("app.schemas.scalars:Int53",),
        ),
        Kind(
            "float",
            "a number that need not be exact",
            python="float",
            sql="sa.Float()",
            schema="Number",
            samples=("1.5", "2.5"),
            wrong=('"1.5"', "true"),
            schema_imports=("app.schemas.scalars:Number",),
        ),
        Kind(
            "decimal",
            "an exact number; the arguments are all digits, and those behind the point",
            python="Decimal",
            sql="Exact({0}, {1})",
            schema="Annotated[Decimal, Digits({0}, {1})]",
            samples=('"19.5"', '"20.5"'),
            wrong=('"x"', '"NaN"', "1.5", "true"),
            arguments=(12, 2),
            limits=((1, 18), (0, 18)),
            model="sa_type=Exact({0}, {1})",
            model_imports=("app.models.exact:Exact", "decimal:Decimal"),
            schema_imports=("typing:Annotated", "app.schemas.scalars:Digits", "decimal:Decimal"),
            record_imports=("decimal:Decimal",),
        ),
        Kind(
            "bool",
            "yes or no",
            python="bool",
            sql="sa.Boolean()",
            schema="StrictBool",
            samples=("true", "false"),
            wrong=('"true"', "1"),
            default="False",
            schema_imports=("pydantic:StrictBool",),
            filtered=True,
        ),
        Kind(
            "date",
            "a day",
            python="date",
            sql="sa.Date()",
            schema="Day",
            samples=('"2026-01-31"', '"2026-02-28"'),
            wrong=('"2026-02-30"', "1", '"1"', '"x"'),
            model_imports=("datetime:date",),
            schema_imports=("app.schemas.scalars:Day",),
            record_imports=("datetime:date",),
        ),
        Kind(
            "datetime",
            "a moment, with its time zone",
            python="datetime",
            sql="Moment",
            schema="Instant",
            samples=('"2026-01-31T12:30:00Z"', '"2026-02-28T12:30:00Z"'),
            wrong=(
                '"2026-01-31T12:30:00"',
                '"0001-01-01T00:00:00+14:00"',
                *("1", '"1"', '"x"'),
            ),
            model="sa_type=Moment",
            model_imports=("app.models.base:Moment", "datetime:datetime"),
            schema_imports=("app.schemas.scalars:Instant",),
            record_imports=("datetime:datetime",),
        ),
        Kind(
            "time",
            "a time of day",
            python="time",
            sql="sa.Time()",
            schema="TimeOfDay",
            samples=('"12:30:00"', '"13:30:00"'),
            wrong=('"25:00:00"', "1", '"1"', '"12:30:00Z"'),
            model_imports=("datetime:time",),
            schema_imports=("app.schemas.scalars:TimeOfDay",),
            record_imports=("datetime:time",),
        ),
        Kind(
            "uuid",
            "an id from elsewhere",
            python="UUID",
            sql="sa.Uuid()",
            schema="UUID",
            samples=(
                '"6fa459ea-ee8a-4ca4-894e-db77e160355e"',
                '"16fd2706-8baf-433b-82eb-8c7fada847da"',
            ),
            wrong=('"x"', "1"),
            model_imports=("uuid:UUID",),
            schema_imports=("uuid:UUID",),
            record_imports=("uuid:UUID",),
        ),
        *(_list(*element) for element in ELEMENTS),
        *(_map(*element) for element in ELEMENTS),
    )
}
# Kinds whose brackets hold the kind of their elements.
COLLECTIONS = ("list", "map")
ENUM = "enum"
REF = "ref"
MANY = "many"
# What is written in other words than those of the table.
SPECIAL = {
    ENUM: "one of the named values, such as enum(draft,sent,paid)",
    REF: "one row of another resource, such as ref(user), or ref(project,cascade)",
    MANY: "any number of rows of another resource, such as many(tag)",
}
# Words that people from elsewhere write, and what they mean here.
OTHER_WORDS = {
    "string": "str",
    "varchar": "str",
    "integer": "int",
    "number": "float",
    "money": "decimal",
    "numeric": "decimal",
    "boolean": "bool",
    "timestamp": "datetime",
    "references": "ref",
    "belongs_to": "ref",
    "has_many": "many",
    "choice": "enum",
    "array": "list(str)",
    "dict": "map(str)",
}
