"""What keeps the things a program is about: classes and modules with verbs such as `create_task`."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from pathlib import PurePosixPath
from typing import NamedTuple

from devtool.scaffold import columns

Function = ast.FunctionDef | ast.AsyncFunctionDef
LEAST_VERBS = 2


class Verb(StrEnum):
    """What a method does to a thing."""

    CREATE = "create"
    LIST = "list"
    GET = "get"
    UPDATE = "update"
    DELETE = "delete"
    COMPLETE = "complete"
    CUSTOM = "custom"


WORDS = {
    Verb.CREATE: ("create", "add", "new", "insert", "make"),
    Verb.LIST: ("list", "all", "get_all", "find_all", "list_all"),
    Verb.GET: ("get", "find", "fetch", "show", "read"),
    Verb.UPDATE: ("update", "edit", "change", "modify"),
    Verb.DELETE: ("delete", "remove", "drop"),
    Verb.COMPLETE: ("complete", "finish", "mark_done", "mark_complete"),
}


class Method(NamedTuple):
    """One method or function of a manager.

    Attributes:
        name: Its name.
        verb: What it does.
        line: Where it begins.
        parameters: What it takes, `self` left out.
        optional: Those of them that have a default.
        returns: What it returns, as written.
        is_async: Whether it has to be awaited.
    """

    name: str
    verb: Verb
    line: int
    parameters: tuple[str, ...]
    optional: tuple[str, ...]
    returns: str
    is_async: bool


class Manager(NamedTuple):
    """What keeps the things of one kind.

    Attributes:
        name: The class, or the module's name.
        path: Its file.
        line: Where it begins; 0 for a module.
        entity: The class of the things.
        methods: What it can do, in the order of the source.
        needs: Parameters that its constructor demands.
    """

    name: str
    path: str
    line: int
    entity: str
    methods: tuple[Method, ...]
    needs: tuple[str, ...]

    @property
    def is_module(self) -> bool:
        """Whether its functions stand in the module itself."""
        return self.line == 0

    @property
    def custom(self) -> tuple[Method, ...]:
        """What has no place in a REST interface: work to be done by hand."""
        return tuple(method for method in self.methods if method.verb is Verb.CUSTOM)

    def method(self, verb: Verb) -> Method | None:
        """The first method with a verb, or None."""
        return next((method for method in self.methods if method.verb is verb), None)


def managers_of(modules: Mapping[str, ast.Module], entities: frozenset[str]) -> tuple[Manager, ...]:
    """Every class and module that keeps one of the entities."""
    return tuple(
        manager for path, module in modules.items() for manager in _in(path, module, entities)
    )


def _in(path: str, module: ast.Module, entities: frozenset[str]) -> Iterator[Manager]:
    for node in module.body:
        if isinstance(node, ast.ClassDef) and node.name not in entities:
            functions = [item for item in node.body if isinstance(item, Function)]
            init = next((item for item in functions if item.name == "__init__"), None)
            yield from _manager(
                node.name, path, node.lineno, functions, node, entities, _required(init)
            )
    functions = [item for item in module.body if isinstance(item, Function)]
    name = PurePosixPath(path).stem
    scope = ast.Module(
        body=[node for node in module.body if not isinstance(node, ast.ClassDef)], type_ignores=[]
    )
    yield from _manager(name, path, 0, functions, scope, entities, ())


def _manager(
    name: str,
    path: str,
    line: int,
    functions: Iterable[Function],
    scope: ast.AST,
    entities: frozenset[str],
    needs: tuple[str, ...],
) -> Iterator[Manager]:
    public = [
        item for item in functions if not item.name.startswith("_") and not _is_property(item)
    ]
    verbs = {item.name: verb_of(item.name) for item in public}
    if len(set(verbs.values()) - {Verb.CUSTOM}) < LEAST_VERBS:
        return
    entity = _kept(scope, public, entities)
    if entity:
        is_class = line > 0
        methods = tuple(_method(item, verbs[item.name], is_class=is_class) for item in public)
        # Of functions beside functions, only those that deal with the things belong to the manager.
        about = methods if is_class else tuple(m for m in methods if m.verb is not Verb.CUSTOM)
        yield Manager(name, path, line, entity, about, needs)


def verb_of(name: str) -> Verb:
    """What a method of that name does; the longest word that fits tells."""
    fits = [
        (len(word), verb)
        for verb, words in WORDS.items()
        for word in words
        if re.match(rf"{word}(_|$)", name)
    ]
    verb = max(fits, default=(0, Verb.CUSTOM))[1]
    # `get_tasks` gives many: what is named in the plural is listed.
    if verb is Verb.GET and name.endswith("s") and not name.endswith("ss"):
        return Verb.LIST
    return verb


def _is_property(node: Function) -> bool:
    return any(
        ast.unparse(item).rpartition(".")[2] in {"property", "cached_property", "setter"}
        for item in node.decorator_list
    )


def _kept(scope: ast.AST, functions: Iterable[Function], entities: frozenset[str]) -> str:
    """The entity that a manager deals with most, or an empty string."""
    votes: Counter[str] = Counter()
    for node in ast.walk(scope):
        if isinstance(node, ast.AnnAssign):
            votes.update(columns.mentioned(node.annotation) & entities)
        elif isinstance(node, ast.Call):
            votes.update({ast.unparse(node.func).rpartition(".")[2]} & entities)
    for function in functions:
        for annotation in (function.returns, *(arg.annotation for arg in function.args.args)):
            if annotation is not None:
                votes.update(columns.mentioned(annotation) & entities)
        for entity in entities:
            if _snake(entity) in re.sub(r"s(_|$)", r"\1", function.name):
                votes[entity] += 1
    best = votes.most_common(2)
    if not best or (len(best) == 2 and best[0][1] == best[1][1]):
        return ""
    return best[0][0]


def _method(node: Function, verb: Verb, *, is_class: bool) -> Method:
    arguments = node.args
    named = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    positional = [*arguments.posonlyargs, *arguments.args]
    with_default = {arg.arg for arg in positional[len(positional) - len(arguments.defaults) :]}
    with_default |= {
        arg.arg
        for arg, value in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
        if value is not None
    }
    is_static = any(ast.unparse(item) == "staticmethod" for item in node.decorator_list)
    taken = named[1:] if is_class and not is_static else named
    return Method(
        name=node.name,
        verb=verb,
        line=node.lineno,
        parameters=tuple(arg.arg for arg in taken),
        optional=tuple(arg.arg for arg in taken if arg.arg in with_default),
        returns=ast.unparse(node.returns) if node.returns is not None else "",
        is_async=isinstance(node, ast.AsyncFunctionDef),
    )


def _required(init: Function | None) -> tuple[str, ...]:
    if init is None:
        return ()
    method = _method(init, Verb.CUSTOM, is_class=True)
    return tuple(name for name in method.parameters if name not in method.optional)


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
