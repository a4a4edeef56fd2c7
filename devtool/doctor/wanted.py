"""The variables that code asks for, read from its syntax: nothing is imported."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import NamedTuple

from devtool.detection.aside import is_aside
from devtool.detection.tree import SourceTree

MAX_FILES = 200


class Wanted(NamedTuple):
    """One variable that code asks for.

    `names` are those that would do; `default` is a constant default, None where there is none or it
    is no constant; `required` is true where it cannot do without.
    """

    names: tuple[str, ...]
    path: str
    line: int
    required: bool
    default: object = None
    any_case: bool = True
    files: tuple[str, ...] = ()


def wanted(tree: SourceTree, folder: str) -> list[Wanted]:
    """The fields of pydantic-settings classes, and what `os.environ[...]` reads, below a folder."""
    prefix = f"{folder}/" if folder else ""
    found: list[Wanted] = []
    candidates = (p for p in tree.python_files if p.startswith(prefix) and not is_aside(p))
    for path in candidates:
        text = tree.read(path) or ""
        if "BaseSettings" not in text and "environ" not in text:
            continue
        try:
            module = ast.parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue  # a run says so; detection notes it
        found += [*_fields(module, path), *_reads(module, path)]
        if len(found) > MAX_FILES:
            break
    return found


# --- pydantic-settings -------------------------------------------------------------------------


def _fields(module: ast.Module, path: str) -> Iterator[Wanted]:
    classes = [node for node in ast.walk(module) if isinstance(node, ast.ClassDef)]
    known: dict[str, dict[str, object]] = {"BaseSettings": {}}
    for node in classes:  # in the order of the file, so that a base stands before what extends it
        bases = [known[name] for name in map(_last, node.bases) if name in known]
        if bases:
            options = {key: value for base in bases for key, value in base.items()}
            known[node.name] = options | _options(node)
            yield from _of_class(node, path, known[node.name])


def _of_class(node: ast.ClassDef, path: str, options: dict[str, object]) -> Iterator[Wanted]:
    prefix = str(options.get("env_prefix", ""))
    any_case = options.get("case_sensitive") is not True
    files = options.get("env_file", ())
    named = tuple(map(str, files)) if isinstance(files, tuple | list) else (str(files),)
    for field in node.body:
        if not isinstance(field, ast.AnnAssign) or not isinstance(field.target, ast.Name):
            continue
        name = field.target.id
        if (
            name.startswith("_")
            or name == "model_config"
            or "ClassVar" in ast.dump(field.annotation)
        ):
            continue
        call = _field_call(field)
        required, default = _default(field, call)
        yield Wanted(
            names=_aliases(call) or (f"{prefix}{name}".upper() if any_case else prefix + name,),
            path=path,
            line=field.lineno,
            required=required,
            default=default,
            any_case=any_case,
            files=tuple(file for file in named if file and file != "None"),
        )


def _options(node: ast.ClassDef) -> dict[str, object]:
    """The constants of `model_config = SettingsConfigDict(...)`, or of a `Config` class."""
    found: dict[str, object] = {}
    for item in node.body:
        if isinstance(item, ast.ClassDef) and item.name == "Config":
            found |= {
                target.id: _constant(each.value)
                for each in item.body
                if isinstance(each, ast.Assign)
                for target in each.targets
                if isinstance(target, ast.Name)
            }
        if not isinstance(item, ast.Assign | ast.AnnAssign):
            continue
        targets = item.targets if isinstance(item, ast.Assign) else [item.target]
        if not any(isinstance(t, ast.Name) and t.id == "model_config" for t in targets):
            continue
        if isinstance(item.value, ast.Call):
            found |= {k.arg: _constant(k.value) for k in item.value.keywords if k.arg}
        if isinstance(item.value, ast.Dict):
            pairs = zip(item.value.keys, item.value.values, strict=True)
            found |= {str(_constant(k)): _constant(v) for k, v in pairs if k is not None}
    return {key: value for key, value in found.items() if value is not None}


def _field_call(field: ast.AnnAssign) -> ast.Call | None:
    """The `Field(...)` of a field: its value, or inside `Annotated`."""
    inside = [field.value] if field.value else []
    inside += [each for each in ast.walk(field.annotation) if isinstance(each, ast.Call)]
    return next((e for e in inside if isinstance(e, ast.Call) and _last(e.func) == "Field"), None)


def _default(field: ast.AnnAssign, call: ast.Call | None) -> tuple[bool, object]:
    """Whether a field must be given, and its default if that is a constant."""
    if field.value is not None and field.value is not call:
        return False, _constant(field.value)
    if call is None:
        return True, None
    given = call.args[:1] or [k.value for k in call.keywords if k.arg == "default"]
    if given and not (isinstance(given[0], ast.Constant) and given[0].value is ...):
        return False, _constant(given[0])
    return not any(keyword.arg == "default_factory" for keyword in call.keywords), None


def _aliases(call: ast.Call | None) -> tuple[str, ...]:
    if call is None:
        return ()
    given = {keyword.arg: keyword.value for keyword in call.keywords}
    alias = given.get("validation_alias") or given.get("alias")
    if isinstance(alias, ast.Call):
        return tuple(str(v) for a in alias.args if (v := _constant(a)) is not None)
    value = _constant(alias) if alias is not None else None
    return (value,) if isinstance(value, str) else ()


def _constant(node: ast.expr) -> object:
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, RecursionError, MemoryError):
        return None


def _last(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


# --- os.environ --------------------------------------------------------------------------------


def _reads(module: ast.Module, path: str) -> Iterator[Wanted]:
    """`os.environ["NAME"]` where it is read, except where its absence is caught."""
    caught = {
        inner
        for node in ast.walk(module)
        if isinstance(node, ast.Try)
        for statement in node.body
        for inner in ast.walk(statement)
    }
    for node in ast.walk(module):
        if not isinstance(node, ast.Subscript) or not isinstance(node.ctx, ast.Load):
            continue
        name = _constant(node.slice) if _last(node.value) == "environ" else None
        if isinstance(name, str) and node not in caught:
            yield Wanted((name,), path, node.lineno, required=True, any_case=False)
