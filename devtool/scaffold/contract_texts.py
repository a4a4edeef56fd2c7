"""The texts that contract tests are made of; `contract` fills them in."""

from __future__ import annotations

POST = ['    ids = [api.post(PATH, json=values).json()["id"] for values in (FIRST, SECOND)]']
POST_ONLY = ["    for values in (FIRST, SECOND):", "        api.post(PATH, json=values)"]
SENT = '''def sent(values: dict[str, Any]) -> dict[str, Any]:
    """Values under the names that the API has for them."""
    return {FIELDS[name]: VALUE for name, value in values.items()}


'''
PLAIN = '''def plain(value: Any) -> Any:
    """A value as JSON has it."""
    return str(value) if isinstance(value, KINDS) else value


'''
KEY = '''def key(keeper: Any, name: str) -> Any:
    """The key of the item made first."""
    first = [held(item, name) for item in everything(keeper) if is_first(item)]
    assert len(first) == 1
    return first[0]


def is_first(item: Any) -> bool:
    """Whether an item is what the first values say."""
    return all(held(item, name) == value for name, value in FIRST.items())


'''
CONFTEST = '''"""The program that this backend grew out of, and the API beside it."""

import sys
from collections.abc import Callable, Iterable, Iterator
from importlib import import_module
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest
from fastapi.testclient import TestClient

PROGRAM = Path(__file__).parents[3]STEPS
# Its modules, so that none of ours is taken for one of them.
MODULES = NAMES
NOT_SOURCE = {"build", "dist", "node_modules", "venv", "__pycache__"}
WEB = {Path(__file__).parents[3] / name for name in ("backend", "frontend")}

Load = Callable[[str], Any]


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Load]:
    """Import a module of a copy of the program, new for each test: its data stay as they are."""
    program = copytree(PROGRAM, tmp_path / "program", ignore=all_but_source)
    monkeypatch.chdir(program)
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.syspath_prepend(str(program))
    ours = {name: module for name, module in sys.modules.items() if is_theirs(name)}
    for name in ours:
        del sys.modules[name]
    yield import_module
    for name in [name for name in sys.modules if is_theirs(name)]:
        del sys.modules[name]
    sys.modules.update(ours)


def all_but_source(folder: str, names: Iterable[str]) -> set[str]:
    """What is not copied: data, and folders that hold no source of the program."""
    return {name for name in names if not is_source(Path(folder, name))}


def is_source(path: Path) -> bool:
    """Whether something is a module of the program, or may hold some."""
    if path.is_dir():
        return path.name not in NOT_SOURCE and path not in WEB and not path.name.startswith(".")
    return path.suffix == ".py"


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
TEST = '''"""What `{about}` does in memory, the API does over HTTP.

The same calls, and the same answers.
"""

{imports}from typing import Any

from fastapi.testclient import TestClient

from tests.contract.conftest import Load

PATH = "{path}"
# What is compared: a field of {entity}, and its name in the API.
FIELDS = {seen}
FIRST: dict[str, Any] = {first}
SECOND: dict[str, Any] = {second}


def kept(keeper: Any) -> list[dict[str, Any]]:
    """What the program keeps, in an order of its own."""
    return sorted((seen(item) for item in everything(keeper)), key=repr)


def seen(item: Any) -> dict[str, Any]:
    """What is compared of an item, under the API's names."""
    return {{api: {held} for name, api in FIELDS.items()}}


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


{key}def test_memory_and_the_api_agree(api: TestClient, load: Load) -> None:
{steps}
'''
