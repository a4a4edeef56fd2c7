"""When changes are handed on: the first at once, those of a burst together. Pure."""

from __future__ import annotations

# A file by itself waits this long for others that are written in the same breath.
SETTLE = 0.0015
SETTLE_MOST = 0.012
# After a batch, others wait until so long nothing has changed: a checkout, a formatter.
QUIET = 0.04
QUIET_MOST = 0.16
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

    def saw(self, now: float) -> None:
        """Something changed."""
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
            return min(self._last + self._quiet, self._first + LONGEST)
        return min(self._last + SETTLE, self._first + SETTLE_MOST)

    def fired(self, now: float) -> None:
        """What was pending has been handed on."""
        in_a_row = self._first is not None and self._first < self._hot_until
        self._quiet = min(self._quiet * 2, QUIET_MOST) if in_a_row else QUIET
        self._hot_until = now + self._quiet
        self._first = None

    def dropped(self) -> None:
        """What was pending turned out to be no change."""
        self._first = None
