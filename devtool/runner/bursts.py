"""A log that a burst cannot hold up.

Of a burst, a log keeps its last few megabytes in the end. Writing the rest to disk first would cost a
chatty service more than showing it does, so what would be thrown away is not written at all.
"""

from __future__ import annotations

import threading
import time
from collections import deque

from devtool.runner.logs import MAX_BYTES, LogFile

# More than this much in this long is a burst.
BURST_BYTES = 2 << 20
PAUSE = 0.1


class BurstLog:
    """Writes to a log at once, and in a burst from another thread, at most `MAX_BYTES` a `PAUSE`.

    Args:
        log: The log; closed with this.
    """

    def __init__(self, log: LogFile) -> None:
        self._log = log
        self._lock = threading.Lock()
        self._since = 0.0
        self._written = 0
        self._pending: deque[bytes] = deque()
        self._size = 0
        self._has_gap = False
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None

    def write(self, piece: bytes) -> None:
        """Take what came; in a burst it is on disk a moment later."""
        with self._lock:
            if self._thread is None and self._affords(len(piece)):
                self._log.write(piece)
                return
            self._pending.append(piece)
            self._size += len(piece)
            while self._size - len(self._pending[0]) >= MAX_BYTES:
                self._size -= len(self._pending.popleft())
                self._has_gap = True
            if self._thread is None:
                self._thread = threading.Thread(target=self._calm_down, name="log", daemon=True)
                self._thread.start()

    def close(self) -> None:
        """Write what is left, and leave the files to readers."""
        self._closing.set()
        thread = self._thread
        if thread is not None:
            thread.join()
        self._log.close()

    def _affords(self, size: int) -> bool:
        now = time.monotonic()
        if now - self._since >= PAUSE:
            self._since, self._written = now, 0
        self._written += size
        return self._written <= BURST_BYTES

    def _calm_down(self) -> None:
        """Write what is pending, again and again, until nothing has come for a while."""
        while True:
            self._closing.wait(PAUSE)
            with self._lock:
                pieces, self._pending = self._pending, deque()
                has_gap, self._has_gap, self._size = self._has_gap, False, 0
                if not pieces:
                    self._thread = None
                    return
            if has_gap:
                # The line that was begun before the gap is no part of the one after it.
                _, _, rest = pieces.popleft().partition(b"\n")
                self._log.write(b"\n" + rest)
            for piece in pieces:
                self._log.write(piece)
