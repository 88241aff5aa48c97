"""The heartbeat of a worker, and its turns at reconciling: a thread of the main process."""

import logging
import os
import signal
import threading
import time
from collections.abc import Callable

from celery.signals import task_received, worker_process_init, worker_ready, worker_shutdown
from celery.worker.state import active_requests
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from shared.config.settings import load_settings
from shared.dispatch import CeleryDispatch, make_celery
from shared.fleet import Fleet
from shared.jobs.job_store import JobStore
from shared.model import read_cards
from shared.redis.fleet import RedisFleet
from shared.redis.job_store import RedisJobStore
from shared.redis.link import RedisLink
from shared.storage.blobs import FolderBlobs
from shared.telemetry.prometheus import MetricsCollector
from worker.loading import node_name
from worker.telemetry.metrics_server import MetricsServer
from worker.time_limits import time_limits
from worker.upkeep.reconciler import Reconciler
from worker.upkeep.stall_detector import StallDetector
from worker.upkeep.status import WorkerStatus

logger = logging.getLogger(__name__)

#: A worker that is silent gets so long to end by itself, in seconds.
LAST_SECONDS = 30.0

#: Set where the worker ended because it took no work any more.
silent = threading.Event()

_heart: "Heartbeat | None" = None
_consumption: StallDetector | None = None
_metrics: MetricsServer | None = None


class Heartbeat(threading.Thread):
    """Beats, and reconciles, until it is stopped; a Redis that is away only makes it complain."""

    def __init__(
        self,
        node: str,
        full_names: list[str],
        fleet: Fleet,
        reconciler: Reconciler,
        *,
        store: JobStore,
        consumption: StallDetector,
        beat_seconds: float,
        reconcile_seconds: float,
        describe: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__(name="heart", daemon=True)
        self._node = node
        self._full_names = full_names
        self._fleet = fleet
        self._reconciler = reconciler
        self._store = store
        self._consumption = consumption
        self._beat_seconds = beat_seconds
        self._reconcile_seconds = reconcile_seconds
        self._describe = describe
        self._stopped = threading.Event()

    def run(self) -> None:
        """Beat until `stop`."""
        ready, next_reconcile = False, 0.0
        while not self._stopped.wait(self._beat_seconds if ready else 0.2):
            try:
                processes = self._fleet.beat(self._node)
                if processes and not ready:
                    ready = True
                    logger.info("ready: %s", ", ".join(self._full_names))
                if self._is_silent(processes):
                    self._end_silent()
                if ready and time.monotonic() >= next_reconcile:
                    next_reconcile = time.monotonic() + self._reconcile_seconds
                    self._reconciler.reconcile(self._full_names)
                if processes:
                    # Last: nothing hangs on it.
                    self._describe()
            except (RedisError, OperationalError) as error:
                logger.warning("no heartbeat: Redis does not answer (%s)", error)
            except Exception:
                # Without its heart a worker is taken for dead, and lost work stays lost.
                logger.exception("a heartbeat failed")

    def _is_silent(self, processes: int) -> bool:
        busy = len(active_requests) >= processes
        tasks = {request.name for request in active_requests} if busy else set()
        waits = self._store.waits(self._full_names)
        return self._consumption.is_silent(waits=waits, busy_with=tasks)

    def _end_silent(self) -> None:
        """End the worker: whoever started it starts it anew, and the new one takes work."""
        logger.critical("the worker stops: work waits for it, and it takes none")
        silent.set()
        os.kill(os.getpid(), signal.SIGTERM)
        if not self._stopped.wait(LAST_SECONDS):
            # It does not even hear that.
            os._exit(os.EX_SOFTWARE)

    def stop(self) -> None:
        """Say that the worker stops, and beat no more."""
        self._stopped.set()
        try:
            self._fleet.leave(self._node)
        except RedisError as error:
            logger.warning("the worker's announcement stays until it runs out (%s)", error)


@worker_ready.connect
def start(**_: object) -> None:
    """Start the heart when the worker consumes."""
    global _heart, _consumption  # noqa: PLW0603  one a worker; Celery's signals hand nothing on
    settings = load_settings()
    link = RedisLink(settings)
    store, fleet = RedisJobStore(link, settings), RedisFleet(link, settings)
    # An app of its own: the worker's connections belong to the thread of its event loop.
    dispatch = CeleryDispatch(make_celery(settings), link.now)
    blobs = FolderBlobs(settings.blobs_dir)
    names = [card.full_name for card in read_cards(settings.models_dir, settings.serve).values()]
    _consumption = StallDetector(time_limits(settings))
    node = node_name(os.getpid())
    vitals = WorkerStatus(node, os.getpid(), names, fleet=fleet, link=link, blobs=blobs.identity())
    _heart = Heartbeat(
        node,
        names,
        fleet,
        Reconciler(settings, store=store, blobs=blobs, dispatch=dispatch, fleet=fleet),
        store=store,
        consumption=_consumption,
        beat_seconds=settings.heartbeat_seconds,
        reconcile_seconds=settings.reconcile_seconds,
        describe=vitals.describe,
    )
    _heart.start()
    if settings.metrics_port:
        _serve_metrics((settings.metrics_host, settings.metrics_port), vitals)


def _serve_metrics(address: tuple[str, int], vitals: WorkerStatus) -> None:
    global _metrics  # noqa: PLW0603  one a worker; Celery's signals hand nothing on
    try:
        _metrics = MetricsServer(address, MetricsCollector(vitals.numbers).page)
    except OSError as error:
        # Scoring goes on without it.
        reason = "no metrics at %s:%d (SCORELANE_METRICS_PORT): %s"
        logger.error(reason, *address, error.strerror)  # noqa: TRY400  the rest says nothing
        return
    _metrics.begin()


@worker_process_init.connect
def close_metrics(**_: object) -> None:
    """Let a process that takes the place of another not hold the socket too."""
    if _metrics:
        _metrics.socket.close()


@task_received.connect
def take(**_: object) -> None:
    """Note that the worker takes work."""
    if _consumption:
        _consumption.took()


@worker_shutdown.connect
def stop(**_: object) -> None:
    """Stop the heart with the worker."""
    if _heart:
        _heart.stop()
