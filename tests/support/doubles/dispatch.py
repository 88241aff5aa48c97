"""The queue in memory."""

from collections import deque
from typing import Any

from shared.dispatch import Task


class InMemoryDispatch:
    """A queue of messages; `run` hands them to a pipeline, in order, until none is left."""

    def __init__(self) -> None:
        self.messages: deque[tuple[Any, ...]] = deque()

    def read(self, full_name: str, job_id: str) -> None:
        self.messages.append((Task.READ, job_id))

    def split(self, full_name: str, job_id: str) -> None:
        self.messages.append((Task.SPLIT, job_id))

    def score(self, full_name: str, job_id: str, part: int) -> None:
        self.messages.append((Task.SCORE, job_id, part))

    def finish(self, full_name: str, job_id: str) -> None:
        self.messages.append((Task.FINISH, job_id))

    def answer(self, full_name: str) -> None:
        self.messages.append((Task.ANSWER, full_name))

    def run(self, pipeline: Any) -> None:
        while self.messages:
            task, *args = self.messages.popleft()
            getattr(pipeline, task)(*args)
