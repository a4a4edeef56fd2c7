"""Who listens to how many answers at once: an open stream costs little, but not nothing."""

from collections import Counter
from collections.abc import AsyncIterator

from app.errors import TooManyRequestsError

RETRY_SECONDS = 5


class Listeners:
    """The streams that this process sends, counted for each user."""

    def __init__(self) -> None:
        self._open: Counter[str] = Counter()

    def check(self, user: str, most: int) -> None:
        """Pass only if a user may listen to one more answer.

        Raises:
            TooManyRequestsError: If that would be too many.
        """
        if self._open[user] >= most:
            raise TooManyRequestsError("Too many open streams.", retry_after=RETRY_SECONDS)

    async def heard(self, user: str, events: AsyncIterator[str]) -> AsyncIterator[str]:
        """The events of a stream, which counts as long as somebody listens."""
        self._open[user] += 1
        try:
            async for event in events:
                yield event
        finally:
            self._open[user] -= 1
            if not self._open[user]:
                del self._open[user]
