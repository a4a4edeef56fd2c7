"""A three-way merge of lines in pure Python: for machines without git."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from typing import NamedTuple

Lines = Sequence[str]


class Region(NamedTuple):
    """The same stretch in base, mine and new, as half-open line numbers."""

    base: tuple[int, int]
    mine: tuple[int, int]
    new: tuple[int, int]


def merge(mine: str, base: str, new: str) -> tuple[str, int]:
    """The merged text, and how many stretches both sides changed in different ways.

    Where that number is not 0, the text has my side of each of them.
    """
    texts = (split(base), split(mine), split(new))
    merged: list[str] = []
    conflicts = 0
    for region in regions(*texts):
        was, ours, theirs = (
            text[start:end] for text, (start, end) in zip(texts, region, strict=True)
        )
        if ours == was:
            merged += theirs
        else:
            merged += ours
            conflicts += theirs not in (was, ours)
    return "".join(merged), conflicts


def split(text: str) -> list[str]:
    """Lines with their ends. Only a line feed ends one: `str.splitlines` knows nine others."""
    lines = text.split("\n")
    return [f"{line}\n" for line in lines[:-1]] + lines[-1:] * bool(lines[-1])


def regions(base: Lines, mine: Lines, new: Lines) -> Iterator[Region]:
    """All of the texts in stretches, by turns changed somewhere and the same everywhere."""
    end = (0, 0, 0)
    last = (len(base), len(mine), len(new), 0)
    for at_base, at_mine, at_new, length in (*_shared(base, mine, new), last):
        yield Region((end[0], at_base), (end[1], at_mine), (end[2], at_new))
        end = (at_base + length, at_mine + length, at_new + length)
        yield Region((at_base, end[0]), (at_mine, end[1]), (at_new, end[2]))


def _shared(base: Lines, mine: Lines, new: Lines) -> Iterator[tuple[int, int, int, int]]:
    """Stretches that all three have: start in base, mine and new, and length."""
    ours, theirs = _blocks(base, mine), _blocks(base, new)
    i = j = 0
    while i < len(ours) and j < len(theirs):
        start = max(ours[i].a, theirs[j].a)
        ends = ours[i].a + ours[i].size, theirs[j].a + theirs[j].size
        if start < min(ends):
            yield (
                start,
                ours[i].b + start - ours[i].a,
                theirs[j].b + start - theirs[j].a,
                min(ends) - start,
            )
        if ends[0] <= ends[1]:
            i += 1
        else:
            j += 1


class _Block(NamedTuple):
    a: int
    b: int
    size: int


def _blocks(base: Lines, other: Lines) -> list[_Block]:
    matcher = SequenceMatcher(None, base, other, autojunk=False)
    return [_Block(*block) for block in matcher.get_matching_blocks() if block.size]
