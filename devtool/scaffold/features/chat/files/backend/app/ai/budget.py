"""What one turn may cost, counted as it is spent."""

from dataclasses import dataclass
from decimal import Decimal

from app.ai.parts import Spent
from app.ai.settings import AISettings
from app.ai.turn import LimitReachedError

MILLION = Decimal(1_000_000)


@dataclass(frozen=True, slots=True)
class Spending:
    """What a turn has cost so far."""

    input_tokens: int = 0
    output_tokens: int = 0

    @property
    def tokens(self) -> int:
        """All tokens, read and written."""
        return self.input_tokens + self.output_tokens

    def plus(self, more: Spent) -> "Spending":
        """This and what one more request cost."""
        return Spending(
            self.input_tokens + more.input_tokens, self.output_tokens + more.output_tokens
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What a turn may cost.

    Args:
        tokens: All tokens together.
        cost: Money, in the currency of the prices; 0 for no limit.
        input_price: For a million tokens read.
        output_price: For a million tokens written.
    """

    tokens: int
    cost: Decimal
    input_price: Decimal
    output_price: Decimal

    @classmethod
    def of(cls, settings: AISettings) -> "Budget":
        """What the settings allow."""
        return cls(
            tokens=settings.ai_turn_tokens,
            cost=settings.ai_turn_cost,
            input_price=settings.ai_input_price,
            output_price=settings.ai_output_price,
        )

    def check(self, spent: Spending) -> None:
        """Pass only if a turn that has cost this much may go on.

        Raises:
            LimitReachedError: If it may not.
        """
        if spent.tokens > self.tokens:
            raise LimitReachedError("This took more tokens than one answer may.")
        if self.cost and self.cost_of(spent) > self.cost:
            raise LimitReachedError("This cost more than one answer may.")

    def cost_of(self, spent: Spending) -> Decimal:
        """What these tokens cost."""
        read = spent.input_tokens * self.input_price
        return (read + spent.output_tokens * self.output_price) / MILLION
