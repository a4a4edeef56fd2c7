"""The texts that contract tests are made of; `contract` fills them in."""

from __future__ import annotations

POST = ['    ids = [api.post(PATH, json=values).json()["id"] for values in (FIRST, SECOND)]']
POST_ONLY = ["    for values in (FIRST, SECOND):", "        api.post(PATH, json=values)"]
SENT = '''def sent(values: dict[str, Any]) -> dict[str, Any]:
    """Values under the names that the API has for them."""
    return {FIELDS[name]: value for name, value in values.items()}


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
TEST = '''"""What `{about}` does in memory, the API does over HTTP.

The same calls, and the same answers.
"""

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
