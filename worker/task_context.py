"""Around each task: what its message carried is known to its log lines and to what it sends."""

from collections.abc import Iterator
from contextlib import contextmanager

from celery import current_task

from shared.dispatch import Task
from shared.telemetry import context
from shared.telemetry.spans import spans


@contextmanager
def step(task: Task, **about: object) -> Iterator[None]:
    """Know what a task is about, and which request it goes back to, for the time of a block."""
    message = current_task.request
    carried = {name: message.get(name) for name in context.CARRIED}
    with context.about(step=task.value, **about, **carried):
        if task is Task.ANSWER:
            # Of many requests, each with a trace of its own: the journal has a span for each.
            yield
            return
        with spans.around(task.value, carried["traceparent"] or "", about):
            yield
