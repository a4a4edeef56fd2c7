"""Fields whose values a program checks or changes: what a test makes up may not be kept. Read, never run.

Checks that any sensible value passes are none here: that a text is not blank, a number not negative, a
key not taken.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum
from typing import Any

Function = ast.FunctionDef | ast.AsyncFunctionDef
# The samples of contract tests: numbers from 1.5 to 5, texts of three to five letters.
LEAST, MOST = 1.5, 5
SHORTEST, LONGEST = 3, 5
NUMBERS = (1.5, 2.5, 3, 3.5, 4, 5)
COMPARISONS: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
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
    """What the conditions speak of in front of a refusal or another value, where a sample may meet them."""
    local = _assigned(function)
    for node in ast.walk(function):
        if isinstance(node, ast.Assert) and _effect(node.test, negated=True) is _Effect.HARM:
            yield from _mentioned(node.test)
        elif isinstance(node, ast.If) and _turns_away(node):
            # if self.repeats: if self.unit not in UNITS: raise ...
            inner = [part for item in node.body for part in ast.walk(item)]
            tests = [node.test, *(part.test for part in inner if isinstance(part, ast.If))]
            if any(_effect(test) is _Effect.HARM for test in tests):
                yield from _mentioned(node.test)
            # is_known = self.x in KINDS; if not is_known: raise ...
            for value in (local[name] for name in _mentioned(node.test) if name in local):
                if _effect(value) is _Effect.HARM or isinstance(value, ast.Compare):
                    yield from _mentioned(value)


def _assigned(function: Function) -> dict[str, ast.expr]:
    """What names of a function stand for, those that are parameters left out."""
    found = {
        target.id: node.value
        for node in ast.walk(function)
        if isinstance(node, ast.Assign)
        for top in node.targets
        for target in (top.elts if isinstance(top, ast.Tuple) else [top])
        if isinstance(target, ast.Name)
    }
    taken = {arg.arg for arg in (*function.args.args, *function.args.kwonlyargs)}
    return {name: value for name, value in found.items() if name not in taken}


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


def _turns_away(node: ast.If) -> bool:
    """Whether a branch refuses, ends, or gives something that was asked about another value."""
    asked = set(_mentioned(node.test))
    for part in (part for item in node.body for part in ast.walk(item)):
        if isinstance(part, ast.Raise | ast.Return):
            return True
        if isinstance(part, ast.Assign) and asked & {
            name for target in part.targets for name in _mentioned(target) if name != "self"
        }:
            return True
    return False


class _Effect(StrEnum):
    """What a condition does to samples: it is never met, does not matter, or may turn them away."""

    NEVER = "never"
    NONE = "none"
    HARM = "harm"


def _effect(test: ast.expr, *, negated: bool = False) -> _Effect:
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        return _effect(test.operand, negated=not negated)
    if isinstance(test, ast.BoolOp):
        parts = {_effect(part, negated=negated) for part in test.values}
        if isinstance(test.op, ast.And) is not negated and _Effect.NEVER in parts:
            return _Effect.NEVER
        return max(parts, key=list(_Effect).index)
    if isinstance(test, ast.Compare):
        outcomes = _outcomes(test)
        if outcomes:
            return _Effect.NEVER if outcomes == {negated} else _Effect.HARM
    return _Effect.NONE if _is_harmless(test) else _Effect.HARM


def _outcomes(test: ast.Compare) -> set[bool]:
    """What a comparison of a length or a number comes to for the samples; empty where it is another."""
    operands = [test.left, *test.comparators]
    held = [_number(operand) for operand in operands]
    asked = [operand for operand, value in zip(operands, held, strict=True) if value is None]
    known = [COMPARISONS[type(op)] for op in test.ops if type(op) in COMPARISONS]
    if len(asked) != 1 or len(known) != len(test.ops):
        return set()
    is_length = isinstance(asked[0], ast.Call) and ast.unparse(asked[0].func) == "len"
    if not is_length and not isinstance(asked[0], ast.Name | ast.Attribute):
        return set()
    samples = range(SHORTEST, LONGEST + 1) if is_length else NUMBERS
    rows = [[sample if value is None else value for value in held] for sample in samples]
    return {
        all(compare(a, b) for compare, a, b in zip(known, row[:-1], row[1:], strict=True))
        for row in rows
    }


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
