"""Variables and `.env` files: names are said, values never."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

from devtool.detection.tree import SourceTree
from devtool.doctor.wanted import wanted
from devtool.model.doctor import Action, Level
from tests.doctor.conftest import Examine, examined, levels, write

SETTINGS = """
from typing import Annotated, ClassVar

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Base(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="SHOP_", env_file="local.env")


class Settings(Base):
    kind: ClassVar[str]
    secret_key: str
    debug: bool = False
    token: str = Field(alias="API_TOKEN")
    pages: Annotated[int, Field(default=20)]
    items: list[str] = Field(default_factory=list)
"""


def test_fields_without_a_default_are_asked_for(find: Examine) -> None:
    found = find("variables", {"app/settings.py": SETTINGS})
    assert [finding.text for finding in found] == [
        "app/settings.py:14 asks for SHOP_SECRET_KEY, which is not set",
        "app/settings.py:16 asks for API_TOKEN, which is not set",
    ]
    assert levels(found) == [Level.ERROR, Level.ERROR]
    assert found[0].fix == "echo SHOP_SECRET_KEY=VALUE >> .env"


def test_variables_are_looked_for_in_the_environment_and_in_env_files(find: Examine) -> None:
    files = {
        "app/settings.py": SETTINGS,
        ".env": "shop_secret_key=1\n",
        "local.env": "NOTHING=1\n",
    }
    assert levels(find("variables", files, API_TOKEN="x")) == [Level.OK]
    files[".env"], files["local.env"] = "", "SHOP_SECRET_KEY=1\n"
    assert levels(find("variables", files, API_TOKEN="x")) == [Level.OK]


def test_what_is_read_without_a_net_is_asked_for(project: Path) -> None:
    text = """
import os
A = os.environ["HARD"]
B = os.environ.get("SOFT")
try:
    C = os.environ["CAUGHT"]
except KeyError:
    C = ""
os.environ["SET"] = "1"
"""
    write(project, {"app/conf.py": text, "tests/conf.py": text})
    assert [want.names for want in wanted(SourceTree(project), "")] == [("HARD",)]


def test_names_of_the_example_that_have_no_default_are_missed(find: Examine) -> None:
    files = {
        "app/settings.py": SETTINGS,
        ".env.example": "SHOP_DEBUG=1\nMAIL_HOST=mail\nexport MAIL_FROM=me\n# OFF=1\n",
        ".env": "SHOP_SECRET_KEY=1\nAPI_TOKEN=2\nMAIL_HOST=here\n",
    }
    (finding,) = find("variables", files)
    assert finding.text == ".env lacks MAIL_FROM, which .env.example has"
    assert finding.level is Level.WARNING


def test_an_example_without_its_env_file_is_copied_on_request(project: Path) -> None:
    write(project, {".env.example": "A=1\n"})
    (finding,) = [each for each in examined(project).findings if each.check == "dotenv"]
    assert finding.action is Action.COPY_ENV
    assert finding.fix == "cp -n .env.example .env"


def test_values_at_odds_are_named_and_not_shown(project: Path) -> None:
    files = {
        "devtool.toml": '[services.jobs]\ncommand = ["true"]\n',
        ".env": "KEY=first-secret\nKEY=second-secret\n",
        ".env.example": "KEY=\n",
    }
    write(project, files)
    found = examined(project, {"KEY": "third-secret"})
    texts = [each.text for each in found.findings if each.check == "dotenv"]
    assert texts == [
        ".env sets KEY more than once; the last one counts",
        "the environment gives KEY another value than .env, and wins",
    ]
    assert "secret" not in json.dumps(asdict(found))


def test_an_env_file_that_cannot_be_read_is_a_finding_without_its_text(project: Path) -> None:
    write(project, {"app/settings.py": SETTINGS})
    (project / ".env").write_bytes(b"KEY=\xff\xfesecret\n")
    found = examined(project)
    assert any(".env: cannot be read" in each.text for each in found.findings)
    assert "secret" not in json.dumps(asdict(found))
