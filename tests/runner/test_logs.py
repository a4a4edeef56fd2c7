"""Logs on disk: whole, bounded, private, in order, and readable while they are written."""

from __future__ import annotations

import stat
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from devtool.runner.logs import MAX_BYTES, LogFile, LogFolder, Reader, read, services


@pytest.fixture
def open_log(tmp_path: Path) -> Callable[[str], LogFile]:
    def go(name: str = "web") -> LogFile:
        def fail(error: OSError) -> None:
            raise AssertionError from error

        return LogFile(tmp_path, name, on_trouble=fail)

    return go


OpenLog = Callable[..., LogFile]


def texts(folder: Path, *names: str) -> list[bytes]:
    return [line.text for line in read(folder, list(names))]


def test_lines_come_back_as_they_were(open_log: OpenLog, tmp_path: Path) -> None:
    log = open_log()
    log.write(b"one\ntw")
    log.write(b"o\r\n\xff\x00\x1b[31m\n\nlast")
    assert texts(tmp_path, "web") == [b"one", b"two\r", b"\xff\x00\x1b[31m", b"", b"last"]
    log.close()


def test_lines_of_several_services_are_in_the_order_they_came(
    open_log: OpenLog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = open_log("one"), open_log("two")
    epoch = time.time()
    for at, log, text in ((1.0, one, b"a\n"), (2.0, two, b"b\n"), (3.0, one, b"c\n")):
        monkeypatch.setattr("devtool.runner.logs.time.time", lambda now=epoch + at: now)
        log.write(text)
    assert [
        (round(line.at - epoch), line.service, line.text) for line in read(tmp_path, ["one", "two"])
    ] == [
        (1.0, "one", b"a"),
        (2.0, "two", b"b"),
        (3.0, "one", b"c"),
    ]
    assert [line.text for line in read(tmp_path, ["one", "two"], since=epoch + 2.0)] == [b"b", b"c"]
    one.close()
    two.close()


def test_the_size_is_bounded_and_the_end_is_kept(open_log: OpenLog, tmp_path: Path) -> None:
    log = open_log()
    line = b"x" * 99 + b"\n"
    for number in range(4):
        log.write(line * (MAX_BYTES // 100 - 1))
        log.write(b"end of %d\n" % number)
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) < 2 * MAX_BYTES + 4096
    assert texts(tmp_path, "web")[-1] == b"end of 3"
    log.close()


def test_a_line_across_two_files_is_one_line(open_log: OpenLog, tmp_path: Path) -> None:
    log = open_log()
    log.write(b"x" * (MAX_BYTES - 10))
    log.write(b"y" * 20 + b"\nnext\n")
    assert texts(tmp_path, "web") == [b"x" * (MAX_BYTES - 10) + b"y" * 20, b"next"]
    log.close()


def test_a_new_run_keeps_what_the_last_one_said(open_log: OpenLog, tmp_path: Path) -> None:
    first = open_log()
    first.write(b"first run\n")
    first.close()
    second = open_log()
    second.write(b"second run\n")
    assert texts(tmp_path, "web") == [b"first run", b"second run"]
    second.close()


def test_a_reader_goes_on_where_it_was(open_log: OpenLog, tmp_path: Path) -> None:
    log, reader = open_log(), Reader(tmp_path, "web")
    log.write(b"one\ntw")
    assert [line.text for line in reader.lines()] == [b"one"]
    assert [line.text for line in reader.lines()] == []
    log.write(b"o\n" + b"z" * MAX_BYTES)
    log.write(b"\nthree\n")
    assert [line.text for line in reader.lines()] == [b"two", b"z" * MAX_BYTES, b"three"]
    log.close()


def test_following_ends_with_the_run(open_log: OpenLog, tmp_path: Path) -> None:
    log = open_log()
    log.write(b"one\n")
    alive = iter([True, True, False])
    folder = LogFolder(tmp_path, pid=1, alive=lambda: next(alive))
    found = folder.follow(["web"], every=0.0)
    assert next(found).text == b"one"
    log.write(b"two\nrest")
    assert [line.text for line in found] == [b"two", b"rest"]
    log.close()


def test_logs_are_private(open_log: OpenLog, tmp_path: Path) -> None:
    open_log().close()
    assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()} == {0o600}


def test_a_planted_link_is_replaced_and_not_followed(open_log: OpenLog, tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.write_text("precious", encoding="utf-8")
    (tmp_path / "web.log").symlink_to(precious)
    log = open_log()
    log.write(b"new\n")
    log.close()
    assert precious.read_text(encoding="utf-8") == "precious"


def test_a_log_that_cannot_be_written_is_told_once(tmp_path: Path) -> None:
    told: list[OSError] = []
    log = LogFile(tmp_path / "nowhere", "web", on_trouble=told.append)
    log.write(b"lost\n")
    log.write(b"lost\n")
    assert len(told) == 1


def test_services_are_known_by_their_files(open_log: OpenLog, tmp_path: Path) -> None:
    for name in ("web", "a.b"):
        open_log(name).close()
    (tmp_path / "other").write_text("", encoding="utf-8")
    assert services(tmp_path) == ["a.b", "web"]
    assert services(tmp_path / "nowhere") == []


def test_a_burst_costs_few_marks(open_log: OpenLog, tmp_path: Path) -> None:
    log = open_log()
    began = time.monotonic()
    for _ in range(10_000):
        log.write(b"line\n")
    took = time.monotonic() - began
    log.close()
    assert (tmp_path / "web.times").stat().st_size <= 16 * (took / 0.05 + 2)
