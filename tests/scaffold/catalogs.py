"""Small catalogs of features for tests, so that they depend on no real feature."""

from __future__ import annotations

from pathlib import Path

from devtool.scaffold.catalog import Feature, load

PYPROJECT = """\
[project]
name = "__PROJECT__"
# Why each of these is there stands in the README.
dependencies = []

[dependency-groups]
dev = []

[tool.ruff]
line-length = 100
"""
REVISION = '''"""Revision __REVISION__ after __DOWN_REVISION__."""

revision = "__REVISION__"
down_revision: str | None = "__DOWN_REVISION__"
'''
# A backend with tasks and a way to sign in, in a few lines: path -> text.
SHOP = {
    "core/feature.toml": """\
summary = "The core"
phase = 2
always = true
root_routers = ["health"]
models = ["user"]
dependencies = ["fastapi>=0.1"]
development = ["pytest>=9"]
env = ["# Where the data is.", "DATABASE_URL=sqlite:///app.db", "SECRET_KEY="]
secrets = ["SECRET_KEY"]
""",
    "core/files/dot_gitignore": ".env\n",
    "core/files/backend/pyproject.toml": PYPROJECT,
    "core/files/backend/main.py": 'TITLE = "__TITLE__"\nNAME = "__MODULE__"\n',
    "core/files/backend/app/current_user.py": "WHO = 'the one'\n",
    "core/files/backend/alembic/versions/users.py": REVISION,
    "tasks/feature.toml": """\
summary = "Tasks"
phase = 2
default = true
aliases = ["crud"]
routers = ["tasks"]
models = ["task"]
dependencies = ["sqlmodel>=0.1", "fastapi>=0.1"]
""",
    "tasks/files/backend/alembic/versions/tasks.py": REVISION,
    "tasks/with/auth/backend/tests/test_isolation.py": "BOTH = True\n",
    "auth/feature.toml": """\
summary = "Sign in"
phase = 2
default = true
replaces = ["backend/app/current_user.py"]
routers = ["auth"]
env = ["TOKEN_MINUTES=15"]
scripts = { seed = "app.seed:main" }
optional = { mail = ["aiosmtplib>=4"] }
""",
    "auth/files/backend/app/current_user.py": "WHO = 'whoever signed in'\n",
    "auth/files/backend/alembic/versions/auth.py": REVISION,
    "web-big/feature.toml": """\
summary = "A big frontend"
phase = 2
default = true
group = "web"
""",
    "web-big/files/frontend/package.json": '{"name": "__PROJECT__", "scripts": {"dev": "big"}}',
    "web-small/feature.toml": 'summary = "A small one"\nphase = 2\ngroup = "web"\n',
    "web-small/files/frontend/package.json": '{"name": "__PROJECT__"}',
    "chat/feature.toml": """\
summary = "A chat"
phase = 3
default = true
needs = ["tasks", "web"]

[package.dependencies]
marked = "^1"
""",
    "chat/files/backend/app/ai/__init__.py": "",
    "chat/files/backend/alembic/versions/chat.py": REVISION,
}


def catalog(folder: Path, files: dict[str, str] | None = None) -> dict[str, Feature]:
    """The features of these files, written there."""
    for path, text in (SHOP if files is None else files).items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")
    return load(folder)
