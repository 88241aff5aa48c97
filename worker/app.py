"""The Celery app of the worker, and what its settings prevent."""

from celery import Celery
from kombu import Queue
from kombu.utils.scheduling import round_robin_cycle

from shared.config.settings import Settings
from shared.config.startup import settings_or_exit
from shared.dispatch import Task, bulk_queue, make_celery, small_queue
from shared.model import Card
from worker.steps.crash_search import most_attempts


class SmallFirst(round_robin_cycle):
    """Doorbells before parts; among the parts of several models, turn by turn.

    kombu's own `priority` would serve the bulk queue of the first model before that of the second,
    which might then wait for ever.
    """

    def consume(self, n: int) -> list[str]:
        """The order in which to look into the queues."""
        return sorted(super().consume(n), key=lambda queue: not queue.startswith(small_queue("")))


def make_worker(settings: Settings) -> Celery:
    """The Celery app with the settings that only the worker needs."""
    app = make_celery(settings)
    app.conf.update(
        imports=["worker.tasks", "worker.upkeep.heartbeat", "worker.callbacks.sender"],
        # An import of TensorFlow takes longer than the 4 s after which a new process would be
        # taken for dead, killed, started again, killed ...
        worker_proc_alive_timeout=180,
        # The message of a part goes when the part is scored: a process that is killed over it loses
        # nothing, and its lease covers what is left to do.
        task_acks_late=True,
        # A process that was killed: try its task again, as often as the part is taken up at all
        # (the record counts). The older `task_reject_on_worker_lost` puts the message back for
        # ever, also that of a part which kills every process it meets.
        task_retry_on_worker_lost=True,
        # At once: Celery's own delay is three minutes, and the part's lease would run out first.
        task_annotations={
            "*": {"max_retries": most_attempts(settings.max_attempts), "default_retry_delay": 0},
            # They may have a file of fifty million rows before them, and run no model that might
            # hang.
            Task.READ.value: {"time_limit": settings.finish_time_limit},
            Task.FINISH.value: {"time_limit": settings.finish_time_limit},
        },
        # How long the result of a dead process is waited for before its task is tried again. By
        # default ten seconds; here nobody wants a result, and a step may run twice.
        worker_lost_wait=1.0,
        # Without this a busy worker hoards parts that an idle one could score, and a worker that
        # dies takes them with it. It counts requests; the multiplier must be 0 (no limit), because
        # that one counts messages that are not acknowledged: those whose acknowledgement failed,
        # while Redis was away, would fill it for ever, and the worker would take no work again.
        worker_disable_prefetch=True,
        worker_prefetch_multiplier=0,
        # A model that hangs holds its process until here.
        task_time_limit=settings.task_time_limit,
        # A worker outlives a Redis that is away, at start and later, however long.
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        # What was taken from a broker that went away will come back to somebody else.
        worker_cancel_long_running_tasks_on_connection_loss=False,
        # Nobody listens to events or sends remote commands; each costs Redis a channel.
        worker_send_task_events=False,
        worker_enable_remote_control=False,
        worker_hijack_root_logger=False,
    )
    app.conf.broker_transport_options = {
        **app.conf.broker_transport_options,
        "queue_order_strategy": f"{SmallFirst.__module__}:{SmallFirst.__name__}",
    }
    return app


def serve_queues(app: Celery, cards: list[Card]) -> None:
    """Let the worker take the work of these models, and no other."""
    names = [card.full_name for card in cards]
    app.conf.task_queues = [
        Queue(queue(name), routing_key=queue(name))
        for queue in (small_queue, bulk_queue)
        for name in names
    ]


app = make_worker(settings_or_exit("worker"))
