"""Plain command lines are read without the command line library, and mean the same."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from devtool.cli.launching import plain_arguments
from tests.cli.conftest import WEB, WORKER, declare, devtool


@pytest.mark.parametrize(
    ("words", "meaning"),
    [
        ("", {}),
        ("--port 8001", {"port": "8001"}),
        ("--port=8001", {"port": "8001"}),
        ("-p auto -C x", {"port": "auto", "root": "x"}),
        ("--no-reload --open", {"reload": False, "open": True}),
        ("--only a,b --only c", {"only": ["a,b", "c"]}),
        ("-d --dry-run --json", {"detach": True, "dry_run": True, "as_json": True}),
        ("--sync -- --port 1", {"sync": True, "extra": ["--port", "1"]}),
        ("--grace=-1", {"grace": "-1"}),
    ],
)
def test_plain_words_are_read(words: str, meaning: dict[str, object]) -> None:
    assert plain_arguments(words.split()) == meaning


@pytest.mark.parametrize(
    "words",
    ["--help", "-p8001", "-p=8001", "--port", "--port --open", "--prot 1", "stray", "--open=1"],
)
def test_whatever_else_is_left_to_the_library(words: str) -> None:
    assert plain_arguments(words.split()) is None


@pytest.mark.parametrize(
    ("plain", "other"),
    [
        (("--only", "worker"), ("--only=worker", "-C.")),
        (("--grace", "7"), ("--grace", "7", "-C.")),
        (
            ("--except", "worker", "--host", "0.0.0.0"),
            ("--except", "worker", "--host", "0.0.0.0", "-C."),
        ),
        (("--", "--bind", "x"), ("-C.", "--", "--bind", "x")),
    ],
)
def test_both_ways_mean_the_same(
    root: Path, state: Path, port: int, plain: tuple[str, ...], other: tuple[str, ...]
) -> None:
    declare(root, WEB, WORKER, port=port)
    ways = [devtool(root, state, "run", "--dry-run", "--json", *way) for way in (plain, other)]
    first, second = (json.loads(way.stdout) for way in ways)
    assert plain_arguments(plain) is not None
    assert plain_arguments(other) is None
    assert first == second


def test_the_library_says_what_is_wrong(root: Path, state: Path) -> None:
    refused = devtool(root, state, "run", "--prot", "1")
    assert refused.returncode == 2
    assert "--prot" in refused.stderr
    assert "--detach" in devtool(root, state, "run", "--help").stdout
