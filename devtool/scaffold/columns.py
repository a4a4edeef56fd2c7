"""The types of fields, as written, and the columns that hold them. Nothing is evaluated."""

from __future__ import annotations

import ast
import json
from collections.abc import Mapping
from typing import NamedTuple

SCALARS = {
    "int": "int",
    "str": "str",
    "bool": "bool",
    "float": "float",
    "Decimal": "decimal",
    "datetime": "datetime",
    "date": "date",
    "time": "time",
    "UUID": "uuid",
    **dict.fromkeys(("UUID1", "UUID3", "UUID4", "UUID5"), "uuid"),
    **dict.fromkeys(("AwareDatetime", "NaiveDatetime"), "datetime"),
    "StrictStr": "str",
    "StrictInt": "int",
    "StrictFloat": "float",
    "StrictBool": "bool",
}
# Types that check more than a column does.
CHECKED = {
    **dict.fromkeys(("AnyUrl", "AnyHttpUrl", "EmailStr", "HttpUrl", "Path"), "str"),
    **dict.fromkeys(("NonNegativeInt", "PositiveInt"), "int"),
    **dict.fromkeys(("NonNegativeFloat", "PositiveFloat"), "float"),
}
SEQUENCES = {
    *("list", "List", "set", "Set", "frozenset", "FrozenSet", "tuple", "Tuple", "deque"),
    *("Sequence", "MutableSequence", "Collection", "Iterable", "AbstractSet"),
}
MAPPINGS = {"dict", "Dict", "Mapping", "MutableMapping", "defaultdict", "DefaultDict"}
# What a list or a table in one column can hold.
PLAIN = {"str": "str", "int": "int", "float": "float", "bool": "bool", "enum": "str"}
WRAPPERS = {"Annotated", "Required", "NotRequired", "ReadOnly", "Final"}
NOW = {"now", "utcnow", "today"}
DEEPEST = 20


class Column(NamedTuple):
    """What a field holds.

    Attributes:
        kind: `str`, `int`, `bool`, `float`, `decimal`, `datetime`, `date`, `time`, `uuid`, `enum`,
            `list`, `map`, `ref` or `many`.
        is_optional: Whether it may be empty.
        values: The texts of an enum.
        of: The entity of a `ref` or `many`, and what a `list` or a `map` of plain values holds.
        longest: The longest text, or 0 where nothing says so.
        is_literal: Whether its values are texts in the program too, and no members of an enum.
    """

    kind: str
    is_optional: bool = False
    values: tuple[str, ...] = ()
    of: str = ""
    longest: int = 0
    is_literal: bool = False


class Names(NamedTuple):
    """What the names in annotations stand for.

    Attributes:
        entities: Classes that hold fields.
        enums: Each enum with its members and the text for each.
        aliases: Names for other types.
    """

    entities: frozenset[str]
    enums: Mapping[str, tuple[tuple[str, str], ...]]
    aliases: Mapping[str, ast.expr]


def column(node: ast.expr, value: ast.expr | None, names: Names) -> Column | None:
    """The column for an annotation, or None where there is none."""
    found = _column(node, names, 0)
    if found is None:
        return None
    longest = _bound(node) or (_bound(value) if value is not None else 0)
    return found._replace(longest=longest) if found.kind == "str" and longest else found


def _column(node: ast.expr, names: Names, depth: int) -> Column | None:
    if depth > DEEPEST:
        return None
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        quoted = _quoted(node.value)
        return None if quoted is None else _column(quoted, names, depth + 1)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        return _union((node.left, node.right), names, depth)
    if isinstance(node, ast.Subscript):
        return _generic(node, names, depth)
    return _named(node, names, depth)


def _named(node: ast.expr, names: Names, depth: int) -> Column | None:
    name = ast.unparse(node).rpartition(".")[2]
    if name in names.enums:
        return Column("enum", values=tuple(text for _, text in names.enums[name]))
    if name in names.entities:
        return Column("ref", of=name)
    if name in names.aliases:
        return _column(names.aliases[name], names, depth + 1)
    kind = SCALARS.get(name) or CHECKED.get(name)
    return Column(kind) if kind else None


def _generic(node: ast.Subscript, names: Names, depth: int) -> Column | None:
    head = ast.unparse(node.value).rpartition(".")[2]
    inner = list(node.slice.elts) if isinstance(node.slice, ast.Tuple) else [node.slice]
    if head in WRAPPERS:
        found = _column(inner[0], names, depth + 1)
        return found._replace(is_optional=True) if found and head == "NotRequired" else found
    if head == "Optional":
        found = _column(inner[0], names, depth + 1)
        return found and found._replace(is_optional=True)
    if head == "Union":
        return _union(tuple(inner), names, depth)
    if head == "Literal":
        return _literal(inner)
    if head in SEQUENCES:
        return _sequence(inner, names, depth)
    if head in MAPPINGS and len(inner) == 2:
        keys, held = (_column(item, names, depth + 1) for item in inner)
        is_text = keys is not None and keys.kind in ("str", "enum")
        return _collection("map", [held]) if is_text else None
    return None


def _union(parts: tuple[ast.expr, ...], names: Names, depth: int) -> Column | None:
    """The column of `X | None`; of other unions there is none."""
    rest = [part for part in parts if not _is_none(part)]
    if len(rest) != 1:
        found = [_column(part, names, depth + 1) for part in rest]
        one_kind = _one_kind([item for item in found if item is not None])
        if None in found or one_kind is None:
            return None
        return one_kind._replace(is_optional=one_kind.is_optional or len(rest) < len(parts))
    one = _column(rest[0], names, depth + 1)
    return one and (one._replace(is_optional=True) if len(rest) < len(parts) else one)


def _one_kind(found: list[Column]) -> Column | None:
    """The column that holds values of several kinds: numbers, or the values of several enums."""
    kinds = {item.kind for item in found}
    is_optional = any(item.is_optional for item in found)
    if kinds == {"enum"}:
        texts = dict.fromkeys(text for item in found for text in item.values)
        literal = all(item.is_literal for item in found)
        return Column("enum", is_optional=is_optional, values=tuple(texts), is_literal=literal)
    numbers = next((kind for kind in ("decimal", "float") if kinds <= {"int", kind}), "")
    return Column(numbers, is_optional=is_optional) if numbers else None


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value in (None, "None")


def _literal(inner: list[ast.expr]) -> Column | None:
    values = [item.value for item in inner if isinstance(item, ast.Constant)]
    if values and all(type(value) is int for value in values) and len(values) == len(inner):
        return Column("int")
    texts = tuple(value for value in values if isinstance(value, str))
    if len(texts) + values.count(None) != len(inner) or not texts:
        return None
    return Column("enum", is_optional=None in values, values=texts, is_literal=True)


def _sequence(inner: list[ast.expr], names: Names, depth: int) -> Column | None:
    items = [item for item in inner if not _is_ellipsis(item)]
    held = [_column(item, names, depth + 1) for item in items]
    first = held[0] if len(held) == 1 else None
    if first is not None and first.kind == "ref" and not first.is_optional:
        return Column("many", of=first.of)
    return _collection("list", held)


def _collection(kind: str, held: list[Column | None]) -> Column | None:
    """The column of JSON for values that are all of one plain type."""
    kinds = {PLAIN.get(item.kind, "") if item and not item.is_optional else "" for item in held}
    of = kinds.pop() if len(kinds) == 1 else ""
    return Column(kind, of=of) if of else None


def _is_ellipsis(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is Ellipsis


def way_out(node: ast.expr) -> str:
    """What the owner of a field without a column can do about it, `--skip-field` aside."""
    heads = mentioned(node)
    if isinstance(node, ast.Constant) and node.value is Ellipsis:
        return "write its type"
    if heads & (SEQUENCES | MAPPINGS):
        return (
            "say what is in it, such as list[str] or dict[str, int]; what is more than texts, numbers"
            " or yes and no becomes a class of its own"
        )
    return "change its type"


def _quoted(text: str) -> ast.expr | None:
    try:
        return ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError):
        return None


def _bound(node: ast.expr) -> int:
    """The `max_length` that an annotation or a default names, or 0."""
    for call in ast.walk(node):
        if isinstance(call, ast.keyword) and call.arg == "max_length":
            value = call.value
            if isinstance(value, ast.Constant) and isinstance(value.value, int):
                return value.value
    return 0


def default(node: ast.expr | None, names: Names) -> tuple[str, bool]:
    """A default as JSON text, or `now`; and whether there is one that no text can say."""
    if node is None:
        return "", False
    if isinstance(node, ast.Call):
        return _field_default(node, names)
    if isinstance(node, ast.Constant):
        return (
            (_json(node.value), not _json(node.value))
            if node.value is not Ellipsis
            else ("", False)
        )
    if isinstance(node, ast.UnaryOp | ast.List | ast.Dict | ast.Tuple | ast.Set):
        return _literal_default(node)
    return _member(node, names)


def _field_default(node: ast.Call, names: Names) -> tuple[str, bool]:
    """What `field(...)`, `Field(...)` and `attr.ib(...)` say of a default."""
    name = ast.unparse(node.func).rpartition(".")[2]
    if name not in {"field", "Field", "ib", "attrib"}:
        return ("now", True) if name in NOW else ("", True)
    given = {word.arg: word.value for word in node.keywords}
    if "default" in given:
        return default(given["default"], names)
    factory = given.get("default_factory") or given.get("factory")
    if factory is None:
        return default(node.args[0], names) if node.args and name == "Field" else ("", False)
    return _factory(factory)


def _factory(node: ast.expr) -> tuple[str, bool]:
    text = ast.unparse(node.body.func if _is_call(node) else node)  # type: ignore[attr-defined]
    last = text.rpartition(".")[2].lstrip("_")
    if last in NOW:
        return "now", True
    return {"list": "[]", "dict": "{}", "set": "[]", "tuple": "[]"}.get(last, ""), True


def _is_call(node: ast.expr) -> bool:
    return isinstance(node, ast.Lambda) and isinstance(node.body, ast.Call)


def _literal_default(node: ast.expr) -> tuple[str, bool]:
    try:
        return _json(ast.literal_eval(node)), True
    except (ValueError, TypeError, SyntaxError):
        return "", True


def _member(node: ast.expr, names: Names) -> tuple[str, bool]:
    """The text of `Priority.LOW`."""
    owner, _, name = ast.unparse(node).removesuffix(".value").rpartition(".")
    members = dict(names.enums.get(owner.rpartition(".")[2], ()))
    return (json.dumps(members[name]), True) if name in members else ("", True)


def _json(value: object) -> str:
    try:
        return json.dumps(value)
    except (TypeError, ValueError):
        return ""


def mentioned(node: ast.expr) -> set[str]:
    """Every name in an annotation, those in quotes too."""
    found: set[str] = set()
    for part in ast.walk(node):
        if isinstance(part, ast.Name):
            found.add(part.id)
        elif isinstance(part, ast.Attribute):
            found.add(part.attr)
        elif isinstance(part, ast.Constant) and isinstance(part.value, str):
            quoted = _quoted(part.value)
            if quoted is not None and not isinstance(quoted, ast.Constant):
                found |= mentioned(quoted)
    return found
