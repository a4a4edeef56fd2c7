"""Exact numbers in both databases."""

from decimal import Decimal

from sqlalchemy import BigInteger, Dialect, Numeric, TypeDecorator
from sqlalchemy.types import TypeEngine


class ScaledInteger(TypeDecorator[Decimal]):
    """An exact number in SQLite, which has none: the whole number of its smallest parts."""

    impl = BigInteger
    cache_ok = True

    def __init__(self, scale: int) -> None:
        super().__init__()
        self.scale = scale

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> int | None:
        """The number of smallest parts."""
        return None if value is None else int(value.scaleb(self.scale))

    def process_result_value(self, value: int | None, dialect: Dialect) -> Decimal | None:
        """The number itself."""
        return None if value is None else Decimal(value).scaleb(-self.scale)


def Exact(precision: int, scale: int) -> TypeEngine[Decimal]:  # noqa: N802  (stands for a type)
    """A column of numbers with that many digits, and that many of them behind the point."""
    return Numeric(precision, scale).with_variant(ScaledInteger(scale), "sqlite")
