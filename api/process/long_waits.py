"""Limits the questions of one process that wait long, so that threads remain for other requests."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

from shared.errors.service import QuestionsFull


class LongWaits:
    """A limited number of slots, one for each question that waits long for its answer."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._lock = Lock()
        self._taken: Counter[str] = Counter()

    def check(self, full_name: str) -> None:
        """Refuse a question that would probably have to wait long too, and find no slot then.

        Raises:
            shared.errors.service.QuestionsFull: all slots are taken, some of them by this model.
        """
        with self._lock:
            if self._taken[full_name] and self._is_full:
                raise QuestionsFull(model=full_name, limit=self._limit)

    @contextmanager
    def slot(self, full_name: str) -> Iterator[None]:
        """Hold a slot during the block.

        Raises:
            shared.errors.service.QuestionsFull: all slots are taken.
        """
        with self._lock:
            if self._is_full:
                raise QuestionsFull(model=full_name, limit=self._limit)
            self._taken[full_name] += 1
        try:
            yield
        finally:
            with self._lock:
                self._taken[full_name] -= 1

    @property
    def _is_full(self) -> bool:
        return self._taken.total() >= self._limit
