"""What programs in a project's interpreter print: one JSON object, whatever the project does."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from devtool.errors import ServiceError
from devtool.inproc import script_path
from devtool.migrations import Home
from devtool.rows import send

PROGRAM = """
import importlib, sys
from devtool_answers import answer
sys.exit(answer(lambda: {"value": importlib.import_module("project").VALUE}))
"""


def answered(folder: Path, project: str) -> tuple[int, dict[str, Any], str]:
    """Run the program in a folder with a project of one module."""
    program = folder / "program" / "devtool_program.py"
    program.parent.mkdir()
    program.write_text(PROGRAM)
    (program.parent / "project.py").write_text("VALUE = 'not the project'\n")
    (folder / "project.py").write_text(project)
    ended = subprocess.run(
        (sys.executable, str(program)),
        cwd=folder,
        env={"PYTHONPATH": str(Path(script_path("devtool_answers")).parent)},
        capture_output=True,
        text=True,
        check=False,
    )
    return ended.returncode, json.loads(ended.stdout), ended.stderr


def test_what_a_project_prints_is_kept_out_of_the_answer(tmp_path: Path) -> None:
    noisy = "import os\nprint('from Python')\nos.system('echo from C')\nVALUE = 1\n"
    code, said, errors = answered(tmp_path, noisy)
    assert (code, said) == (0, {"value": 1})
    assert "from Python" in errors
    assert "from C" in errors


@pytest.mark.parametrize(
    ("project", "error", "text"),
    [
        ("x = 1\nraise ValueError('one\\ntwo')\n", "ValueError: one", "one\ntwo"),
        ("x = 1\nraise SystemExit(3)\n", "SystemExit: 3", "3"),
    ],
)
def test_an_error_is_told_with_its_place(
    tmp_path: Path, project: str, error: str, text: str
) -> None:
    code, said, errors = answered(tmp_path, project)
    place = f"{tmp_path / 'project.py'}:2"
    assert (code, said) == (1, {"error": error, "text": text, "where": place})
    assert "Traceback" in errors


def test_rows_that_a_project_refuses_are_told_to_the_last_line(tmp_path: Path) -> None:
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "__init__.py").write_text("")
    (tmp_path / "app" / "database.py").write_text(
        "print('noise')\ndef get_database():\n    raise ValueError('no database\\nstart it')\n"
    )
    home = Home(root=tmp_path, folder="", python=sys.executable)
    told = r"not created: .*database\.py:3: ValueError: no database\nstart it"
    with pytest.raises(ServiceError, match=told):
        send(home, [], "")
