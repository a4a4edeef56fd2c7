"""Levels of lines, and which of them are the newest error."""

from __future__ import annotations

from pathlib import Path

import pytest

from devtool.errors import DevtoolError
from devtool.mcp.errors import _newest, _source
from devtool.mcp.lines import Said, levelled, plain
from devtool.mcp.requests import _address
from devtool.model.state import ProcessState, Status
from devtool.runner.logs import Line

CHAIN = """\
INFO:     Started
Traceback (most recent call last):
  File "a.py", line 1, in first
KeyError: 'a'

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "b.py", line 2, in second
    ~~~^~~
ValueError: b
INFO:     Reloading
"""
SYNTAX = """\
INFO:     Started
  File "/app/main.py", line 7
    def oops(
            ^
SyntaxError: '(' was never closed
waiting for a change
"""


def said(text: str) -> list[Said]:
    return list(levelled([Line(0.0, "web", line.encode()) for line in text.splitlines()]))


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("INFO:     started", "info"),
        ("2026-01-01 10:00:00,000 - shop.db - WARNING - slow", "warning"),
        ("\x1b[31mERROR\x1b[0m:    Exception in ASGI application", "error"),
        ("DEBUG sql", "debug"),
        ("[vite] Internal server error: x", "error"),
        ("no error was found", "info"),
        ("error: could not compile", "error"),
        ('127.0.0.1 "GET /?q=an ERROR that somebody typed into a long search field" 200', "info"),
        ("sqlalchemy.exc.OperationalError: no such table", "error"),
    ],
)
def test_a_line_has_the_level_that_it_names(text: str, level: str) -> None:
    assert said(text)[0].level == level


def test_what_is_indented_has_the_level_of_what_it_continues() -> None:
    assert [each.level for each in said("ERROR: a\n  more\nplain\n  more")] == [
        "error",
        "error",
        "info",
        "info",
    ]


def test_a_chain_of_tracebacks_is_one_error() -> None:
    lines = said(CHAIN)
    begin, end = _newest(lines)
    assert lines[begin].text.startswith("Traceback")
    assert (begin, lines[end - 1].text) == (1, "ValueError: b")


def test_of_two_tracebacks_the_newer_one_is_taken() -> None:
    lines = said(CHAIN + "Traceback (most recent call last):\n  File\nTypeError: new\n")
    begin, end = _newest(lines)
    assert [each.text for each in lines[begin:end]][-1] == "TypeError: new"
    assert end - begin == 3


def test_a_syntax_error_comes_with_its_place() -> None:
    lines = said(SYNTAX)
    begin, end = _newest(lines)
    assert lines[begin].text == '  File "/app/main.py", line 7'
    assert lines[end - 1].text.startswith("SyntaxError")


def test_only_python_of_the_project_is_read(tmp_path: Path) -> None:
    root = tmp_path / "shop"
    (root / ".venv/lib").mkdir(parents=True)
    for path in ("main.py", ".env", ".venv/lib/x.py", "../other.py"):
        (root / path).write_text("secret\n", encoding="utf-8")
    (root / "link.py").symlink_to(tmp_path / "other.py")
    names = ("main.py", ".env", ".venv/lib/x.py", "../other.py", "link.py", "/etc/passwd")
    block = said("\n".join(f'  File "{name}", line 1, in f' for name in names))
    assert [each["at"] for each in _source(root, block)] == ["main.py:1"]


def test_control_characters_do_not_pass() -> None:
    assert plain(b"10%\r20%\r\x1b[2K30%\x07 done") == "30%? done"
    assert plain(b"\x1b]0;title\x07text\r") == "text"


@pytest.mark.parametrize(
    "url", ["http://192.168.1.5:8000", "http://example.com:80", "http://10.0.0.1:1"]
)
def test_only_the_loopback_interface_is_asked(url: str) -> None:
    process = ProcessState(name="web", role="backend", status=Status.READY, pid=1, url=url)
    with pytest.raises(DevtoolError, match="loopback"):
        _address(process)


RELOAD = """\
backend reloaded in 40 ms: main.py (1 module imported)
devtool: app/main.py:2: SyntaxError: invalid syntax
    def oops(:
backend was not reloaded; the version before goes on serving
"""


def test_a_failed_reload_is_an_error_with_its_source(tmp_path: Path) -> None:
    (tmp_path / "app").mkdir()
    (tmp_path / "app/main.py").write_text("app = 1\ndef oops(:\n")
    own = list(levelled([Line(0.0, "devtool", line.encode()) for line in RELOAD.splitlines()]))
    assert [each.level for each in own] == ["info", "error", "error", "info"]
    begin, end = _newest(own)
    assert (begin, end) == (1, 3)
    (source,) = _source(tmp_path, own[begin:end])
    assert source == {"at": "app/main.py:2", "lines": ["  1 app = 1", "> 2 def oops(:"]}


def test_only_devtool_complains_as_devtool_does() -> None:
    (line,) = levelled([Line(0.0, "web", b"devtool: words")])
    assert line.level == "info"
