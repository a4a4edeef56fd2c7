"""What a console program has kept in JSON is taken over, or refused by name."""

from __future__ import annotations

import json
from datetime import datetime

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


@pytest.mark.parametrize(
    ("key", "value", "sent"),
    [
        ("due", "2026-02-01T10:00:00+02:00", "2026-02-01T10:00:00+02:00"),
        ("due", "soon", "soon"),
        ("level", "Level.HIGH", "HIGH"),
        ("level", "HIGH", "HIGH"),
        ("level", "v1.0", "v1.0"),
        ("level", "Level.NONE", "Level.NONE"),
        ("title", "Level.HIGH", "Level.HIGH"),
        ("due", None, None),
    ],
)
def test_values_are_sent_as_the_api_takes_them(key: str, value: object, sent: object) -> None:
    names = ("due", "level", "title")
    entity = {
        **HABIT,
        "fields": dict(zip(names, names, strict=True)),
        "moments": ["due"],
        "members": {"level": ["HIGH", "v1.0"]},
    }
    (batch,) = batches("habits.json", json.dumps([{key: value}]), [entity])
    (row,) = batch.rows
    if isinstance(sent, str) and key == "due" and sent != "soon":
        assert datetime.fromisoformat(row[key]) == datetime.fromisoformat(sent)
    else:
        assert row == {key: sent}


def test_a_moment_without_a_zone_is_one_of_this_machine() -> None:
    entity = {**HABIT, "fields": {"due": "due"}, "moments": ["due"]}
    (batch,) = batches("habits.json", '[{"due": "2026-02-01T10:00:00"}]', [entity])
    sent = datetime.fromisoformat(batch.rows[0]["due"])
    assert sent == datetime(2026, 2, 1, 10).astimezone()
    assert sent.tzinfo is not None


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
