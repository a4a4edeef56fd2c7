"""A test for each manager of a console program: the same calls in memory and over HTTP, the same answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath
from typing import NamedTuple

from devtool.scaffold.entities import Entity, Reading
from devtool.scaffold.managers import Manager, Method, Verb
from devtool.scaffold.mapping import Mapped, MappedField

FOLDER = "backend/tests/contract"
# Two values for each kind of field that can be given on both sides, as Python.
SAMPLES = {
    "str": ('"One"', '"Two"'),
    "int": ("3", "4"),
    "float": ("1.5", "2.5"),
    "bool": ("True", "False"),
}
OTHER = {"str": '"Other"', "int": "5", "float": "3.5", "bool": "True"}
DONE = ("completed", "done", "is_done", "is_completed", "finished")


class Contract(NamedTuple):
    """What can be called on both sides.

    Attributes:
        mapped: The entity and its resource.
        manager: What keeps it in memory.
        path: Where the API has it.
        create: The method that makes one.
        listing: The method that gives all.
        given: Fields that are given to it.
        takes_whole: Whether it takes a whole entity.
    """

    mapped: Mapped
    manager: Manager
    path: str
    create: Method
    listing: Method
    given: tuple[MappedField, ...]
    takes_whole: bool


def files(
    program: str, reading: Reading, mapped: Iterable[Mapped], paths: Mapping[str, str]
) -> dict[str, str]:
    """The tests, by their paths; none where nothing can be called on both sides. Pure.

    Args:
        program: The folder that the program's modules are imported from.
        reading: What was read.
        mapped: The resources.
        paths: Name of a resource -> where the API has it.
    """
    found = [item for item in contracts(reading, mapped, paths) if isinstance(item, Contract)]
    if not found:
        return {}
    texts = {f"{FOLDER}/__init__.py": '"""Phase I and phase II, side by side."""\n'}
    texts[f"{FOLDER}/conftest.py"] = _conftest(program, reading)
    for contract in found:
        name = contract.path.rpartition("/")[2].replace("-", "_")
        texts[f"{FOLDER}/test_{name}.py"] = _test(program, contract)
    return texts


def contracts(
    reading: Reading, mapped: Iterable[Mapped], paths: Mapping[str, str]
) -> list[Contract | str]:
    """For each entity its contract, or why there is none."""
    return [_contract(reading, item, paths) for item in mapped]


def _contract(reading: Reading, mapped: Mapped, paths: Mapping[str, str]) -> Contract | str:
    entity = mapped.entity
    manager = next((item for item in reading.managers if item.entity == entity.name), None)
    if manager is None:
        return f"{entity.name}: nothing keeps it"
    create, listing = manager.method(Verb.CREATE), manager.method(Verb.LIST)
    if create is None or listing is None or manager.needs or create.is_async or listing.is_async:
        return f"{manager.name} cannot be made and asked for its {entity.name}s without arguments"
    if set(listing.parameters) - set(listing.optional):
        return f"{manager.name}.{listing.name} needs arguments"
    required = set(create.parameters) - set(create.optional)
    whole = required == {_snake(entity.name)} or (
        len(required) == 1 and not required & {field.name for field in entity.fields}
    )
    names = {field.name for field in entity.fields} if whole else set(create.parameters)
    given = tuple(
        field
        for field in mapped.fields
        if field.name in names and field.kind in SAMPLES and field.name == field.api
        if field.name not in DONE
    )
    must = _required(entity) if whole else required
    if not given or must - {field.name for field in given} - {"id"}:
        return f"{manager.name}.{create.name} takes what a test cannot make up"
    path = paths[mapped.resource]
    return Contract(mapped, manager, path, create, listing, given, whole)


def _required(entity: Entity) -> set[str]:
    return {field.name for field in entity.fields if field.is_required}


def _snake(name: str) -> str:
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in name).lstrip("_")


def _conftest(program: str, reading: Reading) -> str:
    paths = {item.path for item in reading.entities} | {item.path for item in reading.managers}
    tops = sorted({_module(program, path).partition(".")[0] for path in paths})
    steps = "".join(f' / "{part}"' for part in PurePosixPath(program).parts)
    names = "".join(f'    "{name}",\n' for name in tops)
    return CONFTEST.replace("STEPS", steps).replace("NAMES", f"{{\n{names}}}")


def _module(program: str, path: str) -> str:
    """What a file is imported as from the program's folder."""
    parts = PurePosixPath(path).relative_to(program or ".").with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _test(program: str, contract: Contract) -> str:
    manager, entity = contract.manager, contract.mapped.entity
    done = next((field for field in contract.mapped.fields if field.name in DONE), None)
    seen = [*contract.given, *([done] if done is not None else [])]
    one, two = (_values(contract, index) for index in (0, 1))
    module = _module(program, manager.path)
    keeper = f'load("{module}")' + ("" if manager.is_module else f".{manager.name}()")
    later = _later(contract, done) if entity.key is not None else []
    steps = [
        f"    keeper = {keeper}",
        *_creation(program, contract),
        *(POST if later else POST_ONLY),
    ]
    steps += ["    assert listed(api) == kept(keeper)", *later]
    pairs = "".join(f'    "{field.name}": "{field.api}",\n' for field in seen)
    return TEST.format(
        about=manager.name,
        entity=entity.name,
        path=contract.path,
        seen=f"{{\n{pairs}}}",
        first=one,
        second=two,
        listing=contract.listing.name,
        key=KEY if later else "",
        steps="\n".join(steps),
    )


def _values(contract: Contract, index: int) -> str:
    lines = "".join(
        f'    "{field.name}": {SAMPLES[field.kind][index]},\n' for field in contract.given
    )
    return f"{{\n{lines}}}"


def _creation(program: str, contract: Contract) -> list[str]:
    create, entity = contract.create.name, contract.mapped.entity
    if not contract.takes_whole:
        calls = [f"    keeper.{create}(**FIRST)", f"    keeper.{create}(**SECOND)"]
    else:
        key = entity.key
        numbers = ("1", "2") if key is not None and key.is_required else ("", "")
        made = f'    make = load("{_module(program, entity.path)}").{entity.name}'
        ids = [f"{key.name}={number}, " if key and number else "" for number in numbers]
        calls = [
            made,
            f"    keeper.{create}(make({ids[0]}**FIRST))",
            f"    keeper.{create}(make({ids[1]}**SECOND))",
        ]
    return calls


def _later(contract: Contract, done: MappedField | None) -> list[str]:
    """The calls that change one, each followed by a look at all."""
    key = contract.mapped.entity.key
    name = key.name if key is not None else "id"
    found: list[str] = []
    update = contract.manager.method(Verb.UPDATE)
    if update is not None and not update.is_async:
        field = next((f for f in contract.given if f.name in update.parameters[1:]), None)
        rest = set(update.parameters[1:]) - set(update.optional)
        if field is not None and rest <= {field.name}:
            value = OTHER[field.kind]
            found += [
                f'    keeper.{update.name}(key(keeper, "{name}"), {field.name}={value})',
                f'    api.patch(f"{{PATH}}/{{ids[0]}}", json={{"{field.name}": {value}}})',
                "    assert listed(api) == kept(keeper)",
            ]
    complete = contract.manager.method(Verb.COMPLETE)
    if complete is not None and done is not None and _is_simple(complete):
        address = "/complete" if contract.mapped.is_feature else ""
        body = "" if contract.mapped.is_feature else f', json={{"{done.api}": True}}'
        found += [
            f'    keeper.{complete.name}(key(keeper, "{name}"))',
            f'    api.patch(f"{{PATH}}/{{ids[0]}}{address}"{body})',
            "    assert listed(api) == kept(keeper)",
        ]
    delete = contract.manager.method(Verb.DELETE)
    if delete is not None and _is_simple(delete):
        found += [
            f'    keeper.{delete.name}(key(keeper, "{name}"))',
            '    api.delete(f"{PATH}/{ids[0]}")',
            "    assert listed(api) == kept(keeper)",
        ]
    return found


def _is_simple(method: Method) -> bool:
    """Whether a method takes a key and needs no more."""
    return not method.is_async and not set(method.parameters[1:]) - set(method.optional)


POST = ['    ids = [api.post(PATH, json=values).json()["id"] for values in (FIRST, SECOND)]']
POST_ONLY = ["    for values in (FIRST, SECOND):", "        api.post(PATH, json=values)"]
KEY = '''def key(keeper: Any, name: str) -> Any:
    """The key of the first item."""
    return min(held(item, name) for item in everything(keeper))


'''
CONFTEST = '''"""The program that this backend grew out of, and the API beside it."""

import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

PROGRAM = Path(__file__).parents[3]STEPS
# Its modules, so that none of ours is taken for one of them.
MODULES = NAMES

Load = Callable[[str], Any]


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch) -> Iterator[Load]:
    """Import a module of the program, new for each test."""
    monkeypatch.syspath_prepend(str(PROGRAM))
    ours = {name: module for name, module in sys.modules.items() if is_theirs(name)}
    for name in ours:
        del sys.modules[name]
    yield import_module
    for name in [name for name in sys.modules if is_theirs(name)]:
        del sys.modules[name]
    sys.modules.update(ours)


def is_theirs(name: str) -> bool:
    """Whether a module has the name of one of the program's."""
    return name.partition(".")[0] in MODULES


@pytest.fixture
def api(client: TestClient, ada: dict[str, str]) -> Iterator[TestClient]:
    """The API, for somebody who is signed in."""
    before = client.headers.copy()
    client.headers.update(ada)
    yield client
    client.headers = before
'''
TEST = '''"""The program that this backend grew out of, and the API beside it."""

import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any, get_args

import pytest
from starlette.testclient import TestClient

from app.application import create_app
from app.current_user import CurrentUser, demo_user
from app.database import get_database
from app.settings import get_settings

PROGRAM = Path(__file__).parents[3]STEPS
# Its modules, so that none of ours is taken for one of them.
MODULES = NAMES

Load = Callable[[str], Any]


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch) -> Iterator[Load]:
    """Import a module of the program, new for each test."""
    monkeypatch.syspath_prepend(str(PROGRAM))
    ours = {name: module for name, module in sys.modules.items() if is_theirs(name)}
    for name in ours:
        del sys.modules[name]
    yield import_module
    for name in [name for name in sys.modules if is_theirs(name)]:
        del sys.modules[name]
    sys.modules.update(ours)


def is_theirs(name: str) -> bool:
    """Whether a module has the name of one of the program's."""
    return name.partition(".")[0] in MODULES


@pytest.fixture
def api(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    """The API with a database of its own, for somebody who is signed in."""
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path / 'contract.db'}")
    monkeypatch.setenv("ENVIRONMENT", "development")  # it migrates by itself
    get_settings.cache_clear()
    get_database.cache_clear()
    app = create_app()
    with TestClient(app, base_url="http://localhost") as client:
        assert client.portal is not None
        user = client.portal.call(demo_user)
        app.dependency_overrides[get_args(CurrentUser)[1].dependency] = lambda: user
        yield client
    get_settings.cache_clear()
    get_database.cache_clear()
'''
TEST = '''"""What `{about}` does in memory, the API does over HTTP: the same calls, the same answers."""

from typing import Any

from fastapi.testclient import TestClient

from tests.contract.conftest import Load

PATH = "{path}"
# What is compared: a field of {entity}, and its name in the API.
FIELDS = {seen}
FIRST: dict[str, Any] = {first}
SECOND: dict[str, Any] = {second}


def kept(keeper: Any) -> list[dict[str, Any]]:
    """What the program keeps, in an order of its own."""
    seen = [{{api: held(item, name) for name, api in FIELDS.items()}} for item in everything(keeper)]
    return sorted(seen, key=repr)


def listed(api: TestClient) -> list[dict[str, Any]]:
    """What the API lists, in the same order."""
    items = api.get(PATH).json()["items"]
    return sorted(({{name: item[name] for name in FIELDS.values()}} for item in items), key=repr)


def everything(keeper: Any) -> list[Any]:
    """All that the program lists."""
    found = keeper.{listing}()
    return list(found.values() if isinstance(found, dict) else found)


def held(item: Any, name: str) -> Any:
    """A field of an item, whichever kind of class it has."""
    return item[name] if isinstance(item, dict) else getattr(item, name)


{key}def test_memory_and_the_api_agree(load: Load, api: TestClient) -> None:
{steps}
'''
