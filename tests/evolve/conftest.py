"""Console projects written by hand, unpacked from text."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

CASES = Path(__file__).parent / "cases"
SECTION = re.compile(r"^-- (\S+) --\n", re.MULTILINE)

Unpack = Callable[[str], Path]


def unpack_to(root: Path, name: str) -> Path:
    """The project of a case, written to a folder."""
    _, *parts = SECTION.split((CASES / f"{name}.txt").read_text("utf-8"))
    for path, text in zip(parts[::2], parts[1::2], strict=True):
        place = root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")
    return root


@pytest.fixture
def unpack(tmp_path: Path) -> Unpack:
    return lambda name: unpack_to(tmp_path / name, name)
