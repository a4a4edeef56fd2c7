"""Three texts become one that has both changes, or none."""

from __future__ import annotations

import random
import sys
import tomllib
from pathlib import Path

import pytest

from devtool.scaffold import diff3, formatters, jsons, lists, merge, pythons, tomls, wiring
from tests.scaffold.project import PYPROJECT, V1

ROUTERS = "from app.routers import health, tasks\n\nVERSIONED = (tasks.router,)\nROOT = (health.router,)\n"


def lines(*numbers: object) -> str:
    return "".join(f"{number}\n" for number in numbers)


@pytest.mark.parametrize("merged", [diff3.merge, merge.three_way])
@pytest.mark.parametrize(
    ("mine", "base", "new", "expected"),
    [
        (lines(1, 2, 3), lines(1, 2, 3), lines(1, 2, 4), (lines(1, 2, 4), 0)),
        (lines(0, 2, 3), lines(1, 2, 3), lines(1, 2, 4), (lines(0, 2, 4), 0)),
        (lines(1, 9, 3), lines(1, 2, 3), lines(1, 9, 3), (lines(1, 9, 3), 0)),
        (lines(1, 2, 3), lines(1, 2, 3), "", ("", 0)),
        ("", "", lines(1), (lines(1), 0)),
        ("a\nb", "a\nb", "c\nb", ("c\nb", 0)),
        (lines("a\x0cb", 2, 3), lines("a\x0cb", 2, 4), lines(0, 2, 4), (lines(0, 2, 3), 0)),
    ],
)
def test_lines_are_merged(
    merged: merge.ThreeWay, mine: str, base: str, new: str, expected: tuple[str, int]
) -> None:
    assert merged(mine, base, new) == expected


@pytest.mark.parametrize("merged", [diff3.merge, merge.three_way])
@pytest.mark.parametrize(
    ("mine", "base", "new"),
    [
        (lines(1, 8, 3), lines(1, 2, 3), lines(1, 9, 3)),
        (lines(1, 8, 3), lines(1, 2, 3), lines(1, 2, 9)),
        (lines(1, 2, 3, 4), lines(1, 2, 3), lines(1, 2, 3, 5)),
    ],
)
def test_rivals_conflict(merged: merge.ThreeWay, mine: str, base: str, new: str) -> None:
    assert merged(mine, base, new)[1] == 1


def test_pure_python_agrees_with_git() -> None:
    """Where both merge, they merge to the same; git may join what has one line between."""
    dice = random.Random(8)  # the same cases each time
    clean = 0
    for _ in range(300):
        base = [f"line {number}" for number in range(dice.randrange(3, 15))]
        mine, new = (_changed(list(base), dice) for _ in range(2))
        texts = [lines(*part) for part in (mine, base, new)]
        ours, theirs = diff3.merge(*texts), merge.three_way(*texts)
        if not ours[1] and not theirs[1]:
            clean += 1
            assert ours[0] == theirs[0]
    assert clean > 80


def _changed(text: list[str], dice: random.Random) -> list[str]:
    for _ in range(dice.randrange(1, 3)):
        at = dice.randrange(len(text)) if text else 0
        deed = dice.randrange(3)
        if deed == 0:
            text.insert(at, f"own {dice.random()}")
        elif text and deed == 1:
            text[at] = f"other {dice.random()}"
        elif text:
            del text[at]
    return text


def test_git_is_not_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert merge.three_way(lines(0, 2, 3), lines(1, 2, 3), lines(1, 2, 4)) == (lines(0, 2, 4), 0)


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ("def f(): ...\ndef f(): ...\n", "twice: f"),
        ("class A:\n    def f(self): ...\n    def f(self): ...\n", "twice: A.f"),
        ("class A:\n    x: int\n    x: str\n", "twice: A.x"),
        ("from a import b\nfrom c import b\n", "twice: b"),
        ("@r.get('/a')\ndef f(): ...\n@r.get('/a')\ndef g(): ...\n", "twice: @r.get('/a')"),
        ("def f(:\n", "does not parse"),
        ("x = '\x00'\n", "does not parse"),
        ("import a.b\nimport a.c\n", ""),
        ("@overload\ndef f(): ...\n@overload\ndef f(): ...\ndef f(): ...\n", ""),
        ("class A:\n @property\n def x(self): ...\n @x.setter\n def x(self, v): ...\n", ""),
    ],
)
def test_merged_code_is_checked(source: str, problem: str) -> None:
    found = pythons.problem(source, "", "")
    assert (problem in found) if problem else not found


def test_what_was_twice_may_be_twice() -> None:
    twice = "def f(): ...\ndef f(): ...\n"
    assert not pythons.problem(twice + "x = 1\n", twice, "")


@pytest.mark.parametrize(
    ("mine", "new", "expected"),
    [
        (
            ROUTERS.replace("health, tasks", "health, own, tasks").replace(
                "(tasks.router,)", "(own.router, tasks.router)"
            ),
            ROUTERS.replace("health, tasks", "health, notes, tasks").replace(
                "(tasks.router,)", "(notes.router, tasks.router)"
            ),
            ROUTERS.replace("health, tasks", "health, notes, own, tasks").replace(
                "(tasks.router,)", "(notes.router, own.router, tasks.router)"
            ),
        ),
        (
            ROUTERS + "\nEXTRA = 1\n",
            ROUTERS.replace("health, tasks", "health").replace("(tasks.router,)", "()"),
            "from app.routers import health\n\nVERSIONED = ()\nROOT = (health.router,)\n\nEXTRA = 1\n",
        ),
    ],
)
def test_wiring_is_merged_as_sets(mine: str, new: str, expected: str) -> None:
    assert wiring.merge(mine, ROUTERS, new) == expected


def test_one_module_a_line_is_wired_too() -> None:
    base = '"""Tables."""\n\nfrom app.models.task import Task\n\n__all__ = ["Task"]\n'
    new = base.replace("\n\n__all", "\nfrom app.models.user import User\n\n__all").replace(
        '"Task"]', '"Task", "User"]'
    )
    mine = base.replace("from app", "from app.models.own import Own\nfrom app").replace(
        '["Task"', '["Own", "Task"'
    )
    assert wiring.merge(mine, base, new) == (
        '"""Tables."""\n\nfrom app.models.own import Own\nfrom app.models.task import Task\n'
        'from app.models.user import User\n\n__all__ = ["Own", "Task", "User"]\n'
    )


@pytest.mark.parametrize(
    ("mine", "new"),
    [
        (ROUTERS, ROUTERS + "print()\n"),  # more than a list
        (ROUTERS.replace("VERSIONED", "OTHERS"), ROUTERS.replace("(tasks", "(a, tasks")),
        (
            ROUTERS.replace("(tasks.router,)", "(  # first\n    tasks.router,\n)"),
            ROUTERS.replace("(tasks", "(a, tasks"),
        ),
        ("def f(:\n", ROUTERS.replace("(tasks", "(a, tasks")),
    ],
)
def test_wiring_that_is_not_sure_is_none(mine: str, new: str) -> None:
    assert wiring.merge(mine, ROUTERS, new) is None


def test_toml_keeps_comments() -> None:
    base = V1[PYPROJECT]
    mine = (
        base.replace('    "fastapi', '    # the web\n    "fastapi')
        .replace('24",\n', '24"  # tables\n')
        .replace("= 88", "= 88  # like black")
    )
    new = base.replace('24",\n', '24",\n    "zz>=1",\n').replace("fastapi>=0.120", "fastapi>=0.130")
    new += '\n[tool.mypy]\nstrict = true\n\n[tool.pytest.ini_options]\ntestpaths = ["tests"]\n'
    assert tomls.merge(mine, base, new) == (
        """[project]
name = "todo"
dependencies = [
    # the web
    "fastapi>=0.130",
    "sqlmodel>=0.0.24",  # tables
    "zz>=1",
]

[tool.ruff]
line-length = 88  # like black

[tool.mypy]
strict = true

[tool.pytest.ini_options]
testpaths = [
    "tests",
]
"""
    )


@pytest.mark.parametrize(
    ("mine", "base", "new", "expected"),
    [
        ('a = ["x"]\n', 'a = ["x"]\n', 'a = ["x", "y"]\n', 'a = ["x", "y"]\n'),
        ("a = []\n", "a = []\n", 'a = ["y"]\n', 'a = ["y"]\n'),
        ('a = ["m", "x",]\n', 'a = ["x"]\n', 'a = ["x", "y"]\n', 'a = ["m", "x", "y"]\n'),
        ('a = ["m", "x"]\n', 'a = ["x"]\n', "a = []\n", 'a = ["m"]\n'),
        ("# c\na = 1\nb = 2\n", "a = 1\n", "a = 3\n", "# c\na = 3\nb = 2\n"),
        ("a = 1\nb = 2\n", "a = 1\n", "", "b = 2\n"),
        ("[t]\na = 1\n\n[u]\n", "[t]\n[u]\n", "[t]\nb = 2\n[u]\n", "[t]\na = 1\nb = 2\n\n[u]\n"),
        ("a.b = 1\n", "a.b = 1\n", "a.b = 2\n", None),
        ("a = 5\n", "a = 1\n", "a = 3\n", None),
        ('a = ["x>=9"]\n', 'a = ["x>=1"]\n', 'a = ["x>=2"]\n', None),
        ("t = {a = 1}\n", "", "[t]\nb = 1\n", None),
        ("a = 1  # why\n", "a = 1\n", "a = 3\n", None),
    ],
)
def test_toml_is_merged_by_key(mine: str, base: str, new: str, expected: str | None) -> None:
    merged = tomls.merge(mine, base, new)
    if expected is None:
        assert merged is None or tomllib.loads(merged) == {"a": {"b": 2}}
    else:
        assert merged == expected


def test_what_toml_lacks_is_said_in_lines() -> None:
    assert tomls.missing('a = ["x"]\n', 'a = ["x"]\n', 'a = ["x", "y>=1"]\nb = 2\n') == [
        "a: 'y>=1'",
        "b = 2",
    ]


def test_json_is_merged_by_key() -> None:
    base = '{\n  "a": {"x": 1},\n  "b": 2\n}\n'
    mine = '{\n    "a": {"m": 0, "x": 1},\n    "b": 2\n}\n'
    new = '{\n  "a": {"x": 1, "z": 3},\n  "b": 5\n}\n'
    merged = jsons.merge(mine, base, new)
    assert merged is not None
    assert merged.startswith('{\n    "a": {\n')
    assert " ".join(merged.split()) == '{ "a": { "m": 0, "x": 1, "z": 3 }, "b": 5 }'
    assert jsons.merge(mine, base, '{"a": 3}') is None
    assert jsons.merge("{", base, new) is None


def test_examples_get_the_lines_they_lack() -> None:
    base = "# app\nA=1\n"
    mine = "# app\nA=2\nMINE=1\n"
    assert lists.added_lines(mine, base, base + "# b\nB=1\n") == mine + "# b\nB=1\n"
    assert lists.added_lines(mine, base, "B=1\n") is None


def test_another_formatter_is_seen_through() -> None:
    base = "a = 'x'\nb = 'y'\n\n\ndef f():\n    return 1\n"
    mine = base.replace("'", '"')
    new = base.replace("b = 'y'\n", "b = 'y'\nc = 'z'\n").replace("'x'", "'w'")
    assert merge.merge("main.py", mine, base, new).text is None

    def formatted(text: str) -> str:
        return text.replace("'", '"')

    found = merge.merge("main.py", mine, base, new, formatted=formatted)
    assert found.why == "merged after the project's own formatter"
    assert found.text == formatted(new)


def test_the_project_s_formatter_is_found(tmp_path: Path) -> None:
    (tmp_path / "backend/app").mkdir(parents=True)
    assert formatters.formatter(tmp_path, "backend/app/x.py") is None
    (tmp_path / "backend/pyproject.toml").write_text("[tool.ruff]\nline-length = 88\n")
    (tmp_path / "backend/.venv/bin").mkdir(parents=True)
    (tmp_path / "backend/.venv/bin/ruff").symlink_to(Path(sys.executable).parent / "ruff")
    found = formatters.formatter(tmp_path, "backend/app/x.py")
    assert found is not None
    assert found("x = 'a'\n") == 'x = "a"\n'
    assert found("def f(:\n") is None
    assert formatters.formatter(tmp_path, "x.py") is None
