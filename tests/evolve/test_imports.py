"""What a console program has kept in JSON is taken over, or refused by name."""

from __future__ import annotations

import json

import pytest

from devtool.errors import ConfigError
from devtool.scaffold.imports import Batch, batches

HABIT = {
    "name": "Habit",
    "module": "habit",
    "class": "Habit",
    "fields": {"title": "title", "done": "completed"},
}
TAG = {"name": "Tag", "module": "tag", "class": "Tag", "fields": {"name": "name"}}
ROW = {"id": 1, "title": "run", "done": True}
TAKEN = Batch("habit", "Habit", ({"title": "run", "completed": True},))


@pytest.mark.parametrize(
    "held",
    [[ROW], {"1": ROW}, {"habits": [ROW]}, {"habits": {"1": ROW}}, {"Habit": [ROW]}],
    ids=json.dumps,
)
def test_known_shapes(held: object) -> None:
    assert batches("habits.json", json.dumps(held), [HABIT, TAG]) == [TAKEN]


def test_kinds_are_told_by_their_fields_and_several_at_once() -> None:
    text = json.dumps({"things": [ROW], "labels": [{"name": "a"}]})
    assert batches("data.json", text, [HABIT, TAG]) == [
        TAKEN,
        Batch("tag", "Tag", ({"name": "a"},)),
    ]


def test_what_was_left_out_is_no_unknown_field() -> None:
    text = json.dumps([{**ROW, "colour": "red"}])
    assert batches("habits.json", text, [{**HABIT, "skipped": ["colour"]}, TAG]) == [TAKEN]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "is not JSON"),
        ("3", "no shape"),
        ('{"a": 1}', "no shape"),
        ('[{"title": "x", "colour": 1}]', "habits 1 has the unknown field 'colour'"),
    ],
)
def test_what_does_not_fit_is_refused(text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        batches("habits.json", text, [HABIT, TAG])


def test_what_is_not_sure_is_refused() -> None:
    with pytest.raises(ConfigError, match="not sure what 'data' holds"):
        batches("data.json", '[{"x": 1}]', [HABIT, TAG])
