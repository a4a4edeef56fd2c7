"""Questions to Python source: what it imports, binds, returns and calls. Nothing is executed.

Two depths. `imports` scans unindented import lines, cheap enough for every file; `source` parses
one file into the facts below, for the few files that matter.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from devtool.detection.pattern import Pattern
from devtool.detection.tree import SourceTree

TYPE_CHECKING = False
if TYPE_CHECKING:
    import ast
    from collections.abc import Iterator

_IMPORT_LINE = Pattern(
    r"^(?:from[ \t]+(?P<module>\.*[\w.]*)[ \t]+import[ \t]+(?P<names>\([^)]*\)|[^\n#;]+)"
    r"|import[ \t]+(?P<modules>[\w., \t]+))",
    re.MULTILINE,
)
_ANY_IMPORT = Pattern(
    r"^[ \t]*(?:from[ \t]+([A-Za-z_][\w.]*)[ \t]+import\b|import[ \t]+([A-Za-z_][\w.]*))",
    re.MULTILINE,
)
_PATH_EDIT = Pattern(r"\bsys\.path\.(?:insert|append|extend)\(|\bsite\.addsitedir\(")
# What parsing costs goes with the marks between words, of which usual source has nine in a hundred
# characters: this is 400 KB of it in one file, 1 MB in all.
_MARKS = str.maketrans("", "", "\n,.:=([{+-*/%<>&|^@;")
MAX_MARKS_IN_FILE = 40_000
MAX_MARKS = 90_000
_NAME = Pattern(r"[A-Za-z_]\w*")


class Import(NamedTuple):
    """One import statement: `module` keeps its leading dots, `names` is empty for `import x`."""

    module: str
    names: tuple[str, ...]


class Bound(NamedTuple):
    """A module-level name bound to a call, or to another name when `call` is false."""

    name: str
    callee: str
    line: int
    call: bool


class Function(NamedTuple):
    """A module-level function; `returns` is what the call it returns resolves to."""

    name: str
    line: int
    returns: str
    required: int


class Call(NamedTuple):
    """A call of a dotted name. `scope` is `module`, `guard`, or the enclosing function's name."""

    callee: str
    line: int
    scope: str
    args: tuple[object, ...]
    keywords: dict[str, object]


class Reference(NamedTuple):
    """An argument that is a name: `app` in `uvicorn.run(app)`."""

    name: str


class Source(NamedTuple):
    """The facts of one parsed file."""

    names: dict[str, str]
    bound: dict[str, Bound]
    functions: dict[str, Function]
    classes: dict[str, tuple[str, ...]]
    calls: tuple[Call, ...]
    decorators: tuple[tuple[str, int], ...]
    guard: int
    statements: int


class PythonIndex:
    """The Python files of a tree, scanned and parsed on demand, each at most once."""

    def __init__(self, tree: SourceTree) -> None:
        self.tree = tree
        self._imports: dict[str, tuple[Import, ...]] = {}
        self._modules: dict[str, dict[str, int]] = {}
        self._sources: dict[str, Source | None] = {}
        self._edits: dict[str, bool] = {}
        self._marks = 0

    def imports(self, path: str) -> tuple[Import, ...]:
        """The unindented imports of a file."""
        if path not in self._imports:
            self._imports[path] = tuple(_scan_imports(self.tree.read(path) or ""))
        return self._imports[path]

    def imported_modules(self, path: str) -> dict[str, int]:
        """Every absolute module imported anywhere in a file -> the first line that does."""
        if path not in self._modules:
            self._modules[path] = _scan_modules(self.tree.read(path) or "")
        return self._modules[path]

    def edits_path(self, path: str) -> bool:
        """Whether the file changes `sys.path` itself."""
        if path not in self._edits:
            self._edits[path] = _PATH_EDIT.search(self.tree.read(path) or "") is not None
        return self._edits[path]

    def source(self, path: str) -> Source | None:
        """The facts of a file, or None with a note when it is not valid Python."""
        if path not in self._sources:
            self._sources[path] = self._parse(path)
        return self._sources[path]

    def _affords(self, path: str, text: str) -> bool:
        """Whether there is time to parse a file; noted where there is not."""
        marks = len(text) - len(text.translate(_MARKS))
        if marks > MAX_MARKS_IN_FILE:
            self.tree.note(path, "is too long to be parsed", kind="budget")
            return False
        if self._marks > MAX_MARKS:
            self.tree.note("", "only part of the Python files was parsed", kind="budget")
            return False
        self._marks += marks
        return True

    def _parse(self, path: str) -> Source | None:
        text = self.tree.read(path)
        if text is None or not self._affords(path, text):
            return None
        import ast
        import warnings

        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # invalid escapes in the project's strings
                module = ast.parse(text)
            return _Reader(module).facts()
        except SyntaxError as error:
            # The line's text stays out: it may hold a secret.
            self.tree.note(
                path, f"is not valid Python here (line {error.lineno or 0})", line=error.lineno or 0
            )
        except (ValueError, RecursionError, MemoryError):
            self.tree.note(path, "is nested too deeply to be read as Python")
        return None


def _scan_imports(text: str) -> Iterator[Import]:
    for match in _IMPORT_LINE.finditer(text):
        if match["modules"] is not None:
            for part in match["modules"].split(","):
                words = part.split()
                if words and _NAME.match(words[0]):
                    yield Import(words[0], ())
        elif match["module"]:
            parts = match["names"].strip("()").replace("\\\n", " ").split(",")
            words_of = [re.sub(r"#.*", "", part).split() for part in parts]
            yield Import(match["module"], tuple(words[0] for words in words_of if words))


def _scan_modules(text: str) -> dict[str, int]:
    found: dict[str, int] = {}
    line = 1
    position = 0
    for match in _ANY_IMPORT.finditer(text):
        line += text.count("\n", position, match.start())
        position = match.start()
        found.setdefault(match[1] or match[2], line)
    return found


class _Reader:
    """Collects the facts of one module."""

    def __init__(self, module: ast.Module) -> None:
        import ast

        self.ast = ast
        self.module = module
        self.names: dict[str, str] = {}
        self.bound: dict[str, Bound] = {}
        self.functions: dict[str, Function] = {}
        self.classes: dict[str, tuple[str, ...]] = {}
        self.calls: list[Call] = []
        self.definitions: list[ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef] = []
        self.guard = 0

    def facts(self) -> Source:
        calls = self._walk()
        for node in self._top_level(self.module.body):
            self._statement(node)
        for call, scope in calls:
            self._call(call, scope)
        self.calls.sort(key=lambda call: call.line)
        return Source(
            self.names,
            self.bound,
            self.functions,
            self.classes,
            tuple(self.calls),
            tuple(self._decorators()),
            self.guard,
            len(self.module.body),
        )

    def _walk(self) -> list[tuple[ast.Call, str]]:
        """Bind every import and gather calls and definitions, in one pass over the nodes."""
        calls: list[tuple[ast.Call, str]] = []
        for statement in self.module.body:
            scope = self._scope_of(statement)
            for node in self.ast.walk(statement):
                if isinstance(node, self.ast.Call):
                    calls.append((node, scope))
                elif isinstance(node, self.ast.Import):
                    self._bind_import(node)
                elif isinstance(node, self.ast.ImportFrom):
                    self._bind_import_from(node)
                elif isinstance(
                    node, self.ast.FunctionDef | self.ast.AsyncFunctionDef | self.ast.ClassDef
                ):
                    self.definitions.append(node)
        return calls

    def _scope_of(self, statement: ast.stmt) -> str:
        if isinstance(
            statement, self.ast.FunctionDef | self.ast.AsyncFunctionDef | self.ast.ClassDef
        ):
            return statement.name
        if isinstance(statement, self.ast.If) and self._is_guard(statement.test):
            return "guard"
        return "module"

    def _bind_import(self, node: ast.Import) -> None:
        for alias in node.names:
            top = alias.name.partition(".")[0]
            self.names.setdefault(alias.asname or top, alias.name if alias.asname else top)

    def _bind_import_from(self, node: ast.ImportFrom) -> None:
        module = "." * node.level + (node.module or "")
        joint = "" if module.endswith(".") else "."
        for alias in node.names:
            self.names.setdefault(alias.asname or alias.name, f"{module}{joint}{alias.name}")

    def _decorators(self) -> Iterator[tuple[str, int]]:
        for node in sorted(self.definitions, key=lambda node: node.lineno):
            for decorator in node.decorator_list:
                made = decorator.func if isinstance(decorator, self.ast.Call) else decorator
                name = self.dotted(made)
                if name:
                    yield name, decorator.lineno

    def _top_level(self, body: list[ast.stmt]) -> Iterator[ast.stmt]:
        for node in body:
            if isinstance(node, self.ast.If):
                if self._is_guard(node.test):
                    self.guard = self.guard or node.lineno
                    continue
                yield from self._top_level(node.body)
                yield from self._top_level(node.orelse)
            elif isinstance(node, self.ast.Try):
                yield from self._top_level(node.body)
                for handler in node.handlers:
                    yield from self._top_level(handler.body)
                yield from self._top_level(node.orelse)
                yield from self._top_level(node.finalbody)
            elif isinstance(node, self.ast.With):
                yield from self._with_items(node)
                yield from self._top_level(node.body)
            else:
                yield node

    def _with_items(self, node: ast.With) -> Iterator[ast.stmt]:
        """`with gr.Blocks() as demo:` binds demo."""
        for item in node.items:
            if isinstance(item.optional_vars, self.ast.Name):
                yield self.ast.copy_location(
                    self.ast.Assign(targets=[item.optional_vars], value=item.context_expr), node
                )

    def _is_guard(self, test: ast.expr) -> bool:
        if not isinstance(test, self.ast.Compare) or len(test.comparators) != 1:
            return False
        sides = (test.left, test.comparators[0])
        named = any(isinstance(s, self.ast.Name) and s.id == "__name__" for s in sides)
        return named and any(
            isinstance(s, self.ast.Constant) and s.value == "__main__" for s in sides
        )

    def _statement(self, node: ast.stmt) -> None:
        if isinstance(node, self.ast.Assign):
            for target in node.targets:
                self._assign(target, node.value)
        elif isinstance(node, self.ast.AnnAssign) and node.value is not None:
            self._assign(node.target, node.value)
        elif isinstance(node, self.ast.FunctionDef | self.ast.AsyncFunctionDef):
            self.functions[node.name] = self._function(node)
        elif isinstance(node, self.ast.ClassDef):
            self.classes[node.name] = tuple(self.dotted(base) for base in node.bases)

    def _assign(self, target: ast.expr, value: ast.expr) -> None:
        if not isinstance(target, self.ast.Name):
            return
        callee = self._made_by(value)
        if callee:
            self.bound[target.id] = Bound(target.id, callee, value.lineno, call=True)
        elif isinstance(value, self.ast.Name | self.ast.Attribute):
            alias = self.dotted(value)
            if alias:
                self.bound[target.id] = Bound(target.id, alias, value.lineno, call=False)

    def _made_by(self, value: ast.expr) -> str:
        """What an expression that is a call resolves to; a wrapper's first argument counts too."""
        if isinstance(value, self.ast.Await):
            value = value.value
        return self.dotted(value.func) if isinstance(value, self.ast.Call) else ""

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> Function:
        made: dict[str, str] = {}
        returns = ""
        for inner in self._inside(node):
            if isinstance(inner, self.ast.Assign | self.ast.AnnAssign):
                targets = inner.targets if isinstance(inner, self.ast.Assign) else [inner.target]
                callee = self._made_by(inner.value) if inner.value is not None else ""
                for target in targets:
                    if callee and isinstance(target, self.ast.Name):
                        made.setdefault(target.id, callee)
            elif isinstance(inner, self.ast.Return) and inner.value is not None:
                name = inner.value.id if isinstance(inner.value, self.ast.Name) else ""
                returns = self._made_by(inner.value) or made.get(name, "") or name or returns
        if not returns and node.returns is not None:
            returns = self.dotted(node.returns)
        arguments = node.args
        given = len(arguments.posonlyargs) + len(arguments.args)
        required = given - len(arguments.defaults)
        required += sum(default is None for default in arguments.kw_defaults)
        return Function(node.name, node.lineno, returns, max(0, required))

    def _inside(self, node: ast.AST) -> Iterator[ast.stmt]:
        """The statements of a function in order, those of nested functions left out."""
        for child in self.ast.iter_child_nodes(node):
            if isinstance(
                child, self.ast.FunctionDef | self.ast.AsyncFunctionDef | self.ast.ClassDef
            ):
                continue
            if isinstance(child, self.ast.stmt):
                yield child
            if isinstance(child, self.ast.stmt | self.ast.ExceptHandler | self.ast.match_case):
                yield from self._inside(child)

    def _call(self, node: ast.Call, scope: str) -> None:
        callee = self.dotted(node.func)
        if not callee:
            return
        args = tuple(self._value(arg) for arg in node.args[:3])
        keywords = {k.arg: self._value(k.value) for k in node.keywords if k.arg is not None}
        self.calls.append(Call(callee, node.lineno, scope, args, keywords))

    def _value(self, node: ast.expr) -> object:
        if isinstance(node, self.ast.Constant):
            return node.value
        if isinstance(node, self.ast.Name):
            return Reference(node.id)
        if isinstance(node, self.ast.Call):
            return Reference(self.dotted(node.func))
        return None

    def dotted(self, node: ast.expr) -> str:
        """`a.b.c` with the import behind `a` filled in, or an empty string."""
        parts: list[str] = []
        while isinstance(node, self.ast.Attribute):
            parts.append(node.attr)
            node = node.value
        if not isinstance(node, self.ast.Name):
            return ""
        parts.append(self.names.get(node.id, node.id))
        return ".".join(reversed(parts))
