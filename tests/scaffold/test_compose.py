"""Shared files change where they have to and nowhere else."""

from __future__ import annotations

import tomllib

import pytest

from devtool import DevtoolError
from devtool.scaffold import compose, toml_text

TEXT = """\
# Ours.
[project] # the project
name = "x"
dependencies = ["a>=1", # the first
    'b[c]>=2' ] # and the rest

[project.urls]
home = "https://x.example/#top"

[[tool.mypy.overrides]]
module = "x"
"""


def test_requirements_are_united_or_refused() -> None:
    assert compose.union(["b>=1"], ["a[x]>=2", "b>=1"]) == ["a[x]>=2", "b>=1"]
    with pytest.raises(DevtoolError, match="two requirements"):
        compose.union(["b_c>=1"], ["B-C>=2"])


def test_an_array_changes_and_nothing_else() -> None:
    changed = toml_text.set_array(TEXT, "project", "dependencies", ["z"])
    assert changed == TEXT.replace(
        "[\"a>=1\", # the first\n    'b[c]>=2' ] # and the rest", '[\n  "z",\n] # and the rest'
    )


@pytest.mark.parametrize(
    ("table", "key"),
    [
        ("project", "keywords"),
        ("project.urls", "more"),
        ("project.optional-dependencies", "mail"),
        ("dependency-groups", "dev"),
    ],
)
@pytest.mark.parametrize("text", [TEXT, "", "[project]\n", TEXT.rstrip("\n")])
def test_a_missing_array_is_made(text: str, table: str, key: str) -> None:
    changed = toml_text.set_array(text, table, key, ["x[y]>=1", 'q"'])
    assert toml_text.array(changed, table, key) == ("x[y]>=1", 'q"')
    without = tomllib.loads(text)
    held = tomllib.loads(changed)
    for part in table.split("."):
        held = held[part]
    assert held.pop(key)
    assert set(without) <= set(tomllib.loads(changed))
    assert toml_text.set_array(changed, table, key, ["x[y]>=1", 'q"']) == changed


def test_what_is_written_otherwise_is_refused() -> None:
    with pytest.raises((DevtoolError, tomllib.TOMLDecodeError)):
        toml_text.set_array('project = {dependencies = ["a"]}\n', "project", "dependencies", [])


def test_packages_agree_or_are_refused() -> None:
    text = compose.package_json('{"scripts": {"b": "1"}}', [{"scripts": {"a": "2"}}])
    assert text == '{\n  "scripts": {\n    "a": "2",\n    "b": "1"\n  }\n}\n'
    with pytest.raises(DevtoolError, match="b is '1' and '2'"):
        compose.package_json('{"scripts": {"b": "1"}}', [{"scripts": {"b": "2"}}])


def test_long_imports_are_wrapped_as_the_formatter_does() -> None:
    names = [f"resource_number_{number}" for number in range(6)]
    assert compose.import_from("app.models", names).splitlines()[1] == "    resource_number_0,"
