"""The variables of env files, read without python-dotenv where that makes no difference."""

from __future__ import annotations

import random
import subprocess
import sys
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING

from dotenv import dotenv_values

from devtool.runner.environment import read_env_file

if TYPE_CHECKING:
    import pytest

PIECES = (
    "A=",
    "_b1=",
    "B",
    "1",
    "=",
    ".",
    " ",
    "-",
    ":",
    "#",
    "'",
    '"',
    "$B",
    "${A}",
    "\\",
    "\t",
    "/",
)


def test_a_file_means_what_python_dotenv_says(tmp_path: Path) -> None:
    chance = random.Random(1)
    file = tmp_path / ".env"
    for _ in range(2000):
        lines = ["".join(chance.choices(PIECES, k=chance.randrange(5))) for _ in range(3)]
        text = "\n".join(lines)
        file.write_text(text, encoding="utf-8")
        expected = dotenv_values(stream=StringIO(text))
        known = {name: value for name, value in expected.items() if value is not None}
        assert read_env_file(file) == known, text


def test_a_plain_file_does_without_python_dotenv(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("# ours\nDATABASE_URL=sqlite:///shop.db\n\nEMPTY=\n")
    script = (
        "import sys; from pathlib import Path; from devtool.runner.environment import read_env_file;"
        "print(read_env_file(Path(sys.argv[1])), 'dotenv' in sys.modules)"
    )
    done = subprocess.run(
        (sys.executable, "-c", script, str(tmp_path / ".env")),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "{'DATABASE_URL': 'sqlite:///shop.db', 'EMPTY': ''} False\n"


def test_lines_that_are_passed_over_are_named_once_and_not_quoted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / ".env"
    file.write_text('=hidden\nA=1\nB="hidden\nC=2\n')
    for _ in range(2):
        assert read_env_file(file) == {"A": "1", "C": "2"}
    said = [record.getMessage() for record in caplog.records]
    assert [text.partition(" is passed over")[0] for text in said] == [
        f"devtool: {file}:1",
        f"devtool: {file}:3",
    ]
    assert "hidden" not in caplog.text
