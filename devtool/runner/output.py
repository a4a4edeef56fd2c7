"""Bytes from children to one descriptor: whole lines, prefixed, never decoded, never dropped."""

from __future__ import annotations

import contextlib
import errno
import os
import queue
import re
import select
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping

# What is handled at once stays in the processor's cache.
CHUNK = 1 << 15
# A line without an end is shown after this much quiet: it may be a prompt.
QUIET = 0.1
# Longer unfinished lines are passed on in pieces; nothing else is written between the pieces.
MAX_HELD = 1 << 16
# How long a source may keep the others waiting for the end of its line.
HOLD = 0.3
TAIL_BYTES = 1 << 16
COLOURS = (36, 35, 32, 33, 34, 96, 95, 92, 93, 94)

_GONE = {errno.EPIPE, errno.EIO, errno.EBADF, errno.ENXIO, errno.ECONNRESET}


class Lane:
    """One source of lines and what is put before each of them."""

    def __init__(self, prefix: bytes = b"") -> None:
        self.prefix = prefix


class Sink:
    """A descriptor that several lanes write to, one unfinished line at a time.

    Args:
        fd: Where the bytes go.
        on_gone: Called once, with the error number, when nobody reads any more. From then on what is
            written is dropped, so that children can still end.
    """

    def __init__(self, fd: int, *, on_gone: Callable[[int], None] = lambda _: None) -> None:
        self.fd = fd
        self.lost = 0
        self.blocked = False
        self._on_gone = on_gone
        self._gone = False
        self._turn = threading.Condition()
        self._open: Lane | None = None
        self._touched = 0.0

    def write(self, lane: Lane, text: bytes) -> None:
        """Write a piece of a lane's text, with its prefix before every line that begins here."""
        body = _prefixed_inside(lane.prefix, text)
        with self._turn:
            self._wait_for_turn(lane)
            start = b"" if self._open is lane else lane.prefix
            self._write(start if self._open in (None, lane) else b"\n" + start, body)
            self._open = None if text.endswith(b"\n") else lane
            self._touched = time.monotonic()
            self._turn.notify_all()

    def leave(self, lane: Lane) -> None:
        """Say that a lane has ended: nobody waits for the end of its line."""
        with self._turn:
            if self._open is lane:
                self._touched = 0.0
                self._turn.notify_all()

    def _wait_for_turn(self, lane: Lane) -> None:
        while self._open not in (None, lane):
            left = self._touched + HOLD - time.monotonic()
            if left <= 0:
                return
            self._turn.wait(left)

    def _write(self, start: bytes, body: memoryview) -> None:
        while (start or body) and not self._gone:
            try:
                self.blocked = True
                written = self._put(start, body)
                start, body = start[written:], body[max(0, written - len(start)) :]
            except BlockingIOError:
                # Another program that shares this terminal has made it non-blocking.
                select.select((), (self.fd,), ())
            except OSError as error:
                if error.errno in _GONE:
                    self._gone = True
                    self._on_gone(error.errno)
                # A full disk may have room again for the next piece.
                break
            finally:
                self.blocked = False
        self.lost += len(start) + len(body)

    def _put(self, start: bytes, body: memoryview) -> int:
        """Write as much as goes at once, without putting the two together first."""
        if start and body and hasattr(os, "writev"):
            return os.writev(self.fd, (start, body))
        return os.write(self.fd, start or body)


def _prefixed_inside(prefix: bytes, text: bytes) -> memoryview:
    """`text` with `prefix` after every line end but the last."""
    if not prefix:
        return memoryview(text)
    if text.endswith(b"\n"):
        # Cut off instead of left out: copying a text costs as much as reading it.
        return memoryview(text.replace(b"\n", b"\n" + prefix))[: -len(prefix)]
    return memoryview(text.replace(b"\n", b"\n" + prefix))


class Tail:
    """The last bytes of a service, for the moment it dies."""

    def __init__(self) -> None:
        self._pieces: deque[bytes] = deque()
        self._size = 0

    def add(self, text: bytes) -> None:
        """Remember the end of a text."""
        piece = text[-TAIL_BYTES:]
        self._pieces.append(piece)
        self._size += len(piece)
        while self._size - len(self._pieces[0]) >= TAIL_BYTES:
            self._size -= len(self._pieces.popleft())

    def lines(self, count: int) -> list[bytes]:
        """The last lines, without their ends."""
        return b"".join(tuple(self._pieces))[-TAIL_BYTES:].splitlines()[-count:]


class Pump(threading.Thread):
    """Moves what a child writes into a sink until the pipe ends.

    A reader that is slower than the child holds this thread up, then the pipe, then the child:
    nothing is dropped and nothing is piled up.

    Args:
        fd: The reading end of the child's pipe; closed at the end.
        sink: Where it goes.
        lane: The child's lane.
        awaited: A line that means readiness, and what to call when it comes.
        record: Called with every piece as it came, before it is shown.
    """

    def __init__(
        self,
        fd: int,
        sink: Sink,
        lane: Lane,
        *,
        awaited: tuple[str, Callable[[], None]] | None = None,
        record: Callable[[bytes], None] | None = None,
    ) -> None:
        super().__init__(name="pump", daemon=True)
        self.tail = Tail()
        self.moved = 0
        self._fd = fd
        self._sink = sink
        self._lane = lane
        self._awaited = awaited and (re.compile(awaited[0].encode()), awaited[1])
        self._record = record
        self._seen = b""

    def run(self) -> None:
        """Read until the last writer has closed the pipe."""
        held = b""
        try:
            while True:
                if held and not _readable(self._fd, QUIET):
                    held = self._show(held)
                chunk = os.read(self._fd, CHUNK)
                if not chunk:
                    break
                self._note(chunk)
                held = self._show_lines(held + chunk if held else chunk)
            if held:
                self._show(held)
        finally:
            self._sink.leave(self._lane)
            os.close(self._fd)

    def _show_lines(self, text: bytes) -> bytes:
        """Show what ends with a line end, and return the rest if it is short enough to keep."""
        end = text.rfind(b"\n") + 1
        if len(text) - end > MAX_HELD:
            return self._show(text)
        if end:
            self._show(text if end == len(text) else text[:end])
        return text[end:]

    def _show(self, text: bytes) -> bytes:
        self._sink.write(self._lane, text)
        return b""

    def _note(self, chunk: bytes) -> None:
        self.moved += len(chunk)
        self.tail.add(chunk)
        if self._record is not None:
            self._record(chunk)
        if self._awaited is not None:
            pattern, found = self._awaited
            self._seen = self._seen[-MAX_HELD:] + chunk
            if pattern.search(self._seen):
                self._awaited = None
                self._seen = b""
                found()


def _readable(fd: int, seconds: float) -> bool:
    if not hasattr(select, "poll"):
        return True  # Windows cannot wait for a pipe
    poll = select.poll()
    poll.register(fd, select.POLLIN | select.POLLHUP)
    return bool(poll.poll(seconds * 1000))


def drain(pumps: list[Pump], sink: Sink, *, patient: bool) -> None:
    """Wait for what is still in the pipes of children that have ended.

    A slow reader is waited for as long as it takes, or two seconds if not `patient`; a pipe that
    some stranger holds open but does not write to is left.
    """
    deadline = time.monotonic() + 2
    for pump in pumps:
        moved = -1
        while pump.is_alive() and (patient or time.monotonic() < deadline):
            if pump.moved == moved and not sink.blocked:
                break
            moved = pump.moved
            pump.join(0.3)


class Voice:
    """devtool's own lines. Saying something never waits for the reader.

    Args:
        sink: Where plain lines go.
        errors: Where complaints go.
        record: Called with every line.
        quiet: Show complaints only.
    """

    def __init__(
        self,
        sink: Sink,
        errors: Sink,
        *,
        record: Callable[[bytes], None] = lambda _: None,
        quiet: bool = False,
    ) -> None:
        self._quiet = quiet
        self._sinks = (sink, errors)
        self._record = record
        self._lanes = (Lane(), Lane())
        self._lines: queue.SimpleQueue[tuple[bool, bytes] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._speak, name="voice", daemon=True)
        self._thread.start()

    def say(self, text: str) -> None:
        """A line of progress."""
        self._lines.put((False, _line(text)))

    def complain(self, text: str) -> None:
        """A line about something that is wrong."""
        self._lines.put((True, _line(text)))

    def close(self, seconds: float) -> None:
        """Wait for the last line, but no longer than this."""
        self._lines.put(None)
        self._thread.join(seconds)

    def _speak(self) -> None:
        while (item := self._lines.get()) is not None:
            is_error, line = item
            self._record(line)
            if is_error or not self._quiet:
                self._sinks[is_error].write(self._lanes[is_error], line)


def _line(text: str) -> bytes:
    return text.encode(errors="backslashreplace") + b"\n"


def shows_colour(fd: int, env: Mapping[str, str]) -> bool:
    """True if a descriptor is a terminal whose user has not declined colours."""
    return not env.get("NO_COLOR") and env.get("TERM") != "dumb" and _is_terminal(fd)


def _is_terminal(fd: int) -> bool:
    with contextlib.suppress(OSError):
        return os.isatty(fd)
    return False


def lanes(names: list[str], *, colour: bool) -> dict[str, Lane]:
    """A lane per service: a prefix where there are several, none where there is one."""
    if len(names) == 1:
        return {name: Lane() for name in names}
    width = max(len(name) for name in names)
    return {
        name: Lane(_prefix(name.ljust(width), COLOURS[index % len(COLOURS)] if colour else 0))
        for index, name in enumerate(names)
    }


def _prefix(name: str, colour: int) -> bytes:
    text = f"{name} | "
    return (f"\x1b[{colour}m{text}\x1b[0m" if colour else text).encode(errors="replace")
