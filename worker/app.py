"""The Celery app of the worker; a comment at each setting says what it prevents."""

from typing import Any

from celery import Celery
from kombu import Queue
from kombu.utils.scheduling import round_robin_cycle

from shared.card import Card
from shared.config.settings import Settings
from shared.config.startup import settings_or_exit
from shared.dispatch import Task, bulk_queue, former_bulk_queue, make_celery, small_queue
from shared.load_time import START_SECONDS
from shared.places.allowed import check_places
from worker.steps.crash_search import total_attempts


class InTurn(round_robin_cycle):
    """A queue order strategy of kombu: a doorbell first, but after a doorbell a bulk step.

    So a question waits for no more than the parts under way, and a flood of small jobs leaves every
    second message to bulk jobs. The queues of several models take turns: kombu's own `priority`
    would serve the queue of the first model before that of the second, which might wait for ever.
    """

    _last_was_small = False

    def consume(self, n: int) -> list[str]:
        """The names of the queues, in the order in which to take a message from one of them."""
        return sorted(
            super().consume(n), key=lambda queue: _is_small(queue) == self._last_was_small
        )

    def rotate(self, last_used: str) -> str:
        """Note the queue from which a message was taken: it and its kind come last now."""
        self._last_was_small = _is_small(last_used)
        super().rotate(last_used)
        return last_used


def _is_small(queue: str) -> bool:
    return queue.startswith(small_queue(""))


#: The names of the queues of a model, by its full name.
QUEUES = (small_queue, bulk_queue, former_bulk_queue)

#: The tasks that may process a file of fifty million rows, and have a time limit of their own. A
#: model, which can hang, runs in them only for the rows of results that were damaged.
_LONG_TASKS = (Task.READ, Task.FINISH, Task.JOIN)


def time_limits(settings: Settings) -> dict[str, float]:
    """After how many seconds Celery ends the process that runs a task; by the task's name."""
    limits = {task.value: settings.task_time_limit for task in Task}
    return limits | dict.fromkeys(_LONG_TASKS, settings.finish_time_limit)


def make_worker(settings: Settings) -> Celery:
    """Make the Celery app, with the settings that only the worker needs."""
    app = make_celery(settings)
    app.conf.update(
        imports=["worker.tasks", "worker.bootstrap"],
        # By default Celery kills a new process that is not ready within 4 s, and starts another.
        # An import of TensorFlow takes longer, so that would go on for ever. `worker.__main__`
        # allows more for large models.
        worker_proc_alive_timeout=START_SECONDS,
        # Acknowledge the message of a part only after it is scored, so that a process that is
        # killed in between loses nothing. The lease of the part covers the rest of the work.
        task_acks_late=True,
        # If a process is killed, try its task again, up to the number of attempts that a part has
        # (its record counts them). The older `task_reject_on_worker_lost` puts the message back
        # without limit, even if the part kills every process that scores it.
        task_retry_on_worker_lost=True,
        # Try again at once: after Celery's default of three minutes the part's lease has run out.
        task_annotations={
            "*": {"max_retries": total_attempts(settings.max_attempts), "default_retry_delay": 0},
            **{task.value: {"time_limit": settings.finish_time_limit} for task in _LONG_TASKS},
        },
        # How long Celery waits for the result of a dead process before it tries the task again.
        # The default is ten seconds; here nobody reads results, and a step may run twice.
        worker_lost_wait=1.0,
        # Without this a busy worker hoards parts that an idle one could score, and loses them if
        # it dies. The multiplier must be 0 (no limit): it counts messages that are not
        # acknowledged. Any that is never acknowledged would lower the limit for ever, until the
        # worker takes no work any more.
        worker_disable_prefetch=True,
        worker_prefetch_multiplier=0,
        # Frees a process whose model hangs.
        task_time_limit=settings.task_time_limit,
        # A worker survives an outage of Redis of any length, at its start and later.
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        # If the broker goes away, it will deliver the tasks under way again, maybe to other
        # workers. There is no reason to end them here: a step may run twice.
        worker_cancel_long_running_tasks_on_connection_loss=False,
        # Nobody reads events or sends remote commands, and each of them needs a channel in Redis.
        worker_send_task_events=False,
        worker_enable_remote_control=False,
        worker_hijack_root_logger=False,
    )
    app.conf.broker_transport_options = {
        **app.conf.broker_transport_options,
        "queue_order_strategy": f"{InTurn.__module__}:{InTurn.__name__}",
    }
    return app


def process_count(settings: Settings) -> int:
    """The number of scoring processes of a worker."""
    if settings.processes:
        return settings.processes
    # joblib respects a container's CPU limit and the process's CPU affinity. It is imported only
    # where it is asked, as its import takes a good part of a worker's start.
    import joblib  # noqa: PLC0415

    return int(joblib.cpu_count())


def serve_queues(app: Celery, cards: list[Card]) -> None:
    """Make the worker consume the queues of these models only."""
    names = [card.full_name for card in cards]
    app.conf.task_queues = [_queue(queue(name)) for queue in QUEUES for name in names]


def _queue(name: str) -> Queue:
    return Queue(name, routing_key=name)


def drop_queues(consumer: Any, full_name: str) -> None:
    """Make Celery's consumer take no more messages for a model; callable from any thread.

    What waits in its queues stays there for workers that serve the model.
    """
    for queue in QUEUES:
        consumer.call_soon(consumer.cancel_task_queue, queue(full_name))


def add_queues(consumer: Any, full_name: str, *, load_seconds: float) -> None:
    """Make Celery's consumer take the messages for one more model; callable from any thread.

    Args:
        consumer: Celery's.
        full_name: the model.
        load_seconds: how long a process that is started from now on may load its models.
    """
    for queue in QUEUES:
        consumer.call_soon(_consume, consumer, _queue(queue(full_name)))
    # Celery reads the setting only when it makes the pool.
    consumer.pool._pool._proc_alive_timeout = load_seconds


def _consume(consumer: Any, queue: Queue) -> None:
    consumer.app.amqp.queues.add(queue)
    consumer.add_task_queue(queue.name)


app = make_worker(settings_or_exit("worker", check_places))
