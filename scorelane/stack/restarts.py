"""How often a program that has ended is started again."""

import time
from collections.abc import Callable

#: The most restarts in a row of a program that ends soon after each.
MOST = 5


class Restarts:
    """Counts the restarts of one program."""

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        """Begin when the program has started.

        Args:
            seconds: a program that has run for so long since its last start is sound, and its
                earlier ends are forgotten.
            clock: the time in seconds.
        """
        self._seconds, self._clock = seconds, clock
        self._in_row, self._last = 0, clock()

    def may_restart(self) -> bool:
        """Whether the program, which has ended now, may be started again; it then counts."""
        now = self._clock()
        if now - self._last >= self._seconds:
            self._in_row = 0
        self._last = now
        self._in_row += 1
        return self._in_row <= MOST
