"""Memory that a fork is going to write to, copied before it is in a hurry.

After a fork both processes share every page until one writes to it; each first write then costs a
fault and a copy. A version of an application writes to much the same pages as the one before, so a
process that stands by takes those faults while nobody waits. Linux only; elsewhere nothing is known.
"""

from __future__ import annotations

import array
import mmap
import os
from collections.abc import Sequence

PAGE = mmap.PAGESIZE
# From Linux 5.14; Python has no name for it.
MADV_POPULATE_WRITE = 23
# Set in an entry of the page map where this process alone has the page.
_EXCLUSIVE = 1 << 56
_PRESENT = 1 << 63
# Pages between two that were touched: as cheap to copy as a further call.
_GAP = 3

Range = tuple[int, int]


def mappings() -> list[Range]:
    """The private writable memory of this process, as starts and ends."""
    found = []
    try:
        with open("/proc/self/maps", encoding="ascii", errors="replace") as lines:
            for line in lines:
                fields = line.split(maxsplit=5)
                if fields[1] == "rw-p" and not line.rstrip().endswith("[stack]"):
                    start, _, end = fields[0].partition("-")
                    found.append((int(start, 16), int(end, 16)))
    except OSError:
        return []
    return found


def touched(inherited: Sequence[Range]) -> list[Range]:
    """The parts of inherited memory that this process has had to copy, as starts and lengths."""
    ranges: list[Range] = []
    try:
        with open("/proc/self/pagemap", "rb", buffering=0) as pages:
            for start, end in inherited:
                ranges.extend(_touched(pages.fileno(), start, end))
    except OSError:
        return []
    return ranges


def _touched(fd: int, start: int, end: int) -> list[Range]:
    entries = array.array("Q")
    entries.frombytes(os.pread(fd, (end - start) // PAGE * 8, start // PAGE * 8))
    ranges: list[list[int]] = []
    for page, entry in enumerate(entries):
        if not entry & _EXCLUSIVE or not entry & _PRESENT:
            continue
        if ranges and page - ranges[-1][1] <= _GAP:
            ranges[-1][1] = page + 1
        else:
            ranges.append([page, page + 1])
    return [(start + first * PAGE, (last - first) * PAGE) for first, last in ranges]


def populate(ranges: Sequence[Sequence[int]]) -> None:
    """Copy these parts of memory now, as far as they are there."""
    if not ranges:
        return
    import ctypes

    madvise = ctypes.CDLL(None).madvise
    for start, length in ranges:
        # What is not mapped any more, or a kernel that cannot: the pages are copied when it comes to it.
        madvise(ctypes.c_void_p(start), ctypes.c_size_t(length), MADV_POPULATE_WRITE)
