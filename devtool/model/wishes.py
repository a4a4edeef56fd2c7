"""What somebody wants of a change to a project."""

from __future__ import annotations

from typing import NamedTuple


class Wishes(NamedTuple):
    """What somebody wants of the change.

    Attributes:
        to: The phase; the next one when None.
        name: The project's name; from its `pyproject.toml` or folder when empty.
        files: The files to read entities from; those of the program when empty.
        only: Names of entities to take.
        skip: Fields to leave out.
        extra: Features to have as well.
        without: Usual features not to have.
        restore: Files that the user removed and that are to come back.
    """

    to: int | None = None
    name: str = ""
    files: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
    extra: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    restore: tuple[str, ...] = ()
