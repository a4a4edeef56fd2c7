"""What keeps the things a program is about: classes and modules with verbs such as `create_task`."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from enum import StrEnum
from functools import cache
from pathlib import PurePosixPath
from typing import NamedTuple

from devtool.scaffold import bounds, columns
from devtool.scaffold.resource.names import plural, snake

Function = ast.FunctionDef | ast.AsyncFunctionDef
LEAST_VERBS = 2
# What makes many of one, in English and the languages around it.
ENDINGS = "s|es|n|en|nen|e|er"


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
    Verb.CREATE: ("create", "add", "new", "insert", "make", "register"),
    Verb.LIST: ("list", "all", "get_all", "find_all", "list_all"),
    Verb.GET: ("get", "find", "fetch", "show", "read"),
    Verb.UPDATE: ("update", "edit", "change", "modify"),
    Verb.DELETE: ("delete", "remove", "drop"),
    Verb.COMPLETE: (
        "complete",
        "finish",
        "mark_done",
        "mark_complete",
        "mark_completed",
        "mark_as_done",
    ),
}

BY_WORD = {word: verb for verb, words in WORDS.items() for word in words}


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
        gives: Whether it returns something.
        asks: Whether it waits for somebody at the terminal.
        bounded: Parameters whose values it checks.
        overwrites: Parameters whose values it keeps even where they were left out.
    """

    name: str
    verb: Verb
    line: int
    parameters: tuple[str, ...]
    optional: tuple[str, ...]
    returns: str
    is_async: bool
    gives: bool = True
    asks: bool = False
    bounded: frozenset[str] = frozenset()
    overwrites: frozenset[str] = frozenset()


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
    """Every class and module that keeps one of the entities; what only asks for them keeps none."""
    if not entities:
        return ()
    classes = {
        node.name: node
        for module in modules.values()
        for node in module.body
        if isinstance(node, ast.ClassDef)
    }
    found = [
        manager
        for path, module in modules.items()
        for manager in _in(path, module, entities, classes)
    ]
    keeping = {each.entity for each in found if each.method(Verb.CREATE) and not _only_asks(each)}
    return tuple(each for each in found if each.entity not in keeping or not _only_asks(each))


def _only_asks(manager: Manager) -> bool:
    """Whether it makes things of nothing that it is given: a menu in front of what keeps them."""
    create = manager.method(Verb.CREATE)
    if create is None or create.parameters:
        return False
    return create.asks or bool(manager.needs) or not create.gives


def _in(
    path: str,
    module: ast.Module,
    entities: frozenset[str],
    classes: Mapping[str, ast.ClassDef],
) -> Iterator[Manager]:
    for node in module.body:
        if isinstance(node, ast.ClassDef) and node.name not in entities and not _is_abstract(node):
            functions = list(_functions(node, classes).values())
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


def _functions(
    node: ast.ClassDef, classes: Mapping[str, ast.ClassDef], seen: frozenset[str] = frozenset()
) -> dict[str, Function]:
    """The methods of a class, those of the program's classes that it is made of among them."""
    found: dict[str, Function] = {}
    for base in node.bases:
        name = ast.unparse(base).partition("[")[0].rpartition(".")[2]
        if name in classes and name not in seen:
            found |= _functions(classes[name], classes, seen | {node.name})
    return found | {item.name: item for item in node.body if isinstance(item, Function)}


def _is_abstract(node: ast.ClassDef) -> bool:
    """Whether a class only says what others do."""
    bases = {ast.unparse(base).partition("[")[0].rpartition(".")[2] for base in node.bases}
    decorators = {
        ast.unparse(item).rpartition(".")[2]
        for function in node.body
        if isinstance(function, Function)
        for item in function.decorator_list
    }
    return "Protocol" in bases or "abstractmethod" in decorators


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
    is_class = line > 0
    for entity, named in _shares(public, verbs, scope, entities):
        methods = tuple(_method(item, verbs[item.name], is_class=is_class) for item in named)
        # Of functions beside functions, only those that deal with the things belong to the manager.
        about = methods if is_class else tuple(m for m in methods if m.verb is not Verb.CUSTOM)
        yield Manager(name, path, line, entity, about, needs)


def _shares(
    functions: list[Function],
    verbs: Mapping[str, Verb],
    scope: ast.AST,
    entities: frozenset[str],
) -> list[tuple[str, list[Function]]]:
    """Each entity that is kept, with the functions about it: by their names where there are several."""
    by_name: dict[str, list[Function]] = {}
    for function in functions:
        by_name.setdefault(_named_in(function.name, entities), []).append(function)
    several = {
        entity: named
        for entity, named in by_name.items()
        if entity and len({verbs[f.name] for f in named} - {Verb.CUSTOM}) >= LEAST_VERBS
    }
    if len(several) > 1:
        first = next(iter(several))
        several[first] += [
            f for f in functions if not any(f in named for named in several.values())
        ]
        return list(several.items())
    entity = _kept(scope, functions, entities)
    return [(entity, functions)] if entity else []


def _named_in(function: str, entities: Iterable[str]) -> str:
    """The entity that a function is called after, such as `Task` for `list_tasks`."""
    words = f"_{function}_"
    fits = [
        (len(entity), entity)
        for entity in entities
        if re.search(rf"_({snake(entity)}({ENDINGS})?|{plural(snake(entity))})_", words)
    ]
    return max(fits, default=(0, ""))[1]


@cache
def verb_of(name: str) -> Verb:
    """What a method of that name does; the longest word that fits tells."""
    fits = [
        (len(word), verb)
        for word, verb in BY_WORD.items()
        if name == word or name.startswith(f"{word}_")
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


def _kept(scope: ast.AST, functions: list[Function], entities: frozenset[str]) -> str:
    """The entity that a manager deals with most, or an empty string."""
    # class Tasks(Repository[Task])
    bases = scope.bases if isinstance(scope, ast.ClassDef) else []
    made_of = {name for base in bases for name in columns.mentioned(base) & entities}
    votes = Counter(dict.fromkeys(made_of, len(functions)))
    for node in ast.walk(scope):
        if isinstance(node, ast.AnnAssign):
            votes.update(columns.mentioned(node.annotation) & entities)
        elif isinstance(node, ast.Call):
            votes.update({ast.unparse(node.func).rpartition(".")[2]} & entities)
    for function in functions:
        for annotation in (function.returns, *(arg.annotation for arg in function.args.args)):
            if annotation is not None:
                votes.update(columns.mentioned(annotation) & entities)
        if named := _named_in(function.name, entities):
            votes[named] += 1
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
        gives=any(_gives(part) for part in ast.walk(node)),
        asks=any(isinstance(part, ast.Call) and _asks(part) for part in ast.walk(node)),
        bounded=frozenset(bounds.checked_fields([node])),
        overwrites=frozenset(_overwritten(node) & with_default),
    )


def _overwritten(node: Function) -> set[str]:
    """The names that are kept as they are, without a look at them: `task.owner = owner`."""
    looked_at = {
        (id(part), name)
        for condition in ast.walk(node)
        if isinstance(condition, ast.If)
        for name in columns.mentioned(condition.test)
        for item in condition.body
        for part in ast.walk(item)
    }
    return {
        part.value.id
        for part in ast.walk(node)
        if isinstance(part, ast.Assign) and isinstance(part.value, ast.Name)
        if isinstance(part.targets[0], ast.Attribute | ast.Subscript)
        if (id(part), part.value.id) not in looked_at
    }


def takes_whole(create: Method, entity: str, fields: Collection[str]) -> bool:
    """Whether a method that creates a thing takes it as one, not field by field."""
    required = set(create.parameters) - set(create.optional)
    return required == {snake(entity)} or (len(required) == 1 and not required & set(fields))


def _gives(node: ast.AST) -> bool:
    if isinstance(node, ast.Return):
        return node.value is not None
    return isinstance(node, ast.Yield | ast.YieldFrom)


def _asks(node: ast.Call) -> bool:
    return ast.unparse(node.func).rpartition(".")[2] in {"input", "getpass", "prompt", "ask"}


def _required(init: Function | None) -> tuple[str, ...]:
    if init is None:
        return ()
    method = _method(init, Verb.CUSTOM, is_class=True)
    return tuple(name for name in method.parameters if name not in method.optional)
