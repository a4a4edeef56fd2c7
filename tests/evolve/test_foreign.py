"""FastAPI projects that devtool did not write get assistants, and keep every line they have."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from devtool import api_evolve, detect
from devtool.errors import ConfigError
from devtool.model.wishes import Wishes
from devtool.scaffold import requirements
from devtool.scaffold.changes import Action
from devtool.scaffold.entrance import wire
from devtool.scaffold.foreign import REQUIREMENTS
from devtool.scaffold.update import apply_update, undo
from devtool.scaffold.versions import admits, as_pip
from tests.evolve.conftest import Unpack
from tests.scaffold.project import edit, snapshot


def added_lines(before: bytes | None, after: bytes | None) -> list[str]:
    """The lines that are new; every old one has to be there still, in its order."""
    old, new = ((text or b"").decode().splitlines() for text in (before, after))
    added: list[str] = []
    rest = iter(old)
    expected = next(rest, None)
    for line in new:
        if line == expected:
            expected = next(rest, None)
        elif line:
            added.append(line)
    assert expected is None, f"lost: {expected}"
    return added


def test_a_flat_module(unpack: Unpack) -> None:
    root = unpack("flat")
    before = snapshot(root)
    planned = api_evolve.plan_evolution(root)
    assert [c.path for c in planned.update.changes if c.action is Action.MERGE] == [
        "main.py",
        "requirements.txt",
    ]
    apply_update(planned.update)
    after = snapshot(root)
    assert added_lines(before["main.py"], after["main.py"]) == [
        "from ai import install_assistants",
        "install_assistants(app)",
    ]
    text = (root / "main.py").read_text()
    assert text.index("install_assistants(app)") < text.index("if __name__")
    assert added_lines(before["requirements.txt"], after["requirements.txt"]) == [
        "mcp>=2.3,<3",
        "pydantic-ai-slim[openai]>=2.60,<3",
    ]
    assert detect(root).phase == 3
    assert any("Hero (main.py:8)" in note for note in planned.notes)
    again = api_evolve.plan_evolution(root, Wishes(to=3))
    assert not again.update.files
    assert not api_evolve.plan_upgrade(root).update.files
    undo(root)
    assert snapshot(root) == before


def test_layers_and_a_factory(unpack: Unpack) -> None:
    root = unpack("layered")
    before = snapshot(root)
    planned = api_evolve.plan_evolution(root)
    apply_update(planned.update)
    after = snapshot(root)
    main = "backend/app/main.py"
    assert added_lines(before[main], after[main]) == [
        "from app.ai import install_assistants",
        "install_assistants(app)",
    ]
    project = "backend/pyproject.toml"
    assert added_lines(before[project], after[project]) == [
        '    "mcp>=2.3,<3",',
        '    "pydantic-ai-slim[openai]>=2.60,<3",',
    ]
    changed = {path for path in before if before[path] != after[path]}
    assert changed == {main, project}
    assert (root / "backend/app/ai/wiring.py").is_file()
    assert "from app.ai import" in (root / "backend/tests/test_assistants.py").read_text()
    assert "services found: ItemService (backend/app/services/items.py:4)" in planned.notes
    assert detect(root).phase == 3


def test_what_is_not_sure_is_told(unpack: Unpack) -> None:
    root = unpack("poetry")
    source = root / "src/shop/server.py"
    text = source.read_text().replace('if os.environ.get("DEBUG"):', "try:")
    source.write_text(text.replace("else:", "except KeyError:"))
    before = snapshot(root)
    planned = api_evolve.plan_evolution(root)
    apply_update(planned.update)
    assert snapshot(root)["src/shop/server.py"] == before["src/shop/server.py"]
    assert (
        "add to src/shop/server.py once the application is whole (app is not made there by one"
        " plain call): from shop.ai import install_assistants; install_assistants(app)"
    ) in planned.notes


def test_requirements_in_tables(unpack: Unpack) -> None:
    root = unpack("poetry")
    before = snapshot(root)
    apply_update(api_evolve.plan_evolution(root).update)
    assert added_lines(before["pyproject.toml"], snapshot(root)["pyproject.toml"]) == [
        'mcp = ">=2.3,<3"',
        'pydantic-ai-slim = {version = ">=2.60,<3", extras = ["openai"]}',
    ]
    (root / "pyproject.toml").unlink()
    (root / "Pipfile").write_text('[packages]\nfastapi = "*"\n\n[dev-packages]\n')
    (root / ".devtool/manifest.json").unlink()
    edits = requirements.add(root, ("",), REQUIREMENTS)[0]
    assert edits["Pipfile"].split("\n")[2:5] == [
        'mcp = ">=2.3,<3"',
        'pydantic-ai-slim = {version = ">=2.60,<3", extras = ["openai"]}',
        "",
    ]


def test_versions_that_stand_in_the_way_are_told(unpack: Unpack) -> None:
    root = unpack("poetry")
    edit(root, "pyproject.toml", 'python = "^3.11"', 'python = "^3.9"\nuvicorn = "^0.25.0"')
    notes = api_evolve.plan_evolution(root).notes
    assert "raise python ^3.9 (pyproject.toml:8): assistants need 3.10 or later" in notes
    assert "raise uvicorn ^0.25.0 (pyproject.toml:9): assistants need 0.31.1 or later" in notes


@pytest.mark.parametrize(
    "pin",
    ['pydantic = "^1.9"', 'pydantic = {version = "<2", extras = ["email"]}', 'sqlmodel = "0.0.8"'],
)
def test_projects_of_pydantic_1_are_refused(unpack: Unpack, pin: str) -> None:
    root = unpack("poetry")
    edit(root, "pyproject.toml", 'sqlalchemy = "^2.0"', pin)
    with pytest.raises(ConfigError, match=r"pyproject.toml:10 keeps to .* which is pydantic 1"):
        api_evolve.plan_evolution(root)


@pytest.mark.parametrize(
    ("spec", "pip"),
    [
        ("^1.2.3", ">=1.2.3,<2"),
        ("^0.5", ">=0.5,<0.6"),
        ("~1.2", ">=1.2,<1.3"),
        ("1.2.3", "==1.2.3"),
        ("==1.10.*", "==1.10.*"),
        (">=1, <2", ">=1,<2"),
        ("*", ""),
        ("", ""),
    ],
)
def test_versions_as_pip_writes_them(spec: str, pip: str) -> None:
    assert as_pip(spec) == pip


def test_the_file_that_makes_the_application_is_found(tmp_path: Path) -> None:
    for path, text in {
        "main.py": "import uvicorn\n\nfrom core import app\n\nif __name__ == '__main__':\n    uvicorn.run(app)\n",
        "core/__init__.py": "from .server import api as app\n",
        "core/server.py": f"{HEAD}\napi = FastAPI()\n",
        "requirements.txt": "fastapi\n",
    }.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(text)
    apply_update(api_evolve.plan_evolution(tmp_path).update)
    assert "install_assistants(api)" in (tmp_path / "core/server.py").read_text()
    assert "from core.ai import install_assistants" in (tmp_path / "core/server.py").read_text()


@pytest.mark.parametrize(
    ("spec", "version", "admitted"),
    [
        ("", (2,), True),
        ("*", (2,), True),
        ("^1.9", (2,), False),
        ("^1.9", (1, 9, 3), True),
        ("^0.79.1", (0, 100), False),
        ("~0.100", (0, 100), True),
        ("~=1.10", (2,), False),
        ("~=2.1", (2, 12), True),
        ("~=2.1.0", (2, 12), False),
        ("==1.10.*", (1, 10, 5), True),
        ("==1.10.*", (2,), False),
        ("==2.5", (2, 12), False),
        ("2.12.0", (2, 12), True),
        (">=1,<2", (2,), False),
        (">=1,<3", (2,), True),
        (">1,!=2.0", (2,), True),
        ("<=2.12", (2, 12), True),
        ("@ git+https://x", (2,), True),
    ],
)
def test_versions(spec: str, version: tuple[int, ...], admitted: bool) -> None:
    assert admits(spec, version) is admitted


def test_an_own_package_of_that_name_is_left_alone(unpack: Unpack) -> None:
    root = unpack("flat")
    (root / "ai").mkdir()
    (root / "ai/__init__.py").write_text("mine = 1\n")
    apply_update(api_evolve.plan_evolution(root).update)
    assert (root / "ai/__init__.py").read_text() == "mine = 1\n"
    assert "from assistants import install_assistants" in (root / "main.py").read_text()


def test_other_phases_and_frameworks_are_refused(unpack: Unpack, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="to phases 3 and 4, not 5") as caught:
        api_evolve.plan_evolution(unpack("flat"), Wishes(to=5))
    assert "events are yours to write" in caught.value.hint
    other = tmp_path / "other"
    other.mkdir()
    (other / "app.py").write_text("from flask import Flask\n\napp = Flask(__name__)\n")
    with pytest.raises(ConfigError, match="not to flask"):
        api_evolve.plan_evolution(other)


def test_several_projects_are_named(tmp_path: Path) -> None:
    for name in ("blog", "saas", "shop"):
        (tmp_path / "all/sites" / name).mkdir(parents=True)
        for path, text in (("main.py", f"{HEAD}app = FastAPI()\n"), ("pyproject.toml", PROJECT)):
            (tmp_path / "all/sites" / name / path).write_text(text)
    with pytest.raises(ConfigError, match="no backend here that could grow") as caught:
        api_evolve.plan_evolution(tmp_path / "all")
    assert caught.value.hint == "name one project, such as -C sites/blog"


PROJECT = '[project]\nname = "x"\nversion = "1"\ndependencies = ["fastapi"]\n'
HEAD = "from fastapi import FastAPI\n"


@pytest.mark.parametrize(
    ("source", "attribute", "last"),
    [
        (HEAD + "app = FastAPI()\n", "app", "install(app)"),
        (HEAD + "app: FastAPI = FastAPI()\napp.mount('/x', 1)\n", "app", "install(app)"),
        ("import fastapi\nserver = fastapi.FastAPI()\n", "server", "install(server)"),
        (
            HEAD + "app = FastAPI()\nx = 1\nfor r in []:\n    app.include_router(r)\n",
            "app",
            "install(app)",
        ),
        ("from x import create_app\napp = create_app()\n", "app", "install(app)"),
        (
            HEAD
            + "if x:\n    app = FastAPI()\nelif y:\n    app = FastAPI(a=1)\nelse:\n    app = FastAPI()\n",
            "app",
            "install(app)",
        ),
        (HEAD + "def make():\n    api = FastAPI()\n    return api\n", "make", "return api"),
        (
            HEAD
            + "def make(x=1):\n    api = FastAPI()\n    def f():\n        return 1\n    return api\n",
            "make",
            "return api",
        ),
    ],
)
def test_sure_places(source: str, attribute: str, last: str) -> None:
    wired = wire(source, attribute, "own.ai", "install")
    assert wired.text.rstrip().endswith(last)
    assert "from own.ai import install\n" in wired.text
    assert wired.text.count("install(") == 1
    ast.parse(wired.text)
    assert wire(wired.text, attribute, "own.ai", "install").text == wired.text


@pytest.mark.parametrize(
    ("source", "why"),
    [
        (HEAD + "app = FastAPI()\napp = wrap(app)\n", "bound more than once"),
        (HEAD + "if x:\n    app = FastAPI()\n", "one plain call"),
        (HEAD + "if x:\n    app = FastAPI()\nelse:\n    app = wrap()\n", "one plain call"),
        (
            HEAD + "if x:\n    app = FastAPI()\nelse:\n    app = FastAPI()\napp = wrap(app)\n",
            "more than once",
        ),
        (HEAD + "app = socketio.ASGIApp(FastAPI())\n", "one plain call"),
        (
            HEAD + "def app():\n    a = FastAPI()\n    if x:\n        return a\n    return a\n",
            "more than one way",
        ),
        (HEAD + "def app():\n    a = FastAPI()\n    return wrap(a)\n", "other than what it made"),
        ("def f(:\n", "does not parse"),
        ("from x import app\n", "one plain call"),
    ],
)
def test_places_that_are_not_sure(source: str, why: str) -> None:
    wired = wire(source, "app", "own.ai", "install")
    assert not wired.text
    assert why in wired.why
