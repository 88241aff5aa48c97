"""The queue in memory."""

from collections import deque
from typing import Any

from typing_extensions import override

from shared.dispatch import Dispatch, Task


class InMemoryDispatch(Dispatch):
    """A queue of messages; `run` hands them to a pipeline in order, until the queue is empty."""

    def __init__(self) -> None:
        self.messages: deque[tuple[Any, ...]] = deque()

    @override
    def read(self, full_name: str, job_id: str) -> None:
        self.messages.append((Task.READ, job_id))

    @override
    def split(self, full_name: str, job_id: str, *, soon: bool = False) -> None:
        self.messages.append((Task.SPLIT, job_id))

    @override
    def score(self, full_name: str, job_id: str, part: int) -> None:
        self.messages.append((Task.SCORE, job_id, part))

    @override
    def finish(self, full_name: str, job_id: str) -> None:
        self.messages.append((Task.FINISH, job_id))

    @override
    def join(self, full_name: str, job_id: str) -> None:
        self.messages.append((Task.JOIN, job_id))

    @override
    def retract(self, full_name: str, job_id: str) -> None:
        self.messages.append((Task.RETRACT, job_id))

    @override
    def answer(self, full_name: str) -> None:
        self.messages.append((Task.ANSWER, full_name))

    @override
    def doorbell(self, full_name: str, tag: str) -> str:
        # No script of Redis can send what is in memory: the caller rings.
        return ""

    def run(self, pipeline: Any) -> None:
        while self.messages:
            task, *args = self.messages.popleft()
            getattr(pipeline, task)(*args)
