"""Bytes through the sink: whole lines, prefixes, prompts, slow readers, nothing lost."""

from __future__ import annotations

import errno
import hashlib
import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from devtool.runner.output import (
    MAX_HELD,
    TAIL_BYTES,
    Lane,
    Pump,
    Sink,
    Tail,
    Voice,
    drain,
    lanes,
    shows_colour,
)
from tests.runner.conftest import Drive, Project


class Pipe:
    """A pipe whose reading end is read by a thread, until `text` is asked for."""

    def __init__(self) -> None:
        self.near, self.far = os.pipe()
        self._read = b""
        self._thread = threading.Thread(target=self._drink, daemon=True)
        self._thread.start()

    def _drink(self) -> None:
        while chunk := os.read(self.near, 1 << 16):
            self._read += chunk

    def text(self) -> bytes:
        """All that was written; the writing end is closed."""
        os.close(self.far)
        self._thread.join(60)
        os.close(self.near)
        return self._read


@pytest.fixture
def pipe() -> Pipe:
    return Pipe()


def pump(text: bytes, sink: Sink, lane: Lane, **more: Callable[[bytes], None]) -> Pump:
    """A pump through which a text has gone."""
    read, write = os.pipe()
    moving = Pump(read, sink, lane, **more)  # type: ignore[arg-type]
    moving.start()
    os.write(write, text) if len(text) < 65536 else _write_all(write, text)
    os.close(write)
    moving.join(60)
    return moving


def _write_all(fd: int, text: bytes) -> None:
    view = memoryview(text)
    while view:
        view = view[os.write(fd, view) :]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (b"", b""),
        (b"one\n", b"a | one\n"),
        (b"one\ntwo\n", b"a | one\na | two\n"),
        (b"\n\n", b"a | \na | \n"),
        (b"open", b"a | open"),
        (b"one\nopen", b"a | one\na | open"),
        (b"\xff\x00[red]\x1b[31m\r\n", b"a | \xff\x00[red]\x1b[31m\r\n"),
    ],
)
def test_every_line_gets_its_prefix(pipe: Pipe, text: bytes, shown: bytes) -> None:
    pump(text, Sink(pipe.far), Lane(b"a | "))
    assert pipe.text() == shown


def test_without_a_prefix_bytes_pass_unchanged(pipe: Pipe) -> None:
    text = os.urandom(3 * MAX_HELD)
    pump(text, Sink(pipe.far), Lane())
    assert pipe.text() == text


def test_a_long_line_gets_one_prefix(pipe: Pipe) -> None:
    line = b"x" * (10 * MAX_HELD)
    pump(line + b"\nend\n", Sink(pipe.far), Lane(b"a | "))
    assert pipe.text() == b"a | " + line + b"\na | end\n"


def test_a_line_that_another_breaks_is_continued_with_a_prefix(pipe: Pipe) -> None:
    sink, one, two = Sink(pipe.far), Lane(b"one | "), Lane(b"two | ")
    sink.write(one, b"name? ")
    sink.leave(one)
    sink.write(two, b"hello\n")
    sink.write(one, b"Ada\n")
    assert pipe.text() == b"one | name? \ntwo | hello\none | Ada\n"


def test_a_line_that_is_still_being_written_is_not_broken(pipe: Pipe) -> None:
    sink, one, two = Sink(pipe.far), Lane(b"one | "), Lane(b"two | ")
    sink.write(one, b"first half, ")
    other = threading.Thread(target=sink.write, args=(two, b"hello\n"))
    other.start()
    sink.write(one, b"second half\n")
    other.join(60)
    assert pipe.text() == b"one | first half, second half\ntwo | hello\n"


def test_a_reader_that_went_away_is_told_once_and_stops_nothing() -> None:
    read, write = os.pipe()
    os.close(read)
    told: list[int] = []
    sink = Sink(write, on_gone=told.append)
    for _ in range(3):
        sink.write(Lane(), b"lost\n")
    os.close(write)
    assert told == [errno.EPIPE]


def test_a_full_disk_is_counted(pipe: Pipe) -> None:
    fd = os.open("/dev/full", os.O_WRONLY)
    sink = Sink(fd)
    sink.write(Lane(), b"lost\n")
    os.close(fd)
    assert sink.lost == 5
    pipe.text()


def test_a_terminal_made_non_blocking_is_waited_for() -> None:
    read, write = os.pipe()
    os.set_blocking(write, False)
    text = b"x" * (1 << 21)
    received = bytearray()

    def drink() -> None:
        while chunk := os.read(read, 1 << 16):
            received.extend(chunk)

    reader = threading.Thread(target=drink)
    sink = Sink(write)
    writer = threading.Thread(target=sink.write, args=(Lane(), text))
    writer.start()
    reader.start()
    writer.join(60)
    os.close(write)
    reader.join(60)
    os.close(read)
    assert received == text
    assert sink.lost == 0


def test_the_tail_is_bounded_and_keeps_the_end() -> None:
    tail = Tail()
    for number in range(100_000):
        tail.add(b"line %d\n" % number)
    assert tail.lines(2) == [b"line 99998", b"line 99999"]
    assert len(b"\n".join(tail.lines(10**6))) <= TAIL_BYTES
    tail.add(b"y" * (10 * TAIL_BYTES))
    assert tail.lines(1) == [b"y" * TAIL_BYTES]


def test_a_pipe_that_a_stranger_holds_open_is_left(pipe: Pipe) -> None:
    read, write = os.pipe()
    sink = Sink(pipe.far)
    moving = Pump(read, sink, Lane())
    moving.start()
    os.write(write, b"last words\n")
    drain([moving], sink, patient=True)
    assert moving.is_alive()
    os.close(write)
    moving.join(60)
    assert pipe.text() == b"last words\n"


def test_speaking_never_waits_for_the_reader() -> None:
    read, write = os.pipe()
    voice = Voice(Sink(write), Sink(write))
    for _ in range(2000):
        voice.say("x" * 1000)
    voice.close(0.0)
    left = 2000 * 1001
    while left:
        left -= len(os.read(read, 1 << 16))
    voice.close(60)
    os.close(read)
    os.close(write)


def test_one_service_has_no_prefix_and_several_are_aligned() -> None:
    assert lanes(["web"], colour=True)["web"].prefix == b""
    several = lanes(["web", "frontend"], colour=False)
    assert [lane.prefix for lane in several.values()] == [b"web      | ", b"frontend | "]


def test_colour_needs_a_terminal_and_no_objection(tmp_path: Path) -> None:
    near, far = os.openpty()
    with (tmp_path / "file").open("wb") as file:
        assert not shows_colour(file.fileno(), {})
    assert shows_colour(far, {"TERM": "xterm"})
    assert not shows_colour(far, {"TERM": "dumb"})
    assert not shows_colour(far, {"NO_COLOR": "1"})
    os.close(near)
    os.close(far)


FLOOD = """
    import os
    chunk = (b"x" * 99 + b"\\n") * 1000
    for _ in range(500):
        os.write(1, chunk)
"""


def test_a_burst_reaches_a_slow_reader_whole_and_is_not_piled_up(
    drive: Drive, project: Project
) -> None:
    read, write = os.pipe()
    run = drive(project.plan(project.service("flood", FLOOD)), stdout=write)
    os.close(write)
    (worker,) = _worker(run.pid)
    digest, size, most = hashlib.sha256(), 0, 0
    while chunk := os.read(read, 1 << 16):
        digest.update(chunk)
        size += len(chunk)
        if size % (1 << 22) < len(chunk):
            most = max(most, _memory(worker))
    os.close(read)
    assert run.wait() == 0
    assert size == 50_000_000
    assert digest.digest() == hashlib.sha256((b"x" * 99 + b"\n") * 500_000).digest()
    assert most < 100 << 20


def _worker(pid: int) -> list[psutil.Process]:
    while not (found := psutil.Process(pid).children()):
        pass
    return found


def _memory(process: psutil.Process) -> int:
    try:
        size: int = process.memory_info().rss
    except psutil.NoSuchProcess:
        return 0
    return size


def test_a_prompt_without_a_line_end_is_shown(drive: Drive, project: Project) -> None:
    code = "import sys, time; sys.stdout.write('name? '); sys.stdout.flush(); time.sleep(1000)"
    services = [project.service(name, code) for name in ("one", "two")]
    run = drive(project.plan(*services))
    run.wait_for(r"one \| name\? ")
    run.wait_for(r"two \| name\? ")


def test_devtool_stops_when_nobody_reads(drive: Drive, project: Project) -> None:
    read, write = os.pipe()
    code = "import time\nwhile True: print('tick', flush=True); time.sleep(0.05)"
    services = [project.service(name, code) for name in ("one", "two")]
    run = drive(project.plan(*services), stdout=write)
    os.close(write)
    os.read(read, 10)
    os.close(read)
    assert run.wait() == 128 + signal.SIGPIPE


def test_a_reader_that_sleeps_does_not_keep_devtool_from_stopping(
    drive: Drive, project: Project
) -> None:
    read, write = os.pipe()
    run = drive(project.plan(project.service("flood", FLOOD)), stdout=write)
    os.close(write)
    os.read(read, 10)
    run.send(signal.SIGTERM)
    assert run.process.wait(60) == 143
    os.close(read)
