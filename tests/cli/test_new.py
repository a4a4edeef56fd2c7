"""`devtool new` reads its options alike with the command line library and without it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from devtool import ConfigError
from devtool.cli.creating import Wish, plain_wish, spec_of

PASSWORD = "hunter2-hunter2"
URL = f"postgresql://me:{PASSWORD}@localhost/shop"


def devtool(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = (sys.executable, "-m", "devtool", *arguments)
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=60, check=False)


def test_plain_words_need_no_library() -> None:
    wish = plain_wish(
        ["shop", "--phase=2", "--features", "auth,crud", "-C", "x", "--fast", "--json"]
    )
    assert wish == Wish("shop", "x", "2", "auth,crud", fast=True, as_json=True)
    assert plain_wish(["--diff", "shop"]) == Wish("shop", show_diff=True)


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["--help"],
        ["shop", "more"],
        ["shop", "--phase", "two"],
        ["shop", "--nonsense"],
        ["shop", "--title"],
        ["shop", "--title", "--json"],
        ["shop", "--features="],
        ["--", "shop"],
        ["shop", "-C=x"],
    ],
)
def test_other_words_are_left_to_the_library(words: list[str]) -> None:
    assert plain_wish(words) is None


def test_options_become_features() -> None:
    wish = Wish("shop", more="jobs, otel,", without="ci", frontend="vite", agent="none", fast=True)
    spec = spec_of(wish)
    assert spec.features is None
    assert spec.extra == ("jobs", "otel", "frontend=vite", "fast")
    assert spec.without == ("ci", "agent")


@pytest.mark.parametrize("shape", [("--features=tasks",), ("--features", "tasks", "--phase", "2")])
def test_both_ways_write_the_same(tmp_path: Path, shape: tuple[str, ...]) -> None:
    # `--features=` with nothing is for the library; both forms here differ in how they are read.
    plain = json.loads(devtool("new", "shop", *shape, "--json", cwd=tmp_path).stdout)
    other = json.loads(
        devtool("new", "--json", *shape, "--title=Shop", "--", "shop2", cwd=tmp_path).stdout
    )
    assert [c["path"] for c in plain["changes"] if "/base/" not in c["path"]] == [
        c["path"] for c in other["changes"] if "/base/" not in c["path"]
    ]


@pytest.mark.parametrize("show", [(), ("--diff",), ("--json",), ("--dry-run",)])
def test_no_output_shows_a_secret(tmp_path: Path, show: tuple[str, ...]) -> None:
    ended = devtool("new", "shop", "--features", "auth", "--database-url", URL, *show, cwd=tmp_path)
    assert ended.returncode == 0
    assert PASSWORD not in ended.stdout + ended.stderr
    place = tmp_path / "shop/backend/.env"
    if show in ((), ("--json",)):
        text = place.read_text("utf-8")
        assert URL in text
        secret = text.partition("SECRET_KEY=")[2].partition("\n")[0]
        assert len(secret) >= 32
        assert secret not in ended.stdout
        committed = [path for path in (tmp_path / "shop").rglob("*") if path.is_file()]
        assert [p for p in committed if secret in p.read_text("utf-8", "replace")] == [place]
    else:
        assert not place.exists()


def test_git_ignores_the_secrets(tmp_path: Path) -> None:
    devtool("new", "shop", "--phase", "2", cwd=tmp_path)
    root = tmp_path / "shop"
    subprocess.run(("git", "init", "--quiet"), cwd=root, check=True)
    listed = subprocess.run(
        ("git", "ls-files", "--others", "--exclude-standard"),
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    assert "backend/.env.example" in listed
    assert "backend/.env" not in listed


def test_a_wrong_url_is_refused_without_being_shown(tmp_path: Path) -> None:
    ended = devtool("new", "shop", "--database-url", f"mysql://{PASSWORD}@x", cwd=tmp_path)
    assert ended.returncode == ConfigError.exit_code
    assert PASSWORD not in ended.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_leaves_nothing_behind(tmp_path: Path, signum: signal.Signals) -> None:
    """Whatever moment it comes at: there is a whole project, or none."""
    for number in range(6):
        argv = (sys.executable, "-m", "devtool", "new", "shop", "--phase", "2")
        child = subprocess.Popen(
            argv, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        deadline = time.monotonic() + 60
        while not list(tmp_path.iterdir()) and child.poll() is None:
            assert time.monotonic() < deadline
            os.sched_yield()
        time.sleep(number * 0.004)  # into the writing
        child.send_signal(signum)
        child.wait(timeout=60)
        left = list(tmp_path.iterdir())
        assert [path.name for path in left] in ([], ["shop"])
        if left:
            assert (left[0] / ".devtool/manifest.json").is_file()
            subprocess.run(("rm", "-r", str(left[0])), check=True)
