"""Closes a part while the next one is scored: the disk and Redis take no core."""

import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context

logger = logging.getLogger(__name__)


class BackgroundCloser:
    """Runs what closes a part beside the process's next task; one at a time.

    The task of the part has ended by then, and its message is gone. If the process dies now, the
    part's lease brings it back.
    """

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="closer")
        self._last: Future[None] | None = None

    def __call__(self, closing: Callable[[], None]) -> None:
        """Close a part soon; wait first until the one before it is closed."""
        self.wait()
        self._last = self._thread.submit(copy_context().run, closing)

    def wait(self) -> None:
        """Wait until nothing is left to be closed."""
        last, self._last = self._last, None
        try:
            if last:
                last.result()
        except Exception:
            # As of a task that raises; the part's lease brings it back.
            logger.exception("a part was not closed")
