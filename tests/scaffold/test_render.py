"""What features say becomes the files of a project."""

from __future__ import annotations

import ast
import json
import tomllib
from pathlib import Path

import pytest

from devtool import ConfigError, DevtoolError, ProjectSpec
from devtool.scaffold.catalog import Feature
from devtool.scaffold.render import render
from devtool.scaffold.revisions import Chain
from devtool.scaffold.selection import choose
from tests.scaffold.catalogs import REVISION, SHOP, catalog

SPEC = ProjectSpec(name="corner-shop", phase=2)
VERSIONS = "backend/alembic/versions"


@pytest.fixture
def shop(tmp_path: Path) -> dict[str, Feature]:
    return catalog(tmp_path)


def rendered(shop: dict[str, Feature], *names: str, phase: int = 2) -> dict[str, str]:
    return render(SPEC.replace(phase=phase), choose(phase, names, shop))


def value_of(text: str, name: str) -> object:
    """The value of a name that a module assigns."""
    for node in ast.parse(text).body:
        if isinstance(node, ast.Assign):
            target: ast.expr | None = node.targets[0]
        else:
            target = getattr(node, "target", None)
        if isinstance(target, ast.Name) and target.id == name:
            return ast.literal_eval(getattr(node, "value", ast.Constant(None)))
    raise AssertionError(name)


def test_tokens_become_names(shop: dict[str, Feature]) -> None:
    assert rendered(shop)["backend/main.py"] == 'TITLE = "Corner Shop"\nNAME = "corner_shop"\n'


def test_dotted_names_are_stored_with_a_prefix(shop: dict[str, Feature]) -> None:
    assert rendered(shop)[".gitignore"] == ".env\n"


def test_a_feature_may_replace_a_whole_file(shop: dict[str, Feature]) -> None:
    path = "backend/app/current_user.py"
    assert "the one" in rendered(shop)[path]
    assert "signed in" in rendered(shop, "auth")[path]


def test_files_for_two_features_come_with_both(shop: dict[str, Feature]) -> None:
    path = "backend/tests/test_isolation.py"
    assert path not in rendered(shop, "tasks")
    assert path in rendered(shop, "tasks", "auth")


def test_two_features_with_one_file_are_refused(tmp_path: Path) -> None:
    shop = catalog(tmp_path, SHOP | {"tasks/files/backend/main.py": "x = 1\n"})
    with pytest.raises(DevtoolError, match=r"two features bring .*main.py: core and tasks"):
        rendered(shop, "tasks")


def test_the_more_particular_file_wins(tmp_path: Path) -> None:
    more = {
        "tasks/files/backend/page.py": "WITH = 'none'\n",
        "tasks/with/auth/backend/page.py": "WITH = 'auth'\n",
        "tasks/with/auth+web-big/backend/page.py": "WITH = 'both'\n",
    }
    shop = catalog(tmp_path, SHOP | more)
    for names, what in ((["tasks"], "none"), (["auth"], "auth"), (["auth", "web-big"], "both")):
        assert what in rendered(shop, "tasks", *names)["backend/page.py"]


def test_revisions_are_one_chain_in_the_order_of_features(shop: dict[str, Feature]) -> None:
    files = rendered(shop, "tasks", "auth", "chat", phase=3)
    revisions = {path: text for path, text in files.items() if path.startswith(VERSIONS)}
    names = ["0001_users", "0002_auth", "0003_tasks", "0004_chat"]
    assert list(revisions) == [f"{VERSIONS}/{name}.py" for name in names]
    downs = [value_of(text, "down_revision") for text in revisions.values()]
    assert downs == [None, "0001", "0002", "0003"]
    assert [value_of(text, "revision") for text in revisions.values()] == [
        "0001",
        "0002",
        "0003",
        "0004",
    ]


def test_revisions_of_a_project_are_never_written_again(shop: dict[str, Feature]) -> None:
    chain = Chain(head="cafe", number=5, names=frozenset({"users", "tasks"}))
    files = render(SPEC, choose(2, ("tasks", "auth"), shop), chain=chain)
    (path,) = (path for path in files if path.startswith(VERSIONS))
    assert path == f"{VERSIONS}/0006_auth.py"
    assert files[path] == REVISION.replace('"__DOWN_REVISION__"', '"cafe"').replace(
        "__DOWN_REVISION__", "cafe"
    ).replace("__REVISION__", "0006")


def test_requirements_meet_in_the_backend(shop: dict[str, Feature]) -> None:
    text = rendered(shop, "tasks", "auth")["backend/pyproject.toml"]
    assert "# Why each of these is there" in text
    table = tomllib.loads(text)
    assert table["project"]["dependencies"] == ["fastapi>=0.1", "sqlmodel>=0.1"]
    assert table["dependency-groups"]["dev"] == ["pytest>=9"]
    assert table["project"]["optional-dependencies"] == {"mail": ["aiosmtplib>=4"]}
    assert table["project"]["scripts"] == {"seed": "app.seed:main"}
    assert table["tool"]["ruff"] == {"line-length": 100}


def test_lists_of_modules_are_sorted_and_complete(shop: dict[str, Feature]) -> None:
    files = rendered(shop, "tasks", "auth")
    assert (
        files["backend/app/routers/__init__.py"]
        == '''"""The routers of the API. devtool keeps these lists sorted; add yours to them."""

from fastapi import APIRouter

from app.routers import auth, health, tasks

# At the root of the host: what machines ask for.
ROOT: tuple[APIRouter, ...] = (health.router,)
# Under /api/v1.
VERSIONED: tuple[APIRouter, ...] = (
    auth.router,
    tasks.router,
)
'''
    )
    assert (
        files["backend/app/models/__init__.py"]
        == '''"""The modules with tables: whoever imports this package knows all of them."""

from app.models import task, user

__all__ = [
    "task",
    "user",
]
'''
    )


def test_variables_meet_in_order(shop: dict[str, Feature]) -> None:
    assert rendered(shop, "auth")["backend/.env.example"] == (
        "# Where the data is.\nDATABASE_URL=sqlite:///app.db\nSECRET_KEY=\nTOKEN_MINUTES=15\n"
    )


def test_the_package_of_the_frontend_is_composed(shop: dict[str, Feature]) -> None:
    package = json.loads(rendered(shop, "chat", phase=3)["frontend/package.json"])
    assert package == {
        "name": "corner-shop",
        "scripts": {"dev": "big"},
        "dependencies": {"marked": "^1"},
    }


def test_a_project_cannot_have_the_name_of_its_own_dependency(shop: dict[str, Feature]) -> None:
    with pytest.raises(ConfigError, match="needs a package of that name"):
        render(ProjectSpec(name="sqlmodel", phase=2), choose(2, None, shop))
