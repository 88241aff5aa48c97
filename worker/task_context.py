"""The context of a task: log lines and messages from within it carry its ids."""

from collections.abc import Iterator
from contextlib import contextmanager

from celery import current_task

from shared.dispatch import Task
from shared.telemetry import context
from shared.telemetry.spans import spans


@contextmanager
def step(task: Task, **about: object) -> Iterator[None]:
    """Run a block as a task: set its log context, and record its span.

    The context is what the task is `about` (a job, a part, a model), and what the message carried
    from the request that caused it: the request's id and its trace.
    """
    message = current_task.request
    carried = {name: message.get(name) for name in context.CARRIED}
    with context.about(step=task.value, **about, **carried):
        if task is Task.ANSWER:
            # It answers many requests, each with its own trace: the journal records their spans.
            yield
            return
        with spans.around(task.value, carried["traceparent"] or "", about):
            yield
