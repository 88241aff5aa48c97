"""The rule by which autoscalers choose the number of workers; docs/how-to/scale-automatically.md.

It is that of KEDA with Kubernetes's HorizontalPodAutoscaler: the number follows the load upwards at
once, downwards only to the most that was wanted in a window, and to zero after a cooldown.
"""

import math
from collections import deque
from dataclasses import dataclass, field


@dataclass
class Rule:
    """How many workers there should be.

    Attributes:
        clear_seconds: the time in which the workers should clear what waits.
        processes: the scoring processes of a worker.
        most: the most workers.
        window_seconds: no worker is stopped that was wanted within this time. Longer than
            `clear_seconds`: what waits becomes less while it is cleared, and so do the workers that
            are wanted for it.
        cooldown_seconds: the last worker is stopped when nothing has waited or run for this time.
    """

    clear_seconds: float
    processes: int
    most: int
    window_seconds: float
    cooldown_seconds: float
    _wanted: deque[tuple[float, int]] = field(default_factory=deque, init=False)
    _busy_at: float = field(default=-math.inf, init=False)

    def workers(self, backlog_seconds: float, now: float) -> int:
        """The number of workers from now on.

        Args:
            backlog_seconds: the sum of `scorelane_backlog_seconds` over the models.
            now: the present time, in seconds.
        """
        wanted = math.ceil(backlog_seconds / (self.clear_seconds * self.processes))
        self._wanted.append((now, min(wanted, self.most)))
        while self._wanted[0][0] < now - self.window_seconds:
            self._wanted.popleft()
        if backlog_seconds:
            self._busy_at = now
        is_idle = now - self._busy_at >= self.cooldown_seconds
        return max(number for _, number in self._wanted) or int(not is_idle)
