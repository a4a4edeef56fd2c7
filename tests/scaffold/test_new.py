"""A new project is written whole or not at all, and refused before anything is written."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from devtool import ConfigError, DevtoolError, ProjectSpec, new_project, preview_project
from devtool.scaffold import apply, changes, manifest
from devtool.scaffold.changes import Action
from devtool.scaffold.manifest import Base


def tree(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8")
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        "../up",
        "/abs",
        "a/b",
        "a\\b",
        "Shop",
        "1shop",
        "-x",
        "x-",
        "a b",
        "a\n",
        "class",
        "match",
        "json",
        "typer",
        "tests",
        "con",
        "lpt1",
        "é",
        "a--b",
        "x" * 65,
        "a\x00",
    ],
)
def test_bad_names_are_refused(name: str) -> None:
    with pytest.raises(ConfigError, match="cannot be the name"):
        ProjectSpec(name=name)


@pytest.mark.parametrize("title", ['a"b', "a\\b", "a\nb", "<script>", "`x`"])
def test_titles_cannot_break_out_of_a_text(title: str) -> None:
    with pytest.raises(ConfigError, match="title"):
        ProjectSpec(name="shop", title=title)


def test_versions_are_numbers() -> None:
    with pytest.raises(ConfigError, match="version"):
        ProjectSpec(name="shop", version='1"')


def test_titles_come_from_names() -> None:
    assert ProjectSpec(name="todo-api").title == "Todo Api"


def test_the_preview_is_what_is_written(tmp_path: Path) -> None:
    spec = ProjectSpec(name="shop")
    preview = preview_project(spec, tmp_path)
    assert not list(tmp_path.iterdir())
    assert new_project(spec, tmp_path) == preview
    assert tree(tmp_path / "shop") == {change.path: change.text for change in preview}
    assert [path.name for path in tmp_path.iterdir()] == ["shop"]


def test_no_token_is_left(tmp_path: Path) -> None:
    for change in preview_project(ProjectSpec(name="shop"), tmp_path):
        assert not {"__PROJECT__", "__TITLE__", "__VERSION__"} & set(change.text.split())


def test_every_file_has_its_base_text(tmp_path: Path) -> None:
    new_project(ProjectSpec(name="shop"), tmp_path)
    files = tree(tmp_path / "shop")
    record = json.loads(files[manifest.PATH])
    assert record["spec"]["name"] == "shop"
    for path, name in record["files"].items():
        assert files[f"{manifest.BASE}/{name}"] == files[path]
        assert manifest.digest(files[path]) == name
    assert {path for path in files if not path.startswith(".devtool/")} == set(record["files"])


def test_an_empty_folder_is_taken(tmp_path: Path) -> None:
    (tmp_path / "shop").mkdir()
    new_project(ProjectSpec(name="shop"), tmp_path)
    assert (tmp_path / "shop/src/main.py").is_file()


@pytest.mark.parametrize("kind", ["full", "file", "link", "dangling"])
def test_what_is_there_is_left_alone(tmp_path: Path, kind: str) -> None:
    place = tmp_path / "shop"
    if kind == "full":
        place.mkdir()
        (place / "mine").write_text("mine")
    elif kind == "file":
        place.write_text("mine")
    elif kind == "link":
        (tmp_path / "other").mkdir()
        place.symlink_to(tmp_path / "other")
    else:
        place.symlink_to(tmp_path / "nowhere")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(ConfigError):
        new_project(ProjectSpec(name="shop"), tmp_path)
    assert sorted(tmp_path.rglob("*")) == before


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no folder"):
        new_project(ProjectSpec(name="shop"), tmp_path / "missing")


def test_a_failure_half_way_leaves_nothing(tmp_path: Path) -> None:
    planned = changes.plan({"a": "1", "a/b": "2"}, base={}, mine={})  # a is no folder for b
    with pytest.raises(DevtoolError, match="could not be written"):
        apply.create(tmp_path / "shop", planned)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("base", "mine", "new", "action"),
    [
        (None, None, "n", Action.CREATE),
        (None, "n", "n", Action.ADOPT),
        (None, "m", "n", Action.CONFLICT),
        ("b", "b", "n", Action.UPDATE),
        ("b", "m", "b", Action.KEEP),
        ("b", "m", "n", Action.CONFLICT),
        ("b", "b", "b", Action.KEEP),
        ("b", "n", "n", Action.ADOPT),
        ("b", None, "n", Action.KEEP_DELETED),
    ],
)
def test_no_edit_is_ever_overwritten(
    base: str | None, mine: str | None, new: str, action: Action
) -> None:
    (change,) = changes.plan(
        {"f": new},
        base={} if base is None else {"f": Base.of(base)},
        mine={} if mine is None else {"f": mine},
    )
    assert change.action is action


def devtool(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = (sys.executable, "-m", "devtool", *arguments)
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=60, check=False)


def test_the_command_creates_and_shows(tmp_path: Path) -> None:
    shown = devtool("new", "shop", "--dry-run", cwd=tmp_path)
    assert shown.returncode == 0
    assert "nothing was written" in shown.stdout
    diff = devtool("new", "shop", "--diff", cwd=tmp_path).stdout
    assert "+++ b/src/main.py" in diff
    assert not list(tmp_path.iterdir())
    told = json.loads(devtool("new", "shop", "--json", cwd=tmp_path).stdout)
    assert told["written"] is True
    assert {item["path"]: item["text"] for item in told["changes"]} == tree(tmp_path / "shop")


@pytest.mark.parametrize(
    "arguments",
    [("class",), ("../up",), ("shop", "--features", "consol"), ("shop", "--phase", "9")],
)
def test_the_command_refuses_with_two(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    ended = devtool("new", *arguments, cwd=tmp_path)
    assert ended.returncode == 2
    assert ended.stderr.startswith("error: ")
    assert not list(tmp_path.iterdir())


def test_a_cluster_takes_every_name_and_title() -> None:
    spec = ProjectSpec(name=f"corner_shop_{'x' * 52}", phase=5, title="Shop: the #1")
    assert spec.label == f"corner-shop-{'x' * 38}"
    texts = {change.path: change.text for change in preview_project(spec)}
    lines = [
        line
        for path, text in texts.items()
        if path.startswith(("deploy/kubernetes/", "deploy/chart/", "deploy/dapr/"))
        for line in text.splitlines()
    ]
    assert f"  name: {spec.label}-migrate" in lines
    # Images and topics may have underscores.
    left = [line for line in lines if spec.name in line]
    assert not [line for line in left if f"{spec.name}-backend" not in line and "topic" not in line]
    assert 'description: "Shop: the #1"' in texts["deploy/chart/Chart.yaml"]


def test_a_title_fits_into_a_line_of_code() -> None:
    with pytest.raises(ConfigError, match="at most 64 characters, not 65"):
        ProjectSpec(name="shop", title="x" * 65)
