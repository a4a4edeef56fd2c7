"""The commands from outside: output, exit codes, and what a terminal or a script gets to see."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from devtool.cli.phase_report import plain_arguments

APP = "from fastapi import FastAPI\n\napp = FastAPI()\n"
CONSOLE = 'if __name__ == "__main__":\n    print(input())\n'

Devtool = Callable[..., subprocess.CompletedProcess[bytes]]


@pytest.fixture
def devtool(tmp_path: Path) -> Devtool:
    def run(
        *arguments: str, cwd: Path | None = None, **env: str
    ) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            (sys.executable, "-m", "devtool", *arguments),
            cwd=cwd or tmp_path,
            env={**os.environ, "DEVTOOL_STATE_DIR": str(tmp_path / "state"), **env},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=60,
        )

    return run


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    root = tmp_path / "shop"
    (root / "backend").mkdir(parents=True)
    (root / "backend" / "main.py").write_text(APP)
    (root / "backend" / "requirements.txt").write_text("fastapi\n")
    return root


def test_phase_says_why(devtool: Devtool, shop: Path) -> None:
    done = devtool("phase", "-C", str(shop))
    assert done.returncode == 0
    assert done.stdout.decode().splitlines() == [
        "phase II: Full Stack Web Application (Phase II)",
        "backend   fastapi  main:app in backend   because backend/main.py:3 app creates FastAPI()",
    ]


def test_phase_explains_every_fact(devtool: Devtool, shop: Path) -> None:
    (shop / "Procfile").write_text("web: uvicorn gone:app\n")
    (shop / "broken.py").write_text('password = "hunter2\n')
    (shop / "broken.py").chmod(0o600)
    out = devtool("phase", "--explain", cwd=shop).stdout.decode()
    assert "    backend/main.py:3  app creates FastAPI() (code, proof)" in out
    assert "procfile names gone:app, which is not there" in out


def test_phase_as_json_is_versioned(devtool: Devtool, shop: Path) -> None:
    found = json.loads(devtool("phase", "--json", "-C", str(shop)).stdout)
    assert (found["schema"], found["phase"]) == (1, 2)
    assert found["components"][0]["entry"] == "main:app"
    assert found["components"][0]["evidence"][0]["path"] == "backend/main.py"


@pytest.mark.parametrize(
    ("plain", "other"),
    [
        (["-C", "{}"], ["-C{}"]),
        (["--root", "{}", "--json"], ["--json", "--root", "{}", "--"]),
        (["--why", "--root={}"], ["--explain", "--root={}", "--"]),
    ],
)
def test_both_ways_to_read_the_arguments_agree(
    plain: list[str], other: list[str], devtool: Devtool, shop: Path
) -> None:
    """`phase` reads plain arguments itself; every other spelling goes the long way."""
    plain, other = ([word.replace("{}", str(shop)) for word in words] for words in (plain, other))
    assert plain_arguments(plain) is not None
    assert plain_arguments(other) is None
    assert devtool("phase", *plain).stdout == devtool("phase", *other).stdout


@pytest.mark.parametrize("words", [["--nope"], ["-C"], ["extra"], ["--json=1"]])
def test_wrong_arguments_of_phase_are_usage_errors(words: list[str], devtool: Devtool) -> None:
    done = devtool("phase", *words)
    assert done.returncode == 2
    assert done.stdout == b""
    assert done.stderr


def test_an_empty_folder_is_refused(devtool: Devtool, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    for command in (["phase"], ["run"], ["run", "--dry-run"], ["init"]):
        done = devtool(*command, "-C", str(empty))
        assert done.returncode == 3, command
        assert done.stderr.startswith(b"error: ")
        assert b"hint: " in done.stderr
    assert not list(empty.iterdir())


def test_a_library_has_the_default_phase(devtool: Devtool, tmp_path: Path) -> None:
    (tmp_path / "tidy.py").write_text("def tidy(): ...\n")
    done = devtool("phase")
    assert done.returncode == 0
    assert b"Phase I - Default" in done.stdout


def test_rivals_are_listed_with_what_chooses_them(devtool: Devtool, tmp_path: Path) -> None:
    for name in ("billing", "orders"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "main.py").write_text(APP)
        (tmp_path / name / "requirements.txt").write_text("fastapi\n")
    assert devtool("phase").returncode == 0
    done = devtool("run", "--dry-run")
    assert done.returncode == 4
    text = done.stderr.decode()
    assert "billing/main.py:3 app creates FastAPI()" in text
    assert "devtool run -C orders" in text
    assert '[services.backend]; entry = "main:app"; cwd = "orders"' in text
    error = json.loads(devtool("run", "--dry-run", "--json").stdout)["error"]
    assert (error["type"], error["exit_code"]) == ("AmbiguousError", 4)
    assert [candidate["root"] for candidate in error["candidates"]] == ["billing", "orders"]


def test_a_missing_folder_is_named(devtool: Devtool) -> None:
    done = devtool("phase", "-C", "gone")
    assert done.returncode == 2
    assert b"gone does not exist" in done.stderr


def test_names_reach_the_terminal_escaped(devtool: Devtool, tmp_path: Path) -> None:
    name = os.fsdecode(b"\x1b[2J\n\xff")
    (tmp_path / name).mkdir()
    (tmp_path / name / "main.py").write_text(APP)
    for arguments in (["phase"], ["phase", "--explain"], ["run", "--dry-run"]):
        done = devtool(*arguments, "-C", name)
        both = done.stdout + done.stderr
        assert b"\x1b" not in both
        assert done.returncode == 0, both
    found = json.loads(devtool("phase", "--json", "-C", name).stdout.decode("utf-8"))
    assert found["root"].endswith("\x1b[2J\n\\udcff")


@pytest.mark.parametrize("locale", ["C", "POSIX", "xx_YY.nope"])
def test_any_locale_will_do(locale: str, devtool: Devtool, tmp_path: Path) -> None:
    root = tmp_path / "läden"
    root.mkdir()
    (root / "main.py").write_text(APP)
    done = devtool("run", "--dry-run", "-C", str(root), LC_ALL=locale, PYTHONUTF8="0")
    assert done.returncode == 0, done.stderr


def test_a_reader_that_leaves_is_no_error(shop: Path) -> None:
    line = f'"{sys.executable}" -m devtool phase --explain -C "{shop}" | true; exec 2>&1'
    done = subprocess.run(["/bin/sh", "-c", line], capture_output=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.skipif(sys.platform != "linux", reason="/dev/full is Linux's")
@pytest.mark.parametrize("target", [">/dev/full", ">&-"])
def test_nowhere_to_print_is_no_traceback(target: str, shop: Path) -> None:
    line = f'exec "{sys.executable}" -m devtool phase -C "{shop}" {target}'
    done = subprocess.run(["/bin/sh", "-c", line], capture_output=True, check=False, timeout=60)
    assert b"Traceback" not in done.stderr
    assert done.returncode in (0, 1)


def test_a_bug_leaves_a_report_without_the_projects_text(
    devtool: Devtool, shop: Path, tmp_path: Path
) -> None:
    breaking = tmp_path / "sitecustomize.py"
    breaking.write_text(
        "import devtool.api\n"
        "def detect_project(root, settings=None):\n    raise RuntimeError('hunter2')\n"
        "devtool.api.detect_project = detect_project\n"
    )
    done = devtool("phase", "-C", str(shop), PYTHONPATH=str(tmp_path))
    assert done.returncode == 70
    assert b"a bug in devtool: RuntimeError" in done.stderr
    assert b"Traceback" not in done.stderr
    reports = list((tmp_path / "state").rglob("bug-*.txt"))
    assert len(reports) == 1
    text = reports[0].read_text()
    assert "phase_report.py" in text
    assert "hunter2" not in text
    loud = devtool("phase", "-C", str(shop), PYTHONPATH=str(tmp_path), DEVTOOL_DEBUG="1")
    assert b"Traceback" in loud.stderr


def test_config_shows_values_and_sources(devtool: Devtool, shop: Path) -> None:
    (shop / "devtool.toml").write_text(
        'host = "0.0.0.0"\n[services.backend]\nenv = {TOKEN = "hunter2"}\nport = 9000\n'
    )
    done = devtool("config", "-C", str(shop), DEVTOOL_PORT="1234")
    text = re.sub(r" +", " ", done.stdout.decode())
    assert f"host = 0.0.0.0 from devtool.toml ({shop / 'devtool.toml'})" in text
    assert "port = 1234 from environment (DEVTOOL_PORT)" in text
    assert "reload = true from default" in text
    assert "TOKEN" in text
    assert "hunter2" not in text
    body = devtool("config", "--json", "-C", str(shop)).stdout
    assert b"hunter2" not in body
    assert json.loads(body)["values"]["host"]["source"] == "devtool.toml"


def test_init_pins_what_was_detected_once(devtool: Devtool, shop: Path) -> None:
    before = json.loads(devtool("run", "--dry-run", "--json", "-C", str(shop)).stdout)
    done = devtool("init", "-C", str(shop))
    assert done.returncode == 0
    path = shop / "devtool.toml"
    text = path.read_text()
    assert '[services.backend]\nentry = "main:app"\ncwd = "backend"' in text
    assert "# port = 8000" in text
    after = json.loads(devtool("run", "--dry-run", "--json", "-C", str(shop)).stdout)
    assert after["services"][0]["argv"] == before["services"][0]["argv"]
    again = devtool("init", "-C", str(shop))
    assert again.returncode == 2
    assert b"is there already" in again.stderr
    assert path.read_text() == text
    assert {entry.name for entry in shop.iterdir()} == {"backend", "devtool.toml"}


def test_init_does_not_write_through_a_link(devtool: Devtool, shop: Path, tmp_path: Path) -> None:
    (shop / "devtool.toml").symlink_to(tmp_path / "elsewhere.toml")
    assert devtool("init", "-C", str(shop)).returncode == 2
    assert not (tmp_path / "elsewhere.toml").exists()


def test_every_line_of_the_defaults_is_true(devtool: Devtool, shop: Path) -> None:
    devtool("init", "-C", str(shop))
    path = shop / "devtool.toml"
    lines = [line.removeprefix("# ") for line in path.read_text().splitlines() if " = " in line]
    path.write_text("\n".join(line for line in lines if not line.startswith(("entry", "cwd"))))
    assert devtool("config", "-C", str(shop)).returncode == 0


def test_the_version_is_printed(devtool: Devtool) -> None:
    assert devtool("--version").stdout.startswith(b"devtool 0.")


def test_nothing_is_imported_from_the_project(shop: Path) -> None:
    for name in ("typer", "json", "tomllib", "ast", "yaml", "devtool", "sitecustomize"):
        (shop / f"{name}.py").write_text("open('canary', 'w')\nraise SystemExit('planted')\n")
    script = Path(sys.executable).with_name("devtool")
    for arguments in (
        ["phase"],
        ["phase", "--explain"],
        ["run", "--dry-run"],
        ["status"],
        ["config"],
    ):
        done = subprocess.run(
            [script, *arguments], cwd=shop, capture_output=True, check=False, timeout=60
        )
        assert b"planted" not in done.stderr, arguments
    assert not (shop / "canary").exists()
