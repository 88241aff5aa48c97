"""How one program asks another for work: tasks, queues, and the Celery app that sends tasks."""

import time
from collections.abc import Callable
from enum import StrEnum
from functools import partial
from typing import Any, Protocol

from celery import Celery
from kombu.transport import TRANSPORT_ALIASES
from typing_extensions import override

from shared.config.settings import Settings
from shared.message_template import MessageTemplate
from shared.redis_address import RedisAddress
from shared.telemetry import context

#: The name of our transport for kombu, which imports it when it connects.
TRANSPORT = "scorelane"
TRANSPORT_ALIASES[TRANSPORT] = "shared.redis.broker:Transport"

#: For how many models the message of a doorbell is remembered.
MOST_TEMPLATES = 1000


class Task(StrEnum):
    """The tasks. The task, the function and the log action of a step have the same name."""

    READ = "read"  #: Check the requests of a batch, and store their rows.
    SPLIT = "split"  #: Cut an upload into parts, and start its lanes.
    SCORE = "score"  #: Score one part.
    FINISH = "finish"  #: Close a job whose parts are all done.
    JOIN = "join"  #: Write all results of a job as one file, for downloads from object storage.
    RETRACT = "retract"  #: Remove what a job has left in the folder of a user.
    ANSWER = "answer"  #: Score the small jobs that wait: the doorbell.


def small_queue(full_name: str) -> str:
    """The queue of a model's doorbell. A worker takes turns between it and `bulk_queue`."""
    return f"small.{full_name}"


def bulk_queue(full_name: str) -> str:
    """The queue of a model's bulk jobs: reads, splits, parts, finishes, joins and retracts."""
    return f"bulk2.{full_name}"


def former_bulk_queue(full_name: str) -> str:
    """The queue of the releases whose blobs have no checksums; workers still take what is in it.

    A worker of such a release would take the checksums of a blob for rows, without a word, so it
    must not see newer jobs.
    """
    return f"bulk.{full_name}"


class Dispatch(Protocol):
    """Sends messages that ask for work. They carry ids, never rows, and each may arrive twice."""

    def read(self, full_name: str, job_id: str) -> None:
        """Ask a worker to check the requests of a batch and store their rows; a split follows."""

    def split(self, full_name: str, job_id: str, *, soon: bool = False) -> None:
        """Ask a worker to cut an upload into parts; `soon`: before the parts that wait."""

    def score(self, full_name: str, job_id: str, part: int) -> None:
        """Ask a worker to score one part."""

    def finish(self, full_name: str, job_id: str) -> None:
        """Ask a worker to close a job whose parts are all done, before the parts that wait."""

    def join(self, full_name: str, job_id: str) -> None:
        """Ask a worker to write all results of a job that has succeeded as one direct file."""

    def retract(self, full_name: str, job_id: str) -> None:
        """Ask a worker to remove what a job that has not succeeded has left in a user's folder.

        Args:
            full_name: any model that is served: the job's own may not be.
            job_id: the job.
        """

    def answer(self, full_name: str) -> None:
        """Ring a model's doorbell: ask a worker to score the small jobs that wait for it."""

    def doorbell(self, full_name: str, tag: str) -> str:
        """The message of `answer` for the queue `small_queue`, for a script of Redis that sends it.

        Args:
            full_name: the model.
            tag: of letters and digits; no other message that waits or is in work has it.

        Returns:
            The message; empty if only `answer` can send it.
        """


class CeleryDispatch(Dispatch):
    """Sends the tasks as Celery messages."""

    def __init__(self, app: Celery, clock: Callable[[], float] = time.time) -> None:
        """Take the Celery app, and the clock for the time of sending in each message."""
        self._app = app
        self._clock = clock
        self._doorbells: dict[str, MessageTemplate] = {}

    @override
    def read(self, full_name: str, job_id: str) -> None:
        self._send(Task.READ, bulk_queue(full_name), job_id)

    @override
    def split(self, full_name: str, job_id: str, *, soon: bool = False) -> None:
        self._send(Task.SPLIT, bulk_queue(full_name), job_id, soon=soon)

    @override
    def score(self, full_name: str, job_id: str, part: int) -> None:
        self._send(Task.SCORE, bulk_queue(full_name), job_id, part)

    @override
    def finish(self, full_name: str, job_id: str) -> None:
        self._send(Task.FINISH, bulk_queue(full_name), job_id, soon=True)

    @override
    def join(self, full_name: str, job_id: str) -> None:
        self._send(Task.JOIN, bulk_queue(full_name), job_id)

    @override
    def retract(self, full_name: str, job_id: str) -> None:
        self._send(Task.RETRACT, bulk_queue(full_name), job_id)

    @override
    def answer(self, full_name: str) -> None:
        self._send(Task.ANSWER, small_queue(full_name), full_name)

    @override
    def doorbell(self, full_name: str, tag: str) -> str:
        template = self._doorbells.get(full_name)
        if template is None:
            if len(self._doorbells) >= MOST_TEMPLATES:
                self._doorbells.clear()
            send = partial(self._send, Task.ANSWER, small_queue(full_name), full_name)
            template = self._doorbells[full_name] = MessageTemplate(self._app, send)
        return template.message(tag, self._headers())

    def _headers(self) -> dict[str, object]:
        return {"sent_at": self._clock(), **context.headers()}

    def _send(
        self, task: Task, queue: str, *args: object, soon: bool = False, **options: Any
    ) -> None:
        # Without `retry=False` Celery tries for minutes to publish to an absent broker, and the
        # client of the API waits that long.
        self._app.send_task(
            task,
            args,
            queue=queue,
            ignore_result=True,
            # `shared.redis.broker.Channel` puts a message with a priority before the others.
            priority=1 if soon else 0,
            retry=False,
            **({"headers": self._headers()} | options),
        )


def make_celery(settings: Settings) -> Celery:
    """A Celery app with the configuration that senders and workers must share."""
    address = RedisAddress.of(settings)
    app = Celery(
        "scorelane",
        # The host is for messages: the transport connects to the address in its options.
        broker=f"{TRANSPORT}://{address.host}",
        set_as_current=False,
    )
    app.conf.update(
        # Pickled messages would let anybody who reaches Redis run code here.
        accept_content=["json"],
        task_serializer="json",
        # The job record is the result. An unread Celery result would stay in Redis for a day.
        task_ignore_result=True,
        # Queues are named after model versions, so a queue must come into being when it is sent to.
        task_create_missing_queues=True,
        # Fail within seconds, and never hang, if there is no free connection or no answer.
        broker_pool_acquire_timeout=settings.redis_timeout,
        broker_connection_timeout=settings.redis_timeout,
        broker_transport_options={
            "address": address,
            "global_keyprefix": settings.key_prefix,
            # No message has a priority, so each queue needs one Redis list instead of four.
            "priority_steps": [0],
            # Without timeouts a publish to a peer that vanished would hang for ever.
            "socket_timeout": settings.redis_timeout,
            "socket_connect_timeout": settings.redis_timeout,
            "socket_keepalive": True,
            "health_check_interval": 10,
        },
    )
    return app
