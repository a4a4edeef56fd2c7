"""What a program is about is read from its source; what is not understood is refused by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from devtool.errors import ConfigError, UndetectedError
from devtool.scaffold.columns import Column
from devtool.scaffold.entities import Field, Reading, read
from devtool.scaffold.managers import Verb, verb_of
from tests.evolve.conftest import Unpack


def fields(reading: Reading, entity: str = "Task") -> dict[str, Field]:
    (found,) = (item for item in reading.entities if item.name == entity)
    return {field.name: field for field in found.fields}


def test_dataclasses_and_their_manager(unpack: Unpack) -> None:
    reading = read(unpack("inventory"))
    (item,) = reading.entities
    assert (item.path, item.line, item.why) == ("src/models.py", 18, "Stock keeps it")
    assert item.methods == ("expired",)
    assert {name: field.column for name, field in fields(reading, "Item").items()} == {
        "id": Column("int"),
        "name": Column("str"),
        "amount": Column("int"),
        "price": Column("decimal", is_optional=True),
        "best_before": Column("date", is_optional=True),
        "shelf": Column("enum", values=("top", "floor")),
        "labels": Column("list", of="str"),
        "open": Column("bool"),
        "added": Column("datetime"),
    }
    assert {name: field.default for name, field in fields(reading, "Item").items()} == {
        "id": "",
        "name": "",
        "amount": "1",
        "price": "",
        "best_before": "",
        "shelf": '"floor"',
        "labels": "[]",
        "open": "false",
        "added": "now",
    }
    assert [note.text for note in reading.left_out] == [
        "Settings is no entity: nothing keeps it, and it has no id"
    ]
    (stock,) = reading.managers
    assert {method.name: method.verb for method in stock.methods} == {
        "add_item": Verb.CREATE,
        "list_items": Verb.LIST,
        "get_item": Verb.GET,
        "update_item": Verb.UPDATE,
        "remove_item": Verb.DELETE,
        "restock": Verb.CUSTOM,
    }
    assert [method.name for method in stock.custom] == ["restock"]


def test_pydantic_models_and_literals(unpack: Unpack) -> None:
    reading = read(unpack("library"))
    assert [(item.name, item.kind) for item in reading.entities] == [
        ("Author", "pydantic model"),
        ("Book", "pydantic model"),
    ]
    book = fields(reading, "Book")
    assert book["title"].column == Column("str", longest=300)
    assert book["title"].is_required
    assert book["genre"].column == Column(
        "enum", values=("novel", "poetry", "other"), is_literal=True
    )
    assert [(item.name, item.entity) for item in reading.managers] == [
        ("Catalogue", "Book"),
        ("Authors", "Author"),
    ]


def test_named_tuples_and_functions(unpack: Unpack) -> None:
    reading = read(unpack("habits"))
    (manager,) = reading.managers
    assert manager.is_module
    assert (manager.name, manager.entity) == ("habits", "Habit")
    assert [method.verb for method in manager.methods] == [
        Verb.CREATE,
        Verb.LIST,
        Verb.GET,
        Verb.COMPLETE,
    ]


@pytest.mark.parametrize(
    ("annotation", "column"),
    [
        ("int", Column("int")),
        ("Optional[str]", Column("str", is_optional=True)),
        ("'Optional[str]'", Column("str", is_optional=True)),
        ("None | str", Column("str", is_optional=True)),
        ("Union[str, None]", Column("str", is_optional=True)),
        ("uuid.UUID", Column("uuid")),
        ("datetime.date", Column("date")),
        ("Annotated[str, Field(max_length=9)]", Column("str", longest=9)),
        (
            "Literal['a', 'b', None]",
            Column("enum", is_optional=True, values=("a", "b"), is_literal=True),
        ),
        ("Colour", Column("enum", values=("RED", "blue"))),
        ("TaskId", Column("int")),
        ("Tag", Column("ref", of="Tag")),
        ("list[Tag]", Column("many", of="Tag")),
        ("List['Tag']", Column("many", of="Tag")),
        ("time", Column("time")),
        ("EmailStr | None", Column("str", is_optional=True)),
        ("int | float", Column("float")),
        ("Union[int, Decimal, None]", Column("decimal", is_optional=True)),
        ("tuple[int, ...]", Column("list", of="int")),
        ("tuple[float, float]", Column("list", of="float")),
        ("set[str] | None", Column("list", is_optional=True, of="str")),
        ("list[Colour]", Column("list", of="str")),
        ("dict[str, int]", Column("map", of="int")),
        ("dict[Colour, bool]", Column("map", of="bool")),
        ("Literal[1, 2]", Column("int")),
        ("tuple[int, str]", None),
        ("list", None),
        ("list[date]", None),
        ("list[list[int]]", None),
        ("list[str | None]", None),
        ("dict", None),
        ("dict[int, str]", None),
        ("dict[str, Any]", None),
        ("dict[str, Tag]", None),
        ("dict[str, list[int]]", None),
        ("object", None),
        ("Callable[[], int]", None),
        ("int | str", None),
        ("list[object[int]]", None),
        ("Loop", None),
    ],
)
def test_annotations(tmp_path: Path, annotation: str, column: Column | None) -> None:
    (tmp_path / "app.py").write_text(
        "from enum import Enum, auto\n"
        "TaskId = NewType('TaskId', int)\n"
        "Loop = Loop\n"
        "class Colour(Enum):\n    RED = auto()\n    BLUE = 'blue'\n"
        "@dataclass\nclass Tag:\n    name: str\n"
        f"@dataclass\nclass Task:\n    id: int\n    x: {annotation}\n"
    )
    if column is None:
        with pytest.raises(ConfigError, match=r"app.py:13 Task.x: .* has no column type") as caught:
            read(tmp_path)
        assert caught.value.hint.endswith("--skip-field Task.x")
        reading = read(tmp_path, skip=("Task.x",))
        assert [note.line for note in reading.skipped] == [13]
    else:
        assert fields(read(tmp_path))["x"].column == column


@pytest.mark.parametrize(
    ("declaration", "required", "default"),
    [
        ("x: int", True, ""),
        ("x: int = 3", False, "3"),
        ("x: int = -3", False, "-3"),
        ("x: str | None = None", False, ""),
        ("x: str = field(default='a')", False, '"a"'),
        ("x: str = Field(...)", True, ""),
        ("x: str = Field('a', max_length=3)", False, '"a"'),
        ("x: list[int] = field(default_factory=list)", False, "[]"),
        ("x: list[int] = attr.ib(factory=list)", False, "[]"),
        ("x: datetime = field(default_factory=lambda: datetime.now(UTC))", False, "now"),
        ("x: datetime = field(default_factory=_now)", False, "now"),
        ("x: int = field(default_factory=count().__next__)", False, ""),
        ("x: int = field(repr=False)", True, ""),
        ("x: Mood = Mood.GOOD", False, '"good"'),
        ("x: int = LIMIT", False, ""),
        ("x: NotRequired[int]", False, ""),
    ],
)
def test_defaults(tmp_path: Path, declaration: str, required: bool, default: str) -> None:
    head = "class Task(TypedDict)" if "NotRequired" in declaration else "@attrs.define\nclass Task"
    (tmp_path / "app.py").write_text(
        f"class Mood(Enum):\n    GOOD = 'good'\n{head}:\n    id: int\n    {declaration}\n"
    )
    found = fields(read(tmp_path))["x"]
    assert (found.is_required, found.default) == (required, default)


def test_typed_dicts_whose_keys_may_be_missing(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(
        "class Base(TypedDict):\n    id: int\n    name: str\n"
        "class Task(Base, total=False):\n    days: int\n    owner: Required[str]\n"
    )
    found = fields(read(tmp_path, only=("Task",)))
    needed = [name for name, field in found.items() if field.is_required]
    assert needed == ["id", "name", "owner"]


def test_base_classes_and_what_is_no_field(tmp_path: Path) -> None:
    (tmp_path / "base.py").write_text("@dataclass\nclass Base:\n    id: int\n    name: str\n")
    (tmp_path / "app.py").write_text(
        "@dataclass\nclass Task(Base):\n    kinds: ClassVar[int] = 3\n    _: KW_ONLY\n"
        "    name: str = 'x'\n    _cache: dict = None\n    done: bool = False\n"
    )
    reading = read(tmp_path, only=("Task",))
    assert list(fields(reading)) == ["id", "name", "done"]
    assert fields(reading)["name"].default == '"x"'


@pytest.mark.parametrize(
    ("name", "verb"),
    [
        ("create_task", Verb.CREATE),
        ("add", Verb.CREATE),
        ("addendum", Verb.CUSTOM),
        ("get_task", Verb.GET),
        ("get_tasks", Verb.LIST),
        ("get_all", Verb.LIST),
        ("find_by_address", Verb.GET),
        ("all", Verb.LIST),
        ("mark_done", Verb.COMPLETE),
        ("snooze", Verb.CUSTOM),
    ],
)
def test_verbs(name: str, verb: Verb) -> None:
    assert verb_of(name) is verb


def test_nothing_is_imported_or_guessed(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("raise SystemExit('imported')\nx = 1\n")
    with pytest.raises(UndetectedError, match="no entity was found"):
        read(tmp_path)
    (tmp_path / "app.py").write_text("def f(:\n")
    with pytest.raises(ConfigError, match=r"app.py:1 does not parse"):
        read(tmp_path)


def test_names_that_stand_for_two_classes_are_refused(tmp_path: Path) -> None:
    for name in ("a.py", "b.py"):
        (tmp_path / name).write_text("@dataclass\nclass Task:\n    id: int\n")
    with pytest.raises(ConfigError, match=r"Task is defined in a.py and in b.py"):
        read(tmp_path)
    assert len(read(tmp_path, ("a.py",)).entities) == 1


def test_named_files_are_those_of_the_project(tmp_path: Path) -> None:
    for place in ("mine/src/app.py", "other/app.py"):
        (tmp_path / place).parent.mkdir(parents=True)
        (tmp_path / place).write_text("@dataclass\nclass Task:\n    id: int\n")
    root = tmp_path / "mine"
    for named in ("src/app.py", "./src/../src/app.py", str(root / "src/app.py")):
        assert [item.path for item in read(root, (named,)).entities] == ["src/app.py"]
    for named in ("../other/app.py", str(tmp_path / "other/app.py")):
        with pytest.raises(ConfigError, match="lies outside of the project"):
            read(root, (named,))


def test_unknown_names_are_refused(unpack: Unpack) -> None:
    root = unpack("inventory")
    with pytest.raises(ConfigError, match=r"no class Thing"):
        read(root, only=("Thing",))
    with pytest.raises(ConfigError, match=r"no field Item.colour"):
        read(root, skip=("Item.colour",))


def test_tests_and_environments_are_not_read(tmp_path: Path) -> None:
    entity = "@dataclass\nclass {}:\n    id: int\n"
    for place, name in (
        ("app.py", "Task"),
        ("tests/x.py", "Fake"),
        ("test_app.py", "Fake"),
        (".venv/x.py", "Fake"),
        ("env/lib/x.py", "Fake"),
        ("backend/x.py", "Fake"),
        ("frontend/x.py", "Fake"),
        ("shop/backend/x.py", "Order"),
    ):
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / place).write_text(entity.format(name))
    (tmp_path / "env/pyvenv.cfg").touch()
    assert {item.name for item in read(tmp_path).entities} == {"Task", "Order"}


def program(root: Path, text: str) -> Reading:
    (root / "app.py").write_text(text, "utf-8")
    return read(root)


def test_classes_without_a_decorator_keep_what_they_are_given(tmp_path: Path) -> None:
    reading = program(
        tmp_path,
        "class Student:\n"
        "    def __init__(self, student_id: int, name: str, grades: list[float] | None = None, paid=False):\n"
        "        self.student_id = student_id\n"
        "        self._name = name.strip()\n"
        "        self.grades = grades or []\n"
        "        self.paid = paid\n"
        "        self.absent = 0\n"
        "        self.log = open('log')\n"
        "class School:\n"
        "    def __init__(self):\n        self.students = []\n"
        "    def add_student(self, name: str) -> Student: ...\n"
        "    def list_students(self): ...\n",
    )
    (student,) = reading.entities
    assert student.key is not None
    assert student.key.name == "student_id"
    assert [(f.name, f.column.kind, f.is_required, f.is_given) for f in student.fields] == [
        ("student_id", "int", True, True),
        ("name", "str", True, True),
        ("grades", "list", False, True),
        ("paid", "bool", False, True),
        ("absent", "int", False, False),
    ]


def test_a_parameter_without_a_type_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"app.py:3 Note.text has no type") as caught:
        program(
            tmp_path,
            "class Note:\n    def __init__(self, text):\n        self.text = text\n"
            "def add_note(): Note('x')\ndef list_notes(): ...\n",
        )
    assert caught.value.hint.startswith("write its type")


def test_one_class_may_keep_several_things(tmp_path: Path) -> None:
    reading = program(
        tmp_path,
        "@dataclass\nclass Book:\n    id: int\n@dataclass\nclass Member:\n    id: int\n"
        "class Library:\n    def add_book(self): ...\n    def list_books(self): ...\n"
        "    def register_member(self): ...\n    def list_members(self): ...\n    def lend(self): ...\n",
    )
    assert {(m.entity, tuple(each.name for each in m.methods)) for m in reading.managers} == {
        ("Book", ("add_book", "list_books", "lend")),
        ("Member", ("register_member", "list_members")),
    }


def test_a_menu_in_front_of_what_keeps_things_keeps_none(tmp_path: Path) -> None:
    menu = "    def add_task(self): {}\n    def update_task(self): ...\n    def list_tasks(self): ...\n"
    reading = program(
        tmp_path,
        "@dataclass\nclass Task:\n    id: int\n    title: str\n"
        "class Menu:\n    def __init__(self, keeper): ...\n"
        + menu.format("return Task(input())")
        + "class Commands:\n"
        + menu.format("print(Task())")
        + "class Tasks:\n    def add(self, title: str) -> Task: ...\n    def list(self): ...\n"
        "class Viewer:\n    def get_task(self): ...\n    def list_tasks(self): ...\n",
    )
    assert [manager.name for manager in reading.managers] == ["Tasks", "Viewer"]


def test_managers_have_the_methods_of_what_they_are_made_of(tmp_path: Path) -> None:
    reading = program(
        tmp_path,
        "@dataclass\nclass Kunde:\n    id: int\n@dataclass\nclass Rechnung:\n    id: int\n"
        "class Store(Generic[T]):\n    def __init__(self): ...\n    def add(self, x: T): ...\n"
        "    def list(self): ...\n"
        "class Kunden(Store[Kunde]):\n    def __init__(self, path): ...\n"
        "class Rechnungen(Store[Rechnung]):\n    def list(self, year): ...\n"
        "def list_kunden(): ...\ndef add_kunde(x): ...\ndef list_rechnungen(): ...\n"
        "def add_rechnung(x): ...\n",
    )
    kept = {(m.name, m.entity): (m.needs, m.methods[-1].parameters) for m in reading.managers}
    assert kept == {
        ("Kunden", "Kunde"): (("path",), ()),
        ("Rechnungen", "Rechnung"): ((), ("year",)),
        ("app", "Kunde"): ((), ("x",)),
        ("app", "Rechnung"): ((), ("x",)),
    }


def test_a_file_that_does_not_parse_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "old.py").write_text("print 'hello'\n")
    reading = program(tmp_path, "@dataclass\nclass Task:\n    id: int\n")
    assert [note.text for note in reading.left_out] == ["old.py:1 does not parse"]
    with pytest.raises(ConfigError, match=r"old.py:1 does not parse"):
        read(tmp_path, ("old.py",))


def test_what_only_says_what_others_do_keeps_nothing(tmp_path: Path) -> None:
    methods = "    def add_book(self): ...\n    @abstractmethod\n    def list_books(self): ...\n"
    reading = program(
        tmp_path,
        f"@dataclass\nclass Book:\n    id: int\nclass A(ABC):\n{methods}class B(Protocol):\n{methods}",
    )
    assert reading.managers == ()


def test_classes_that_others_are_made_of_are_left_out(tmp_path: Path) -> None:
    reading = program(
        tmp_path,
        "class Base(BaseModel):\n    id: int\nclass Book(Base):\n    title: str\nBook(id=1, title='x')\n",
    )
    assert [entity.name for entity in reading.entities] == ["Book"]
    assert reading.left_out[0].text == "Base is no entity: others are made of it"


@pytest.mark.parametrize(
    ("declaration", "bounded"),
    [
        ("x: str = Field(min_length=1, max_length=80)", False),
        ("x: int = Field(gt=0)", False),
        ("x: int = Field(ge=18)", True),
        ("x: str = Field(max_length=3)", True),
        ("x: Annotated[str, Field(pattern='^[A-Z]+$')]", True),
        ("x: str = field(validator=instance_of(str))", True),
        ("x: EmailStr", True),
        ("x: Literal[1, 2]", True),
        ("x: Literal['a', 'b']", False),
        ("x: str", False),
    ],
)
def test_what_a_declaration_demands(tmp_path: Path, declaration: str, bounded: bool) -> None:
    reading = program(tmp_path, f"@define\nclass Task:\n    id: int\n    {declaration}\n")
    assert ("x" in reading.entities[0].bounded) is bounded


@pytest.mark.parametrize(
    ("check", "bounded"),
    [
        ("if not self.x.strip(): raise ValueError('blank')", False),
        ("if self.x in Task.known: raise KeyError(self.x)", False),
        ("if len(self.x) < 7: raise ValueError", True),
        ("if self.x not in KINDS: raise ValueError", True),
        ("assert re.match('a', self.x)", True),
        ("self.x = self.x.upper()", True),
        ("if len(self.x) > 100: raise ValueError", False),
        ("if not 1 <= len(self.x.strip()) <= 80: raise ValueError", False),
        ("if self.x and not 7 <= len(self.x) <= 80: raise ValueError", True),
        ("if self.x < 0 or self.x > 10: raise ValueError", False),
        ("if self.x < 0 or self.x > 4: raise ValueError", True),
        ("if self.x not in KINDS: self.x = 'usual'", True),
        ("if not self.x: self.x = 'usual'", False),
        ("known = self.x in KINDS\n        if not known: raise ValueError", True),
        ("good, why = checked(self.x)\n        if not good: raise ValueError(why)", True),
        ("assert 0 < self.x", False),
        ("if self.x:\n            if self.y not in KINDS: raise ValueError", True),
        ("...\n    def validate(self):\n        if self.x not in KINDS: raise ValueError", True),
        ("self.x = self.x.strip()", False),
    ],
)
def test_what_a_class_refuses_or_changes(tmp_path: Path, check: str, bounded: bool) -> None:
    reading = program(
        tmp_path,
        f"@dataclass\nclass Task:\n    id: int\n    x: str\n    def __post_init__(self):\n        {check}\n",
    )
    assert ("x" in reading.entities[0].bounded) is bounded


@pytest.mark.parametrize(
    ("statement", "starts"),
    [
        ("def main(): input()\nif __name__ == '__main__':\n    main()", False),
        ("def main(): ...\nmain()", True),
        ("name = input('name? ')", True),
        ("while True:\n    break", True),
        ("TASKS = []\nTASKS.append(1)", False),
    ],
)
def test_modules_that_start_the_program(tmp_path: Path, statement: str, starts: bool) -> None:
    reading = program(tmp_path, f"@dataclass\nclass Task:\n    id: int\n{statement}\n")
    assert bool(reading.starting) is starts
