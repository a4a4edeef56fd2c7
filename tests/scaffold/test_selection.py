"""Which features a project has does not depend on the order they are asked for in."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path

import pytest

from devtool import ConfigError, ProjectSpec
from devtool.scaffold.catalog import Feature, load
from devtool.scaffold.selection import choose, member, resolve
from tests.scaffold.catalogs import catalog


@pytest.fixture
def shop(tmp_path: Path) -> dict[str, Feature]:
    return catalog(tmp_path)


def slugs(features: tuple[Feature, ...]) -> list[str]:
    return [feature.slug for feature in features]


def test_a_project_has_what_is_usual(shop: dict[str, Feature]) -> None:
    assert slugs(choose(2, None, shop)) == ["core", "auth", "tasks", "web-big"]


def test_who_names_features_gets_those_alone(shop: dict[str, Feature]) -> None:
    assert slugs(choose(2, ("tasks",), shop)) == ["core", "tasks"]
    assert slugs(choose(2, (), shop)) == ["core"]


def test_what_is_needed_comes_with_it_and_before(shop: dict[str, Feature]) -> None:
    assert slugs(choose(3, ("chat",), shop)) == ["core", "tasks", "web-big", "chat"]
    assert slugs(choose(3, ("chat", "web-small"), shop)) == ["core", "tasks", "web-small", "chat"]


def test_an_agent_comes_and_goes_with_its_chat() -> None:
    known = load()
    assert {"chat", "agent-pydantic-ai"} <= set(slugs(choose(3, None, known)))
    without = slugs(choose(3, None, known, without=("chat",)))
    assert not [slug for slug in without if slug == "chat" or slug.startswith("agent")]
    assert "chat" in slugs(choose(3, ("agent-openai-agents",), known))
    with pytest.raises(ConfigError, match="chat cannot be left out: agent-openai-agents needs it"):
        choose(3, None, known, extra=("agent-openai-agents",), without=("chat",))
    with pytest.raises(ConfigError, match="mcp-tools cannot be left out: agent-pydantic-ai needs"):
        choose(3, None, known, without=("mcp-tools",))


def test_the_order_of_words_is_of_no_effect(shop: dict[str, Feature]) -> None:
    words = ("chat", "tasks", "auth", "web-small")
    assert len({tuple(slugs(choose(3, order, shop))) for order in permutations(words)}) == 1


def test_some_more_and_some_less(shop: dict[str, Feature]) -> None:
    assert slugs(choose(2, None, shop, without=("auth",))) == ["core", "tasks", "web-big"]
    assert slugs(choose(2, None, shop, without=("web",))) == ["core", "auth", "tasks"]
    chosen = choose(2, None, shop, extra=("web-small",))
    assert slugs(chosen) == ["core", "auth", "tasks", "web-small"]


def test_the_phase_follows_from_the_features(shop: dict[str, Feature]) -> None:
    spec, chosen = resolve(ProjectSpec(name="x", features=("crud", "chat")), shop)
    assert spec.phase == 3
    assert spec.features == ("core", "tasks", "web-big", "chat")
    assert resolve(spec, shop) == (spec, chosen)


@pytest.mark.parametrize(
    ("names", "without", "message", "hint"),
    [
        (("taks",), (), "no feature 'taks'", "did you mean tasks?"),
        (("qqq",), (), "no feature 'qqq'", "there are: auth"),
        (("chat",), (), "is for phase 3, not 2", "--phase 3"),
        (("web-big", "web-small"), (), "exclude each other", "leave one"),
        (None, ("core",), "every project has", "cannot be left out"),
        (("tasks",), ("tasks",), "it is asked for", "ask for it or"),
        (None, ("oath",), "no feature 'oath'", "did you mean auth?"),
    ],
)
def test_what_cannot_be_is_refused(
    shop: dict[str, Feature],
    names: tuple[str, ...] | None,
    without: tuple[str, ...],
    message: str,
    hint: str,
) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        choose(2, names, shop, without=without)
    assert hint in caught.value.hint


def test_what_is_needed_cannot_be_left_out(shop: dict[str, Feature]) -> None:
    with pytest.raises(ConfigError, match="tasks cannot be left out: chat needs it") as caught:
        choose(3, None, shop, without=("tasks",))
    assert caught.value.hint == "leave out chat too"
    assert "tasks" not in slugs(choose(3, None, shop, without=("tasks", "chat")))


def test_phases_without_features_are_refused(shop: dict[str, Feature]) -> None:
    with pytest.raises(ConfigError, match="no projects of phase 9") as caught:
        choose(9, None, shop)
    assert caught.value.hint == "phases it generates: 2, 3"


def test_features_of_an_earlier_phase_may_end(tmp_path: Path) -> None:
    files = {
        "old/feature.toml": 'summary = "x"\nphase = 1\nuntil = 1\nalways = true\n',
        "new/feature.toml": 'summary = "x"\nphase = 2\nalways = true\nconflicts = ["rare"]\n',
        "rare/feature.toml": 'summary = "x"\nphase = 2\n',
    }
    features = catalog(tmp_path, files)
    assert slugs(choose(1, None, features)) == ["old"]
    assert slugs(choose(2, None, features)) == ["new"]
    with pytest.raises(ConfigError, match="ends with phase 1"):
        choose(2, ("old",), features)
    with pytest.raises(ConfigError, match="new and rare exclude each other"):
        choose(2, ("rare",), features)


def test_a_choice_has_named_answers(shop: dict[str, Feature]) -> None:
    assert member("web", "small", shop).slug == "web-small"
    with pytest.raises(ConfigError, match="no web 'tiny'") as caught:
        member("web", "tiny", shop)
    assert caught.value.hint == "there are: big, small, none"
    assert slugs(choose(2, None, shop, extra=("web=small",)))[-1] == "web-small"


def test_the_real_features_keep_their_promises() -> None:
    features = load()
    groups = {feature.group for feature in features.values()} - {""}
    for feature in features.values():
        assert feature.summary, feature.slug
        assert not set(feature.needs) - set(features) - groups, feature.slug
        assert not set(feature.conflicts) - set(features), feature.slug
        assert set(feature.secrets) <= {line.partition("=")[0] for line in feature.env}
        for module in (*feature.routers, *feature.root_routers):
            assert (feature.folder / f"files/backend/app/routers/{module}.py").is_file(), module
        for module in feature.models:
            assert (feature.folder / f"files/backend/app/models/{module}.py").is_file(), module
        for folder in feature.folder.glob("with/*"):
            assert set(folder.name.split("+")) <= set(features), folder
