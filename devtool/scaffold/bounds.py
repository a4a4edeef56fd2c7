"""Fields whose values a program checks or changes: what a test makes up may not be kept. Read, never run.

Checks that any sensible value passes are none here: that a text is not blank, a number not negative, a
key not taken.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

Function = ast.FunctionDef | ast.AsyncFunctionDef
# The samples of contract tests: numbers from 1.5 to 5, texts of three to five letters.
LEAST, MOST = 1.5, 5
SHORTEST, LONGEST = 3, 5
HARMLESS_CALLS = {"strip", "len", "isinstance", "any", "get", "values", "lower", "isspace"}
HARMLESS_VALUES = (0, 1, "", " ", None)
WORDS = {"pattern", "regex", "multiple_of", "validator", "converter"}
VALIDATORS = {"field_validator", "validator", "root_validator", "model_validator"}
EVERYTHING = "*"
CHANGES = {
    *(
        "capitalize",
        "casefold",
        "center",
        "ljust",
        "lower",
        "replace",
        "rjust",
        "swapcase",
        "title",
    ),
    *("upper", "zfill"),
}


def is_bounded(declaration: ast.AnnAssign, checked: Iterable[str]) -> bool:
    """Whether a declaration says more of its values than their type, and samples may not pass.

    Args:
        declaration: The field as declared.
        checked: Names of types that check by themselves.
    """
    parts = [declaration.annotation, *([declaration.value] if declaration.value else [])]
    names = {part.id for top in parts for part in ast.walk(top) if isinstance(part, ast.Name)}
    words = [part for top in parts for part in ast.walk(top) if isinstance(part, ast.keyword)]
    validates = any(name.endswith("Validator") for name in names)
    numbers = any(type(getattr(part, "value", None)) is int for part in ast.walk(parts[0]))
    if "Literal" in names and numbers:  # Literal[1, 2, 3]
        return True
    return validates or bool(names & set(checked)) or any(_refuses(word) for word in words)


def _refuses(word: ast.keyword) -> bool:
    """Whether a sample may not pass what one word of `Field(...)` demands."""
    if word.arg in WORDS:
        return True
    value = _number(word.value)
    match word.arg:
        case "gt" | "ge" | "min_length":
            least = SHORTEST if word.arg == "min_length" else LEAST
            return value is None or value > least or (word.arg == "gt" and value == least)
        case "lt" | "le" | "max_length":
            most = LONGEST if word.arg == "max_length" else MOST
            return value is None or value < most or (word.arg == "lt" and value == most)
    return False


def _number(node: ast.expr) -> float | None:
    try:
        value = ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError):
        return None
    return value if isinstance(value, int | float) else None


def checked_fields(functions: Iterable[Function]) -> set[str]:
    """The fields, or parameters, that functions may refuse or change; `*` where it can be any.

    Args:
        functions: Functions that make a thing, and validators of its class.
    """
    found: set[str] = set()
    for function in functions:
        touched = {*_refused(function), *_changed(function)}
        names = _validated(function)
        found |= names if names and touched else touched
    return found


def _validated(function: Function) -> set[str]:
    """The fields that a validator is for; empty where a function is none."""
    names: set[str] = set()
    for decorator in function.decorator_list:
        if not isinstance(decorator, ast.Call):
            continue
        last = ast.unparse(decorator.func).rpartition(".")[2]
        if last in VALIDATORS or last == "validates":
            texts = [item.value for item in decorator.args if isinstance(item, ast.Constant)]
            names |= {text for text in texts if isinstance(text, str)} or {EVERYTHING}
        elif last == "validator" or ast.unparse(decorator.func).endswith(".validator"):
            names.add(ast.unparse(decorator.func).partition(".")[0])
    return names


def _refused(function: Function) -> Iterator[str]:
    """What the conditions in front of a `raise` speak of, where a sample may meet them."""
    for node in ast.walk(function):
        if (isinstance(node, ast.Assert) and not _is_harmless(node.test)) or (
            isinstance(node, ast.If) and _raises(node) and not _is_harmless(node.test)
        ):
            yield from _mentioned(node.test)


def _changed(function: Function) -> Iterator[str]:
    """What is spelled in another way before it is kept."""
    asked = {
        id(part)
        for node in ast.walk(function)
        if isinstance(node, ast.If)
        for part in ast.walk(node.test)
    }
    for node in ast.walk(function):
        if isinstance(node, ast.Call) and id(node) not in asked:
            last = ast.unparse(node.func).rpartition(".")[2]
            if last in CHANGES or last == "round":
                yield from _mentioned(node)


def _raises(node: ast.If) -> bool:
    return any(isinstance(part, ast.Raise) for item in node.body for part in ast.walk(item))


def _is_harmless(test: ast.expr) -> bool:
    for part in ast.walk(test):
        if isinstance(part, ast.Call):
            if ast.unparse(part.func).rpartition(".")[2] not in HARMLESS_CALLS:
                return False
        elif (isinstance(part, ast.Constant) and part.value not in HARMLESS_VALUES) or isinstance(
            part, ast.NotIn
        ):
            return False
    return True


def _mentioned(test: ast.expr) -> Iterator[str]:
    for part in ast.walk(test):
        if isinstance(part, ast.Name):
            yield part.id
        elif isinstance(part, ast.Attribute):
            yield part.attr
