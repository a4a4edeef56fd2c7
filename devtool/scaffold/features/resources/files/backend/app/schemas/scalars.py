"""Values as they go over the wire: only what JSON says they are, and only what databases hold."""

from datetime import date, time
from decimal import Decimal
from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field

from app.schemas.base import LARGEST_ID


def text_only(value: Any) -> Any:
    """A value that is written as text; numbers are not taken for days or moments."""
    if isinstance(value, int | float):
        raise ValueError("it is to be written as text")
    return value


def no_truth(value: Any) -> Any:
    """A value that is not true or false, which Python takes for 1 and 0."""
    if isinstance(value, bool):
        raise ValueError("it is to be a number")
    return value


def no_zone(value: time) -> time:
    """A time of day; a time zone belongs to a moment."""
    if value.tzinfo is not None:
        raise ValueError("it is to have no time zone")
    return value


Int32 = Annotated[int, Field(strict=True, ge=-(2**31), le=2**31 - 1)]
Int53 = Annotated[int, Field(strict=True, ge=-LARGEST_ID, le=LARGEST_ID)]
Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Amount = Annotated[Decimal, BeforeValidator(no_truth)]
Day = Annotated[date, BeforeValidator(text_only)]
Instant = Annotated[AwareDatetime, BeforeValidator(text_only)]
TimeOfDay = Annotated[time, BeforeValidator(text_only), AfterValidator(no_zone)]
RowId = Annotated[int, Field(strict=True, ge=1, le=LARGEST_ID)]
RowIds = Annotated[list[RowId], Field(max_length=100)]
FilterId = Annotated[int, Field(ge=1, le=LARGEST_ID)]
UserId = Annotated[str, Field(min_length=1, max_length=36, pattern=r"^[0-9A-Za-z-]+$")]
UserIds = Annotated[list[UserId], Field(max_length=100)]
