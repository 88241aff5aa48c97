"""How one program asks the other for work: the names of tasks and queues, and who sends them."""

import time
from collections.abc import Callable
from enum import StrEnum
from typing import Protocol
from urllib.parse import quote, urlsplit

from celery import Celery
from typing_extensions import override

from shared.config.settings import Settings
from shared.telemetry import context


class Task(StrEnum):
    """The tasks; a step's task, function and log action have the same name."""

    READ = "read"  #: Look at the requests of a batch, and store their rows.
    SPLIT = "split"  #: Cut an upload into parts, and start its lanes.
    SCORE = "score"  #: Score one part.
    FINISH = "finish"  #: Close a job whose parts are all done.
    ANSWER = "answer"  #: Score the small jobs that wait: the doorbell.


def small_queue(full_name: str) -> str:
    """The queue of a model's doorbell; workers serve it before `bulk_queue`."""
    return f"small.{full_name}"


def bulk_queue(full_name: str) -> str:
    """The queue of a model's splits and parts."""
    return f"bulk.{full_name}"


class Dispatch(Protocol):
    """Asks for work. Messages carry ids, never rows; any of them may arrive twice."""

    def read(self, full_name: str, job_id: str) -> None:
        """Have the requests of a batch looked at; then it is split."""

    def split(self, full_name: str, job_id: str) -> None:
        """Have the upload of a job cut into parts."""

    def score(self, full_name: str, job_id: str, part: int) -> None:
        """Have one part scored."""

    def finish(self, full_name: str, job_id: str) -> None:
        """Have a job closed whose parts are all done."""

    def answer(self, full_name: str) -> None:
        """Ring the doorbell: small jobs wait for this model."""


class CeleryDispatch(Dispatch):
    """Sends the tasks as Celery messages."""

    def __init__(self, app: Celery, clock: Callable[[], float] = time.time) -> None:
        """Take the app, and the clock by which messages say when they were sent."""
        self._app = app
        self._clock = clock

    @override
    def read(self, full_name: str, job_id: str) -> None:
        self._send(Task.READ, bulk_queue(full_name), job_id)

    @override
    def split(self, full_name: str, job_id: str) -> None:
        self._send(Task.SPLIT, bulk_queue(full_name), job_id)

    @override
    def score(self, full_name: str, job_id: str, part: int) -> None:
        self._send(Task.SCORE, bulk_queue(full_name), job_id, part)

    @override
    def finish(self, full_name: str, job_id: str) -> None:
        self._send(Task.FINISH, bulk_queue(full_name), job_id)

    @override
    def answer(self, full_name: str) -> None:
        self._send(Task.ANSWER, small_queue(full_name), full_name)

    def _send(self, task: Task, queue: str, *args: object) -> None:
        # Without `retry=False` a publish to an absent broker is tried for minutes, and a client of
        # the API waits as long.
        self._app.send_task(
            task,
            args,
            queue=queue,
            ignore_result=True,
            retry=False,
            headers={"sent_at": self._clock(), **context.headers()},
        )


def make_celery(settings: Settings) -> Celery:
    """A Celery app with what the sender and the worker must agree on."""
    app = Celery(
        "scorelane",
        broker=broker_url(settings.redis_url, settings.redis_password),
        set_as_current=False,
    )
    app.conf.update(
        # Pickled messages would let whoever reaches Redis run code here.
        accept_content=["json"],
        task_serializer="json",
        # The job record is the result; an unread result would stay in Redis for a day.
        task_ignore_result=True,
        # A queue must exist by being sent to: they are named after model versions.
        task_create_missing_queues=True,
        # No pool place, no connection, no answer: an error in seconds, never a hang.
        broker_pool_acquire_timeout=settings.redis_timeout,
        broker_connection_timeout=settings.redis_timeout,
        broker_transport_options={
            "global_keyprefix": settings.key_prefix,
            # Well above a part's time, far below kombu's hour: what a lost container held comes
            # back soon. All apps on a broker get the shortest one, so sender and worker share it.
            "visibility_timeout": 60,
            # kombu looks for such messages at every 10th turn of a 10-second timer otherwise.
            "unacked_restore_interval": 10,
            "unacked_restore_throttle": 1,
            # Nobody here sends with a priority: one Redis list a queue, not four.
            "priority_steps": [0],
            # A peer that vanished without a word would hold a publish for ever.
            "socket_timeout": settings.redis_timeout,
            "socket_connect_timeout": settings.redis_timeout,
            "socket_keepalive": True,
            "health_check_interval": 10,
        },
    )
    return app


def broker_url(redis_url: str, password: str | None = None) -> str:
    """The kombu form of a redis-py address; they differ for Unix sockets.

    Args:
        redis_url: as redis-py takes it.
        password: where the address has none.
    """
    parts = urlsplit(redis_url)
    user = f":{quote(password, safe='')}@" if password and "@" not in parts.netloc else ""
    if parts.scheme != "unix":
        return parts._replace(netloc=user + parts.netloc).geturl()
    return f"redis+socket://{user}{parts.path}"
