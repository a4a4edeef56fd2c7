"""How often one user may ask: a bucket that fills again, kept in this process."""

import time
from collections import OrderedDict
from collections.abc import Callable
from math import ceil

# Whoever asked longest ago is forgotten first; a bucket that is not known is full.
MOST_USERS = 10_000


class Pace:
    """Buckets of so many requests a minute, one for each user.

    Each process counts for itself: with four workers, a user may ask four times as often.
    """

    def __init__(self, per_minute: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = float(per_minute)
        self._clock = clock
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait(self, user_id: str) -> int:
        """Seconds that the user has to wait; with 0 the request is counted."""
        now = self._clock()
        left, since = self._left.pop(user_id, (self._most, now))
        left = min(self._most, left + (now - since) * self._most / 60)
        allowed = left >= 1
        self._left[user_id] = (left - allowed, now)
        if len(self._left) > MOST_USERS:
            self._left.popitem(last=False)
        return 0 if allowed else ceil((1 - left) * 60 / self._most)
