"""A log in a burst: nothing waits for the disk, and the end is kept whole."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from devtool.runner.bursts import BURST_BYTES, BurstLog
from devtool.runner.logs import MAX_BYTES, LogFile, read

LINE = b"%09d of a chatty service that has a lot to say about every single request\n"
PIECE = 1 << 15


@pytest.fixture
def log(tmp_path: Path) -> BurstLog:
    def fail(error: OSError) -> None:
        raise AssertionError from error

    return BurstLog(LogFile(tmp_path, "web", on_trouble=fail))


def pieces(count: int) -> list[bytes]:
    """So many numbered lines, cut without regard to where they end."""
    text = b"".join(LINE % number for number in range(count))
    return [text[start : start + PIECE] for start in range(0, len(text), PIECE)]


def test_a_line_is_on_disk_at_once(log: BurstLog, tmp_path: Path) -> None:
    log.write(b"one\n")
    assert [line.text for line in read(tmp_path, ["web"])] == [b"one"]
    log.close()


def test_a_small_burst_is_kept_whole_and_in_order(log: BurstLog, tmp_path: Path) -> None:
    count = 2 * BURST_BYTES // len(LINE % 0)
    for piece in pieces(count):
        log.write(piece)
    log.close()
    assert [line.text + b"\n" for line in read(tmp_path, ["web"])] == [
        LINE % number for number in range(count)
    ]


def test_of_a_large_burst_the_end_is_kept_in_whole_lines(log: BurstLog, tmp_path: Path) -> None:
    count = 10 * MAX_BYTES // len(LINE % 0)
    for piece in pieces(count):
        log.write(piece)
    log.close()
    kept = [line.text + b"\n" for line in read(tmp_path, ["web"])]
    # Where a gap begins, a line may have been cut short; none is joined with a later one.
    assert max(map(len, kept)) == len(LINE % 0)
    end = kept[-(MAX_BYTES // len(LINE % 0) - 1000) :]
    assert end == [LINE % number for number in range(count - len(end), count)]


def test_after_a_burst_lines_are_on_disk_at_once_again(log: BurstLog, tmp_path: Path) -> None:
    for piece in pieces(2 * BURST_BYTES // len(LINE % 0)):
        log.write(piece)
    for thread in threading.enumerate():
        if thread.name == "log":
            thread.join(60)
    log.write(b"calm\n")
    assert read(tmp_path, ["web"])[-1].text == b"calm"
    log.close()


def test_a_line_without_an_end_is_bounded(log: BurstLog, tmp_path: Path) -> None:
    for _ in range(10 * MAX_BYTES // PIECE):
        log.write(b"x" * PIECE)
    log.write(b"\nend\n")
    log.close()
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) < 3 * MAX_BYTES
    assert read(tmp_path, ["web"])[-1].text == b"end"
