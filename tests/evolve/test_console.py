"""A console program that somebody wrote becomes a web application, and stays as it is."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

from devtool import ProjectSpec, api_evolve, detect, new_project
from devtool.errors import ConfigError, UndetectedError
from devtool.model.wishes import Wishes
from devtool.scaffold import manifest
from devtool.scaffold.changes import Action
from devtool.scaffold.console import plan_console
from devtool.scaffold.contract import FOLDER
from devtool.scaffold.growth import Growth
from devtool.scaffold.update import apply_update, undo
from tests.evolve.conftest import Unpack
from tests.scaffold.project import edit, snapshot

SHAPES = ("inventory", "library", "habits", "buecherei", "contacts", "expenses", "todo", "zoo")
WORDS = {
    "buecherei": {
        "buch": "nummer:int? titel:str(200)! autor:str(200)! verfuegbar:bool=true ausgeliehen_am:date?"
        " laenge_in_seiten:int=0",
    },
    "contacts": {
        "phone": "number:str(200)! label:str(200)=home",
        "person": "first_name:str(200)! last_name:str(200)! email:str(200)? age:int? height:float=1.7"
        " phones:many(phone) groups:list(str)",
    },
    "expenses": {
        "expense": "amount:decimal(12,2)! spent_on:date! category:enum(other,food,rent) groesse:int=1",
    },
    "todo": {
        "task_item": "title:str(200)! description:text(10000) completed:bool"
        " priority:enum(MEDIUM,LOW,HIGH) tags:list(str) due_date:datetime? subtasks:many(task_item)",
    },
    "zoo": {
        "keeper": "name:str(200)! badge:int!",
        "animal": "name:str(200)! species:enum(lion,penguin)! born:date! weight_kg:float!"
        " keeper:ref(keeper,null)?",
    },
}
# What is compared call by call, by the program's keeper.
COMPARED = {
    "buecherei": "bücherei",
    "contacts": "ContactBook",
    "expenses": "ExpenseTracker",
    "todo": "TaskManager",
    "zoo": "KeeperRepository",
}


@pytest.mark.parametrize("shape", WORDS)
def test_programs_of_many_kinds_are_understood(unpack: Unpack, shape: str) -> None:
    planned = plan_console(unpack(shape), Wishes())
    found = {item["name"]: " ".join(item["fields"]) for item in planned.spec.resources}
    assert found == WORDS[shape]
    texts = {c.path: c.text for c in planned.update.changes if c.path.startswith(FOLDER)}
    (test,) = (text for path, text in texts.items() if "/test_" in path)
    assert test.startswith(f'"""What `{COMPARED[shape]}` does in memory')


@pytest.mark.parametrize("shape", SHAPES)
def test_the_program_is_not_touched(unpack: Unpack, shape: str) -> None:
    root = unpack(shape)
    before = snapshot(root)
    planned = api_evolve.plan_evolution(root)
    assert snapshot(root) == before
    assert not planned.update.conflicts
    apply_update(planned.update)
    after = snapshot(root)
    assert {path: after[path] for path in before} == before
    new = {path.partition("/")[0] for path in after.keys() - before.keys()}
    ours = {
        ".devtool",
        ".github",
        ".gitignore",
        "compose.yaml",
        "README.md",
        "PORTING.md",
        "backend",
    }
    assert new <= ours
    for path, data in after.items():
        if path.endswith(".py") and data is not None:
            ast.parse(data)
    for check in (("check",), ("format", "--check")):
        command = (sys.executable, "-m", "ruff", *check, "--no-cache", "-q", "backend")
        ended = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
        assert ended.returncode == 0, ended.stdout
    undo(root)
    assert snapshot(root) == before


def test_entities_become_resources_with_their_evidence(unpack: Unpack) -> None:
    root = unpack("inventory")
    planned = api_evolve.plan_evolution(root)
    assert planned.notes[0] == "Item becomes /api/v1/items (src/models.py:18: Stock keeps it)"
    assert "to be ported by hand: Stock.restock (src/stock.py:30)" in planned.notes
    texts = {change.path: change.text for change in planned.update.changes}
    assert "labels: list[str] = " in texts["backend/app/models/item.py"]
    assert "amount: int = 1" in texts["backend/app/models/item.py"]
    assert "shelf" in texts["backend/app/models/item.py"]
    assert "`Stock.restock(item_id, amount)` (src/stock.py:30)" in texts["PORTING.md"]
    versions = sorted(path for path in texts if "/versions/" in path)
    assert versions[-1].endswith("_items.py")
    assert "frontend/package.json" not in texts  # it shows tasks, and there are none


def test_calls_are_compared_where_they_can_be(unpack: Unpack) -> None:
    root = unpack("library")
    texts = {c.path: c.text for c in api_evolve.plan_evolution(root).update.changes}
    books = texts[f"{FOLDER}/test_books.py"]
    assert 'make = load("library.books").Book' in books
    assert "keeper.create(make(id=1, **FIRST))" in books
    assert 'load("library.catalogue").Authors()' in texts[f"{FOLDER}/test_authors.py"]
    assert "PROGRAM = Path(__file__).parents[3]\n" in texts[f"{FOLDER}/conftest.py"]


@pytest.mark.parametrize(
    ("statement", "is_compared"),
    [
        ("if unit is not None: item.unit = unit", True),
        ("if unit:\n            if name: item.unit = unit", True),
        ("item.unit = unit", False),
    ],
)
def test_what_is_overwritten_when_left_out_is_not_compared(
    tmp_path: Path, statement: str, is_compared: bool
) -> None:
    planned = program(
        tmp_path,
        "@dataclass\nclass Item:\n    id: int\n    name: str\n    unit: str = ''\n"
        "class Items:\n    def add(self, name: str, unit: str = '') -> Item: return Item(1, name, unit)\n"
        "    def list(self): return []\n"
        f"    def update(self, item_id, name=None, unit=None):\n        {statement}\n",
    )
    texts = {change.path: change.text for change in planned.update.changes}
    assert ("keeper.update(" in texts[f"{FOLDER}/test_items.py"]) is is_compared


def test_fields_without_a_column_are_refused_by_name(unpack: Unpack) -> None:
    root = unpack("inventory")
    edit(root, "src/models.py", "labels: list[str]", "labels: list")
    with pytest.raises(ConfigError, match=r"src/models.py:25 Item.labels: list has no") as caught:
        api_evolve.plan_evolution(root)
    assert caught.value.hint.startswith("say what is in it, such as list[str]")
    assert caught.value.hint.endswith("or pass --skip-field Item.labels")
    planned = api_evolve.plan_evolution(root, Wishes(skip=("Item.labels",)))
    assert "left out: Item.labels: list (src/models.py:25)" in planned.notes
    apply_update(planned.update)
    record = manifest.read(root)
    assert record is not None
    assert record.spec["console"]["entities"][0]["skipped"] == ["id", "labels"]


def program(root: Path, text: str) -> Growth:
    """The plan for a program of one module."""
    head = "from __future__ import annotations\nfrom dataclasses import dataclass, field\n"
    (root / "app.py").write_text(head + text, "utf-8")
    return plan_console(root, Wishes(name="shop"))


def test_names_that_cannot_stay_are_changed_and_told(tmp_path: Path) -> None:
    planned = program(
        tmp_path,
        "@dataclass\nclass Größe:\n    id: int\n    länge: float\n"
        "@dataclass\nclass User:\n    id: int\n    userName: str\n    version: int = 2\n"
        "@dataclass\nclass Conversation:\n    id: int\n    user: str = 'me'\n"
        "@dataclass\nclass Table:\n    id: int\n    seats: int\n    class_: str = ''\n"
        "@dataclass\nclass InventoryTransactionRecord:\n    id: int\n    metadata: list[str]\n",
    )
    words = {item["name"]: item["fields"] for item in planned.spec.resources}
    assert words == {
        "groesse": ["laenge:float!"],
        "user_item": ["user_name:str(200)!", "user_version:int=2"],
        "conversation_item": ["conversation_user:str(200)=me"],
        "table_item": ["seats:int!", "table_class:str(200)"],
        "inventory_transaction": ["inventory_transaction_metadata:list(str)!"],
    }
    assert "User.version: is called user_version in the API (app.py:11)" in planned.notes


def test_cyrillic_names_are_spelled_in_latin_letters(tmp_path: Path) -> None:
    planned = program(
        tmp_path,
        "@dataclass\nclass Подъезд:\n    id: int\n    название: str\n    Объём: int = 0\n",
    )
    (item,) = planned.spec.resources
    assert (item["name"], item["fields"]) == ("podezd", ["nazvanie:str(200)!", "obyom:int=0"])
    assert "Подъезд.название: is called nazvanie in the API (app.py:6)" in planned.notes


def test_what_one_manager_makes_up_another_may_ask_for(tmp_path: Path) -> None:
    planned = program(
        tmp_path,
        "@dataclass\nclass Item:\n    id: int\n    name: str\n    code: str\n"
        "class Samples:\n    def add(self, code: str) -> Item: return Item(1, 'x', code)\n"
        "    def list(self): ...\n"
        "class Items:\n    def add(self, name: str) -> Item: return Item(1, name, 'a')\n"
        "    def list(self): ...\n",
    )
    (item,) = planned.spec.resources
    assert item["fields"] == ["name:str(200)!", "code:str(200)!"]


def test_two_sides_of_one_thing_are_one_reference(tmp_path: Path) -> None:
    planned = program(
        tmp_path,
        "@dataclass\nclass Author:\n    id: int\n    name: str\n"
        "    books: list[Book] = field(default_factory=list)\n"
        "@dataclass\nclass Book:\n    id: int\n    title: str\n    author: Author | None = None\n",
    )
    words = {item["name"]: item["fields"] for item in planned.spec.resources}
    assert words == {
        "author": ["name:str(200)!"],
        "book": ["title:str(200)!", "author:ref(author,null)?"],
    }
    assert "Author.books: Book.author says it from the other side (app.py:7)" in planned.notes


@pytest.mark.parametrize(
    ("classes", "expected"),
    [
        (("List", "ListItem"), {"list_entry", "list_item"}),
        (("Grösse", "Groesse"), {"groesse_item", "groesse"}),
        (("Task", "TaskItem"), {"task_entry", "task_item"}),
    ],
)
def test_no_two_things_are_called_the_same(
    tmp_path: Path, classes: tuple[str, ...], expected: set[str]
) -> None:
    source = "".join(f"@dataclass\nclass {name}:\n    id: int\n    size: int\n" for name in classes)
    assert {item["name"] for item in program(tmp_path, source).spec.resources} == expected


def test_a_table_of_pairs_leaves_its_name_to_nothing_else(tmp_path: Path) -> None:
    planned = program(
        tmp_path,
        "@dataclass\nclass Tag:\n    id: int\n    name: str\n"
        "@dataclass\nclass BillTag:\n    id: int\n    weight: int\n"
        "@dataclass\nclass Bill:\n    id: int\n    tags: list[Tag] = field(default_factory=list)\n",
    )
    assert {item["name"] for item in planned.spec.resources} == {"tag", "bill_tag_item", "bill"}


def test_defaults_and_collections_stay(tmp_path: Path) -> None:
    planned = program(
        tmp_path,
        "from enum import Enum\nclass Level(Enum):\n    LOW = 'Low'\n    HIGH = 'Very High'\n"
        "@dataclass\nclass Item:\n    id: int\n    price: float = 9.99\n    active: bool = True\n"
        "    unit: str = 'kg'\n    level: Level = Level.HIGH\n    tags: set[str] = field(default_factory=set)\n"
        "    prices: dict[str, float] | None = None\n    size: tuple[int, int] = (1, 2)\n",
    )
    (item,) = planned.spec.resources
    assert item["fields"] == [
        "price:float=9.99",
        "active:bool=true",
        "unit:str(200)=kg",
        "level:enum(Very High,Low)",
        "tags:list(str)",
        "prices:map(float)?",
        "size:list(int)",
    ]
    assert (
        "Item.size: empty when left out, where the class says [1, 2] (app.py:16)" in planned.notes
    )


def test_nothing_to_keep_is_told(tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text("print(input())\n")
    with pytest.raises(UndetectedError, match="no entity was found"):
        plan_console(tmp_path, Wishes(name="shop"))


def test_a_task_of_the_usual_kind_becomes_the_feature(tmp_path: Path) -> None:
    new_project(ProjectSpec(name="shop"), tmp_path)
    planned = api_evolve.plan_evolution(tmp_path / "shop")
    assert planned.spec.resources == ()
    texts = {change.path: change.text for change in planned.update.changes}
    assert "backend/app/routers/tasks.py" in texts
    assert "frontend/package.json" in texts
    assert 'PATH = "/api/v1/tasks"' in texts[f"{FOLDER}/test_tasks.py"]


def test_a_task_with_more_becomes_a_resource_of_its_own(tmp_path: Path) -> None:
    new_project(ProjectSpec(name="shop"), tmp_path)
    root = tmp_path / "shop"
    edit(
        root,
        "src/models.py",
        "completed: bool = False",
        "completed: bool = False\n    rank: int = 0",
    )
    planned = api_evolve.plan_evolution(root)
    assert [resource["name"] for resource in planned.spec.resources] == ["task_item"]
    assert any("devtool's own tasks have no rank" in note for note in planned.notes)
    skipped = api_evolve.plan_evolution(root, Wishes(skip=("Task.rank",)))
    assert "backend/app/routers/tasks.py" in {c.path for c in skipped.update.changes}


def test_references_come_in_order(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(
        "from __future__ import annotations\nfrom dataclasses import dataclass\n"
        "@dataclass\nclass Line:\n    id: int\n    order: Order\n    product_id: int\n    amount: int\n"
        "@dataclass\nclass Order:\n    id: int\n    title: str\n    tags: list[Tag]\n"
        "@dataclass\nclass Product:\n    id: int\n    name: str\n"
        "@dataclass\nclass Tag:\n    name: str\n"
    )
    planned = plan_console(tmp_path, Wishes(name="shop"))
    names = [resource["name"] for resource in planned.spec.resources]
    assert names.index("tag") < names.index("order") < names.index("line")
    line = next(item for item in planned.spec.resources if item["name"] == "line")
    assert line["fields"][:2] == ["order:ref(order,cascade)!", "product:ref(product,cascade)!"]


def test_circles_are_refused(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(
        "@dataclass\nclass A:\n    id: int\n    b: 'B'\n@dataclass\nclass B:\n    id: int\n    a: A\n"
    )
    with pytest.raises(ConfigError, match="A and B hold one another"):
        plan_console(tmp_path, Wishes(name="shop"))


def test_names_are_found_or_asked_for(tmp_path: Path, unpack: Unpack) -> None:
    assert api_evolve.plan_evolution(unpack("habits")).spec.name == "habits"
    place = tmp_path / "json"
    place.mkdir()
    (place / "app.py").write_text("@dataclass\nclass Note:\n    id: int\n    text: str\n")
    with pytest.raises(ConfigError, match="'json' cannot be the name") as caught:
        plan_console(place, Wishes())
    assert caught.value.hint == "pass --name NAME"
    assert plan_console(place, Wishes(name="notes")).spec.name == "notes"


def test_what_the_program_needs_its_tests_need_too(unpack: Unpack) -> None:
    root = unpack("library")
    (root / "requirements.txt").write_text(
        "pydantic>=2\nrich>=14 --hash=sha256:0 \\\n    --hash=sha256:1 # colours\n-r other.txt\n"
        "git+https://example.com/x.git\n./local\n"
    )
    planned = api_evolve.plan_evolution(root)
    assert planned.spec.development == ("rich>=14",)
    texts = {change.path: change.text for change in planned.update.changes}
    assert '"rich>=14",' in texts["backend/pyproject.toml"]


def test_what_poetry_lists_its_tests_need_too(unpack: Unpack) -> None:
    planned = api_evolve.plan_evolution(unpack("contacts"))
    assert planned.spec.development == ("attrs>=25.1,<26",)


def test_it_grows_on_and_is_upgraded(unpack: Unpack) -> None:
    root = unpack("inventory")
    apply_update(api_evolve.plan_evolution(root).update)
    assert not api_evolve.plan_upgrade(root).update.files
    third = api_evolve.plan_evolution(root).update
    assert not third.conflicts
    assert not [c for c in third.changes if c.action in (Action.DELETE, Action.RELEASE)]
    apply_update(third)
    assert (root / "backend/app/ai").is_dir()
    assert (root / "backend/app/models/item.py").is_file()
    assert "items" in (root / "backend/app/routers/__init__.py").read_text()
    record = manifest.read(root)
    assert record is not None
    assert record.spec["console"]["entities"][0]["name"] == "Item"


def test_what_only_assistants_need_is_told(unpack: Unpack) -> None:
    root = unpack("library")
    apply_update(api_evolve.plan_evolution(root).update)
    notes = api_evolve.plan_evolution(root).notes
    assert notes == ("tasks comes along: mcp-tools and their tests work with it",)
    assert not api_evolve.plan_evolution(root, Wishes(extra=("tasks",))).notes


def test_the_program_of_a_package_is_seen_in_its_new_phase(unpack: Unpack) -> None:
    root = unpack("library")
    for phase in (2, 3, 4, 5):
        apply_update(api_evolve.plan_evolution(root, Wishes(to=phase)).update)
        assert detect(root).phase == phase


def test_a_recorded_phase_without_its_code_is_none(unpack: Unpack) -> None:
    root = unpack("library")
    apply_update(api_evolve.plan_evolution(root, Wishes(to=3)).update)
    for file in root.glob("backend/**/ai/**/*.py"):
        file.write_text("")
    assert detect(root).phase == 2


def test_an_own_readme_and_ignored_files_stay(unpack: Unpack) -> None:
    root = unpack("inventory")
    (root / ".gitignore").write_text("# mine\nsecret.txt\n")
    apply_update(api_evolve.plan_evolution(root).update)
    assert (root / ".gitignore").read_text().startswith("# mine\nsecret.txt\n")
    assert ".env" in (root / ".gitignore").read_text()
    assert not (root / "README.md.devtool-new").exists()


def test_the_command_shows_and_does(unpack: Unpack) -> None:
    root = unpack("library")
    command = (sys.executable, "-m", "devtool", "evolve", "-C", str(root), "--json")
    told = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    assert told["written"] is True
    assert "resources" in told["features"]
    assert (root / "backend/app/models/book.py").is_file()
