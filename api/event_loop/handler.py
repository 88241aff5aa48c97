"""What handles requests of one kind in the event loop."""

from collections.abc import Callable
from typing import Any

from gunicorn.http.errors import ParseException

from api.event_loop.loop_request import LoopRequest
from api.event_loop.repeated_answer import RepeatedAnswer
from api.event_loop.repeats import Repeats
from api.process.connection import Connection
from shared.jobs.question_line import QuestionLine


class Handler:
    """Handles requests that wait for Redis, without a thread.

    Attributes:
        count: how many requests wait for Redis.
    """

    def __init__(
        self,
        worker: Any,
        line: QuestionLine,
        *,
        repeats: Repeats,
        finish: Callable[[LoopRequest | RepeatedAnswer], None],
        refuse: Callable[[Connection, ParseException], None],
        hand_over: Callable[..., None],
    ) -> None:
        """Take gunicorn's worker, what calls Redis, and what `QuestionLoop` has."""
        self._worker = worker
        self._line = line
        self._repeats = repeats
        self._finish = finish
        self._refuse = refuse
        self._hand_over = hand_over
        self.count = 0
