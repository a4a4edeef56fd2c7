"""Values as they go over the wire: only what JSON says they are, and only what databases hold."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field, GetCoreSchemaHandler
from pydantic_core import core_schema

from app.schemas.base import LARGEST_ID


def text_only(value: Any) -> Any:
    """A value that is written as text; numbers, quoted or not, are no days or moments."""
    is_number = isinstance(value, int | float)
    if is_number or (isinstance(value, str) and not re.match(r"[0-9]+[-:]", value)):
        raise ValueError("it is to be written as text, such as 2026-01-31 or 12:30")
    return value


def in_range(value: datetime) -> datetime:
    """A moment that has a year in every time zone we use."""
    try:
        value.astimezone(UTC)
    except OverflowError:
        raise ValueError("it is out of range") from None
    return value


def as_whole(value: Any) -> Any:
    """A whole number, which in JSON may also be written as 1.0; anything else as it is."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def no_zone(value: time) -> time:
    """A time of day; a time zone belongs to a moment."""
    if value.tzinfo is not None:
        raise ValueError("it is to have no time zone")
    return value


@dataclass(frozen=True)
class Digits:
    """An exact number, written as text: so many digits at most, so many of them behind the point.

    A number of JSON would be read as a fraction of two, which has no 0.1.
    """

    most: int
    behind: int

    def __get_pydantic_core_schema__(
        self, _source: object, _handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        """Text of that form, then what it says."""
        whole = self.most - self.behind
        pattern = f"-?[0-9]{{1,{whole}}}" if whole else "-?0"
        if self.behind:
            pattern += rf"(\.[0-9]{{1,{self.behind}}})?"
        text = core_schema.str_schema(pattern=f"^{pattern}$", strict=True)
        number = core_schema.chain_schema([text, core_schema.decimal_schema()])
        return core_schema.no_info_before_validator_function(as_text, number)


def as_text(value: Any) -> Any:
    """The text of an exact number of our own; anything else as it is."""
    return f"{value:f}" if isinstance(value, Decimal) else value


WHOLE = BeforeValidator(as_whole)
Int32 = Annotated[int, Field(strict=True, ge=-(2**31), le=2**31 - 1), WHOLE]
Int53 = Annotated[int, Field(strict=True, ge=-LARGEST_ID, le=LARGEST_ID), WHOLE]
Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Day = Annotated[date, BeforeValidator(text_only)]
Instant = Annotated[AwareDatetime, BeforeValidator(text_only), AfterValidator(in_range)]
TimeOfDay = Annotated[time, BeforeValidator(text_only), AfterValidator(no_zone)]
RowId = Annotated[int, Field(strict=True, ge=1, le=LARGEST_ID), WHOLE]
RowIds = Annotated[list[RowId], Field(max_length=100)]
FilterId = Annotated[int, Field(ge=1, le=LARGEST_ID)]
UserId = Annotated[str, Field(min_length=1, max_length=36, pattern=r"^[0-9A-Za-z-]+$")]
UserIds = Annotated[list[UserId], Field(max_length=100)]
