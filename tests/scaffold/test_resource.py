"""A line of words becomes code that the formatter, the linter and Python have nothing to say about."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from devtool import ConfigError
from devtool.scaffold.catalog import load
from devtool.scaffold.resource import fields, names
from devtool.scaffold.resource.files import dropping_file, files, revision_file
from devtool.scaffold.resource.layout import call, imports, split, tidy
from devtool.scaffold.resource.parsing import parse
from devtool.scaffold.resource.recorded import record, restored
from devtool.scaffold.resource.resource import Resource, column_of
from devtool.scaffold.resource.targets import read
from tests.scaffold.resources import INVOICE, TABLES, TASK, USER, made, shapes

GOLDEN = Path(__file__).parent / "golden" / "invoice.txt"


def everything(resource: Resource) -> dict[str, str]:
    return files(resource, with_tools=True) | dict(
        (revision_file(resource), dropping_file(resource))
    )


def test_every_shape_is_formatted_and_clean(tmp_path: Path) -> None:
    frame = load()["backend"].folder / "files/backend/pyproject.toml"
    pyproject = frame.read_text("utf-8").replace("__VERSION__", "1.0").replace("__PROJECT__", "x")
    pyproject = pyproject.replace('"tests/**"', '"**/tests/**"')
    (tmp_path / "pyproject.toml").write_text(pyproject, encoding="utf-8")
    for number, resource in enumerate(shapes()):
        for path, text in everything(resource).items():
            ast.parse(text)
            place = tmp_path / f"p{number}" / path.removeprefix("backend/")
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text, encoding="utf-8")
    for check in (
        ("format", "--diff"),
        ("check", "--config", "lint.isort.known-first-party=['app', 'tests']"),
    ):
        ended = subprocess.run(
            (sys.executable, "-m", "ruff", *check, "--no-cache", "."),
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert ended.returncode == 0, ended.stdout[:5000] + ended.stderr[:500]


def test_a_resource_is_written_as_it_was_before() -> None:
    shown = "".join(
        f"-- {path} --\n{text}"
        for path, text in sorted(everything(made("Invoice", INVOICE)).items())
    )
    if os.environ.get("UPDATE_GOLDEN"):
        GOLDEN.parent.mkdir(exist_ok=True)
        GOLDEN.write_text(shown, encoding="utf-8")
    assert shown == GOLDEN.read_text("utf-8"), "look at it, then run with UPDATE_GOLDEN=1"


@pytest.mark.parametrize("word", ["{}:str(20)", "{}:enum(a,b)"])
def test_no_field_takes_the_name_of_a_class(word: str) -> None:
    own = ("create", "deleted", "page", "patch", "query", "read", "record", "replace")
    for path, text in everything(
        made("Thing", " ".join(word.format(name) for name in own))
    ).items():
        bound = list(_bound(ast.parse(text)))
        assert len(bound) == len(set(bound)), path


def _bound(module: ast.Module) -> Iterator[str]:
    """What the statements of a module bind, imports among them."""
    for node in module.body:
        match node:
            case ast.ClassDef(name=name) | ast.FunctionDef(name=name):
                yield name
            case ast.Assign(targets=[ast.Name(id=name)]):
                yield name
            case ast.ImportFrom(names=names):
                yield from (item.asname or item.name for item in names)


@pytest.mark.parametrize(
    ("values", "wrong"),
    [("a,b", "other"), ("other,a", "another"), ("another,other", "none of these")],
)
def test_what_is_tried_as_wrong_is_no_value(values: str, wrong: str) -> None:
    texts = everything(made("Thing", f"kind:enum({values})"))
    assert f'("kind", "{wrong}"),' in texts["backend/tests/test_things.py"]


def test_the_manifest_remembers_a_resource() -> None:
    for resource in shapes():
        again = restored(record(resource))
        assert again == resource
        assert everything(again) == everything(resource)
    with pytest.raises(ConfigError, match="does not understand"):
        restored({"name": "x"})


@pytest.mark.parametrize(
    ("word", "message", "hint"),
    [
        ("due", "'due' is no field", "name:type"),
        ("due:", "there is no type ''", "there are: str"),
        ("due:dat", "no type 'dat'", "did you mean date?"),
        ("due:string", "no type 'string'", "did you mean str?"),
        ("due:Boolean", "no type 'Boolean'", "did you mean bool?"),
        ("Due:date", "'Due' cannot be the name of a field", "such as due"),
        ("dueDate:date", "cannot be the name", "such as due_date"),
        ("class:date", "word of the Python language", "choose another"),
        ("id:int", "every row or model has one", "choose another"),
        ("model_x:int", "every row or model has one", "choose another"),
        (f"{'x' * 41}:int", "longer than 40", "choose another"),
        ("a:int(3)", "int takes no argument", "32 bits"),
        ("a:str(0)", "'0' is no whole number from 1 to 4000", "a line of text"),
        ("a:str(x)", "'x' is no whole number", "a line of text"),
        ("a:str(1,2)", "str takes 1 argument", "a line of text"),
        ("a:decimal(3,4)", "4 cannot stand behind the point", "decimal(12,2)"),
        ("a:decimal(19,4)", "'19' is no whole number from 1 to 18", "exact"),
        ("a:date!?", "contradicts itself", "one of ! and ?"),
        ("a:enum", "at least two values", "enum(draft,sent,paid)"),
        ("a:enum(x,x)", "all different", "enum(draft,sent,paid)"),
        ("a:enum(x,y')", '"y\'" cannot be a value', "letters and numbers"),
        ("sort:enum(x,y)", "a parameter of that name", "another name"),
        ("total:bool", "a parameter of that name", "another name"),
        ("a:ref", "it names no resource", "ref(user)"),
        ("a:ref(user,never)", "'never' is not what can happen", "cascade, restrict, null"),
        ("a:ref(user,null)", "set to null, but may not be", "write ? at its end"),
        ("a:many(tag)?", "takes no marks", "always be empty"),
        ("a:many(tag,cascade)", "it names no resource", "many(tag)"),
        ("a:bool@unique", "cannot be unique", "leave out"),
        ("a:list(date)", "there is no type 'list(date)'", "did you mean"),
        ("a:map", "there is no type 'map()'", "did you mean map("),
        ("a:array", "there is no type 'array'", "did you mean list(str)?"),
        ("a:int=x", "'x' cannot be its default", "32 bits"),
        ("a:int=2147483648", "cannot be its default", "32 bits"),
        ("a:float=nan", "cannot be its default", "exact"),
        ("a:decimal(3,1)=100", "cannot be its default", "exact"),
        ("a:decimal(3,1)=1.25", "cannot be its default", "exact"),
        ("a:bool=yes", "cannot be its default", "yes or no"),
        ("a:str(3)=long", "cannot be its default", "a line of text"),
        ("a:date=2026-01-01", "a date takes no default", "leave out"),
        ("a:int!=1", "! and a default contradict each other", "one of them"),
        ("a:int@unique=1", "@unique and a default contradict", "one of them"),
        ("a:date; drop", "there is no type 'date; drop'", "there are: str"),
        (f"a:int={'9' * 5000}", "cannot be its default", "32 bits"),
        (f"a:str({'9' * 5000})", "is no whole number", "a line of text"),
        ("l:int", "it reads like a 1", "another name"),
        ("returning:date", "it is a word of SQL", "another name"),
    ],
)
def test_words_that_are_no_field_are_refused(word: str, message: str, hint: str) -> None:
    with pytest.raises(ConfigError) as caught:
        fields.parse(word)
    assert message in caught.value.message
    assert hint in caught.value.hint


@pytest.mark.parametrize(
    "word",
    [
        *(
            "a:str(200)!@unique",
            "a:decimal(12,2)?",
            "a:enum(x,y-z)",
            "a:ref(user,null)?",
            "a:many(tag)",
        ),
        *("a:list(str)", "a:map(int)?", "a:enum(In Progress,Größe)", "a:int=-1", "a:bool?=true"),
        "a:str(20)=two words",
    ],
)
def test_fields_say_what_they_were_made_of(word: str) -> None:
    assert fields.parse(word).words() == word


@pytest.mark.parametrize(
    ("name", "words", "message", "hint"),
    [
        ("", "a:int", "cannot be the name of a resource", "Invoice"),
        ("or-der", "a:int", "cannot be the name of a resource", "Invoice"),
        ("Task", "a:int", "the project has one of that name", "another"),
        ("Class", "a:int", "a word of the Python language", "another"),
        ("List", "a:int", "a word of the Python language", "another"),
        ("X" * 25, "a:int", "longer than 24", "another"),
        ("Base", "a:int", "generated projects use it", "another"),
        ("Note", "", "has no fields", "title:str"),
        ("Note", "a:int a:str", "have one name", "rename"),
        ("Note", "tag:ref(tag) tag_id:int", "have one name", "rename"),
        ("Note", "user:ref(tag)", "every row or model", "another"),
        ("Note", "a:ref(tga)", "the project has no tga", "did you mean tag?"),
        ("Note", "a:ref(planet)", "no planet", "devtool generate resource Planet"),
        ("Note", "a:ref(task,restrict)", "would fail without an answer", "cascade"),
        ("LongerThanMostOthers", f"{'x' * 40}:many(user)", "longer than the 63", "shorter"),
        ("Note", "a:ref(note)", "the first note could refer to nothing", "write ?"),
        ("Note", "line1:str line_1:str(20)", "one name for their types", "rename"),
        ("Search", "a:int", "generated projects use it", "another"),
        ("Database", "a:int", "generated projects use it", "another"),
    ],
)
def test_words_that_are_no_resource_are_refused(
    name: str, words: str, message: str, hint: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        parse(name, words.split(), TABLES)
    assert message in caught.value.message
    assert hint in caught.value.hint


def test_tables_of_pairs_have_names_of_their_own() -> None:
    order = made("Order", "items:many(tag)")
    known = {**TABLES, **read({"order": files(order)["backend/app/models/order.py"]}, {})}
    with pytest.raises(ConfigError, match="the project has one of that name"):
        parse("OrderItem", ["count:int"], known)
    with pytest.raises(ConfigError, match="the project has no order_item"):
        parse("Line", ["of:ref(order_item)"], known)
    item = made("OrderItem", "count:int")
    with pytest.raises(ConfigError, match="in the table order_items, which the project has"):
        parse("Order", ["items:many(tag)"], {**TABLES, "order_item": item.as_target()})


def test_a_condition_says_words_of_sql_in_quotes() -> None:
    model = files(made("Word", "group:str(9) order:enum(a,b) title:str(9)!"))
    text = model["backend/app/models/word.py"]
    assert """CheckConstraint('length("group") <= 9', name="group_length"),""" in text
    assert """CheckConstraint("\\"order\\" IN ('a', 'b')", name="order_known"),""" in text
    assert """CheckConstraint("length(title) BETWEEN 1 AND 9", name="title_length"),""" in text


def test_no_name_in_generated_code_means_two_things() -> None:
    texts = files(made("Bookmark", "page:str read:enum(a,b)"))
    assert "BookmarkPageValue = Annotated[" in texts["backend/app/schemas/bookmark.py"]
    assert "BookmarkReadValue = Literal[" in texts["backend/app/schemas/bookmark.py"]
    comment = files(made("Comment", "comment:ref(comment)?"), with_tools=True)
    tools = comment["backend/app/ai/tools/comments.py"]
    assert "    id: CommentId\n" in tools
    assert "comment_id: CommentId" not in tools
    node = files(made("Node", "nodes:many(node)"))["backend/app/models/node.py"]
    assert "    other_node_id: int" in node
    version = files(made("Version", "a:int"))["backend/app/routers/versions.py"]
    assert "from app.services import version as versions_service" in version


def test_ids_of_many_are_called_after_one() -> None:
    words = "courses:many(tag) statuses:many(tag) movies:many(tag) olives:many(tag) tags:many(tag)"
    assert [column_of(field) for field in made("Note", words).fields] == [
        "course_ids",
        "status_ids",
        "movie_ids",
        "olive_ids",
        "tag_ids",
    ]
    niche = made("Niche", "a:int").as_target()
    shop = parse("Shop", ["niches:many(niche)", "old_niches:many(niche)"], {"niche": niche})
    assert [column_of(field) for field in shop.fields] == ["niche_ids", "old_niche_ids"]


def test_names_follow() -> None:
    resource = made("HTTPRequest", "a:int")
    assert resource.name == "http_request"
    assert (resource.plural, resource.path) == ("http_requests", "http-requests")
    many = ("category", "box", "day", "person", "order_line", "news")
    expected = ("categories", "boxes", "days", "people", "order_lines", "news_list")
    assert tuple(map(names.plural, many)) == expected
    more = ("hero", "quiz", "human", "analysis", "sheep")
    assert tuple(map(names.plural, more)) == (
        *("heroes", "quizzes", "humans", "analyses", "sheep_list"),
    )
    assert names.article("invoice") == "an invoice"


def test_tables_are_read_from_models_without_importing_them() -> None:
    features = load()
    models = {
        path.stem: path.read_text("utf-8")
        for slug in ("backend", "tasks")
        for path in (features[slug].folder / "files/backend/app/models").glob("*.py")
    }
    found = read(models, {"task": "from app.services.rows import Rows"})
    assert found["user"] == USER
    assert found["task"] == TASK._replace(tells_in_use=True)
    with pytest.raises(ConfigError, match=r"models/odd.py: line 1 is no Python"):
        read({"odd": "class ("}, {})


def test_brackets_break_as_the_formatter_breaks_them() -> None:
    assert call("f(", ["a", "b"], ")") == "f(a, b)"
    long = ["x" * 45, "y" * 45]
    assert call("name = f(", long, ")") == f"name = f(\n    {long[0]}, {long[1]}\n)"
    longer = ["x" * 60, "y" * 60]
    assert call("f(", longer, ")") == f"f(\n    {longer[0]},\n    {longer[1]},\n)"
    assert tidy("f(\n    a, b\n)") == "f(a, b)"
    assert split('a, f(b, c), "d, e"') == ["a", "f(b, c)", '"d, e"']


def test_imports_are_in_three_groups() -> None:
    wanted = ["app.x:b", "app.x:A", "app.x:LIMIT", "typing:Any", "sqlalchemy as sa", "alembic:op"]
    assert imports(wanted) == (
        "from typing import Any\n\nimport sqlalchemy as sa\nfrom alembic import op\n\n"
        "from app.x import LIMIT, A, b"
    )
