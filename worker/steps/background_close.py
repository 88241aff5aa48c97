"""Closes a part while the next one is scored: waiting for the disk and Redis takes no CPU."""

import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context

logger = logging.getLogger(__name__)


class BackgroundCloser:
    """Closes one part at a time in a thread, while the process runs its next task.

    The task of the part has ended by then, and its message is acknowledged. If the process dies
    now, the lease of the part runs out, and the part is scored again.
    """

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="closer")
        self._last: Future[None] | None = None

    def __call__(self, close: Callable[[], None]) -> None:
        """Call `close` in the thread; wait first until the part before is closed."""
        self.wait()
        self._last = self._thread.submit(copy_context().run, close)

    def wait(self) -> None:
        """Wait until the last part is closed; if that fails, log the error."""
        last, self._last = self._last, None
        try:
            if last:
                last.result()
        except Exception:
            # As for a task that raises: when the lease runs out, the part is scored again.
            logger.exception("a part was not closed")
