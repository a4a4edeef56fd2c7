"""What schemas share."""

from typing import Annotated

from fastapi import Path
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

# PostgreSQL cannot store the character NUL, and nobody means it.
NO_NUL = r"^[^\x00]*$"
# As above, with at least one character that is not white.
NOT_BLANK = r"^[^\x00]*[^\s\x00][^\x00]*$"
# Ids are numbers that JavaScript can hold too.
LARGEST_ID = 2**53 - 1

Title = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=NOT_BLANK),
    Field(description="1 to 200 characters, without the white space around them."),
]
Description = Annotated[
    str,
    StringConstraints(max_length=1000, pattern=NO_NUL),
    Field(description="At most 1000 characters."),
]
Id = Annotated[int, Path(ge=1, le=LARGEST_ID)]


class Input(BaseModel):
    """A body of a request: what it does not know it refuses, so that typing errors are seen."""

    model_config = ConfigDict(extra="forbid")


class Output(BaseModel):
    """A body of an answer, made of anything that has its attributes."""

    model_config = ConfigDict(from_attributes=True)
