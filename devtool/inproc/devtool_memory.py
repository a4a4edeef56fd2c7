"""Memory that a fork is going to write to, copied before it is in a hurry.

After a fork both processes share every page until one writes to it; each first write then costs a
fault and a copy. A version of an application writes to much the same pages as the one before, so a
process that stands by takes those faults while nobody waits. Linux only; elsewhere nothing is known.
"""

from __future__ import annotations

import array
import mmap
import os
from collections.abc import Iterator, Sequence
from typing import Any

PAGE = mmap.PAGESIZE
# From Linux 5.14; Python has no name for it.
MADV_POPULATE_WRITE = 23
# Set in an entry of the page map where there is a page, and this process alone has it.
_OURS = 1 << 56 | 1 << 63
# So much of a page map is read at once: entries of 32 MiB of memory.
_CHUNK = 1 << 16
_NOTHING = bytes(_CHUNK)

Range = tuple[int, int]


def mappings(pid: int) -> list[Range]:
    """The private writable memory of a process, as starts and ends; empty where that is not told."""
    found = []
    try:
        with open(f"/proc/{pid}/maps", encoding="ascii", errors="replace") as lines:
            for line in lines:
                fields = line.split(maxsplit=5)
                if fields[1] == "rw-p" and not line.rstrip().endswith("[stack]"):
                    start, _, end = fields[0].partition("-")
                    found.append((int(start, 16), int(end, 16)))
    except OSError:
        return []
    return found


def touched(pid: int, inherited: Sequence[Range]) -> list[Range]:
    """The parts of inherited memory that a process has had to copy, as starts and lengths."""
    ranges: list[Range] = []
    try:
        with open(f"/proc/{pid}/pagemap", "rb", buffering=0) as pages:
            for start, end in inherited:
                ranges.extend(_touched(pages.fileno(), start // PAGE, end // PAGE))
    except OSError:
        return []
    return ranges


def _touched(fd: int, first: int, last: int) -> Iterator[Range]:
    begun = ended = 0
    while first < last:
        data = os.pread(fd, min(_CHUNK, (last - first) * 8), first * 8)
        if not data:
            break
        if data != _NOTHING[: len(data)]:
            for page, entry in enumerate(array.array("Q", data), first):
                if entry & _OURS != _OURS:
                    continue
                if page != ended:
                    if ended:
                        yield begun * PAGE, (ended - begun) * PAGE
                    begun = page
                ended = page + 1
        first += len(data) // 8
    if ended:
        yield begun * PAGE, (ended - begun) * PAGE


def load() -> Any:
    """What `populate` needs. It takes some milliseconds, and so comes after the first answer."""
    import ctypes

    return ctypes


def populate(ranges: Sequence[Sequence[int]]) -> None:
    """Copy these parts of memory now, as far as they are there."""
    if not ranges:
        return
    ctypes = load()
    madvise = ctypes.CDLL(None).madvise
    for start, length in ranges:
        # What is not mapped any more, or a kernel that cannot: the pages are copied when it comes to it.
        madvise(ctypes.c_void_p(start), ctypes.c_size_t(length), MADV_POPULATE_WRITE)
