"""When changes are handed on: the first at once, those of a burst together. Pure."""

from __future__ import annotations

# A file by itself waits this long for others that are written in the same breath. A checkout writes one
# in 0.1 to 0.3 ms; whoever is slower makes a second batch, which waits for quiet.
SETTLE = 0.0005
# After a batch, others wait until so long nothing has changed.
QUIET = 0.04
QUIET_MOST = 0.16
# So many files at once are a checkout or a formatter at work, which pauses longer than between two of them.
MANY = 3
SETTLE_MANY = 0.02
QUIET_MANY = 0.1
LONGEST = 1.5


class Pace:
    """Decides when what was seen is due.

    Nothing is pending and nothing was handed on of late: the next change is handed on at once. Soon
    after a batch, the next one waits for quiet, each time in a row a little longer.
    """

    def __init__(self) -> None:
        self._first: float | None = None
        self._last = 0.0
        self._hot_until = 0.0
        self._quiet = QUIET
        self._is_many = False

    def saw(self, now: float, pending: int = 1) -> None:
        """Something changed, and so many files are pending now."""
        self._is_many = pending >= MANY
        if self._first is None:
            self._first = now
            if now >= self._hot_until:
                self._quiet = QUIET
        self._last = now

    def wait(self) -> None:
        """What is pending must wait for quiet: a file is missing, or empty, as in mid-save."""
        self._hot_until = max(self._hot_until, self._last + self._quiet)

    @property
    def began(self) -> float | None:
        """When the first of what is pending was seen."""
        return self._first

    def due(self) -> float | None:
        """When what is pending is to be handed on, or None if nothing is."""
        if self._first is None:
            return None
        if self._first < self._hot_until:
            pause = max(self._quiet, QUIET_MANY) if self._is_many else self._quiet
        else:
            pause = SETTLE_MANY if self._is_many else SETTLE
        return min(self._last + pause, self._first + LONGEST)

    def fired(self, now: float) -> None:
        """What was pending has been handed on."""
        in_a_row = self._first is not None and self._first < self._hot_until
        self._quiet = min(self._quiet * 2, QUIET_MOST) if in_a_row else QUIET
        self._hot_until = now + self._quiet
        self._first = None

    def dropped(self) -> None:
        """What was pending turned out to be no change."""
        self._first = None
