"""Lists and tables of plain values as they go over the wire, and as a column of JSON holds them."""

from typing import Annotated

from pydantic import AfterValidator, Field, StrictBool, StringConstraints

from app.schemas.base import NO_NUL
from app.schemas.scalars import Int53, Number

LONGEST_LINE = 200
MOST = 100


def named(value: dict[str, object]) -> dict[str, object]:
    """A table whose names are lines of text."""
    for name in value:
        if len(name) > LONGEST_LINE or "\0" in name:
            raise ValueError(f"names are at most {LONGEST_LINE} characters, NUL not among them")
    return value


Line = Annotated[str, StringConstraints(max_length=LONGEST_LINE, pattern=NO_NUL)]
LineList = Annotated[list[Line], Field(max_length=MOST)]
IntList = Annotated[list[Int53], Field(max_length=MOST)]
NumberList = Annotated[list[Number], Field(max_length=MOST)]
TruthList = Annotated[list[StrictBool], Field(max_length=MOST)]
LineMap = Annotated[dict[str, Line], Field(max_length=MOST), AfterValidator(named)]
IntMap = Annotated[dict[str, Int53], Field(max_length=MOST), AfterValidator(named)]
NumberMap = Annotated[dict[str, Number], Field(max_length=MOST), AfterValidator(named)]
TruthMap = Annotated[dict[str, StrictBool], Field(max_length=MOST), AfterValidator(named)]
