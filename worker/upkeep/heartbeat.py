"""The heartbeat of a worker, and its turns at reconciling: a thread of the main process."""

import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Sequence
from hashlib import sha256

from celery.worker.state import active_requests
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from shared.fleet import Fleet
from shared.jobs.job_store import JobStore
from worker.models.served_models import ServedModels
from worker.upkeep.reconciler import Reconciler
from worker.upkeep.stall_detector import LOADING, StallDetector

logger = logging.getLogger(__name__)

#: How long a stalled worker may take to stop in an orderly way, in seconds; then it is ended.
SHUTDOWN_SECONDS = 30.0

#: The longest time for which the end of a turn is awaited when the worker stops, in seconds.
SECONDS_OF_A_TURN = 5.0

#: The share of a period in which the turn of one worker at reconciling is enough.
TURN_SHARE = 0.9


class Heartbeat(threading.Thread):
    """Sends heartbeats and reconciles, until it is stopped.

    If Redis is away it logs a warning at each turn, and goes on.

    Attributes:
        stalled: set when it ends the worker because the worker takes no work any more.
    """

    def __init__(
        self,
        node: str,
        models: ServedModels,
        fleet: Fleet,
        reconciler: Reconciler,
        *,
        store: JobStore,
        stall_detector: StallDetector,
        drop_queues: Callable[[str], None],
        heartbeat_seconds: float,
        reconcile_seconds: float,
        publish: Sequence[Callable[[], None]] = (),
    ) -> None:
        """Take what to do in each turn.

        Args:
            node: the name of the worker.
            models: the models that it serves.
            fleet: gets the heartbeats.
            reconciler: looks for lost work of these models.
            store: knows whether work waits for these models.
            stall_detector: says whether the worker takes that work.
            drop_queues: takes no more work for the model of this full name.
            heartbeat_seconds: from one heartbeat to the next.
            reconcile_seconds: from one run of the reconciler to the next.
            publish: called in turn after each heartbeat, to publish the status of the worker and
                the state of the service.
        """
        super().__init__(name="heartbeat", daemon=True)
        self.stalled = threading.Event()
        self._node = node
        self._models = models
        self._drop_queues = drop_queues
        self._dropped: set[str] = set()
        self._fleet = fleet
        self._reconciler = reconciler
        self._store = store
        self._stall_detector = stall_detector
        self._heartbeat_seconds = heartbeat_seconds
        self._reconcile_seconds = reconcile_seconds
        self._publish = publish
        self._stopped = threading.Event()

    def run(self) -> None:
        """Send heartbeats until `stop`."""
        ready, next_reconcile = False, 0.0
        while not self._stopped.wait(self._heartbeat_seconds if ready else 0.2):
            try:
                # Also those that processes load at this moment: they announce them themselves.
                announced, leaving = self._models.names(), self._models.leaving()
                processes = self._fleet.beat(self._node, announced, leaving)
                self._models.note_told(leaving)
                full_names = self._models.consumed()
                self._follow(processes)
                if processes and not ready:
                    ready = True
                    logger.info("ready: %s", ", ".join(full_names))
                    self._fleet.forget_removed(self._models.known_names)
                if self._is_stalled(processes, full_names):
                    self._end_stalled_worker()
                if ready and time.monotonic() >= next_reconcile:
                    next_reconcile = time.monotonic() + self._reconcile_seconds
                    if self._is_due(full_names):
                        self._reconciler.reconcile(full_names)
                # Last, because its failure must prevent nothing. Also before the first process is
                # ready: until then the service is not, as its models are to be served.
                for publish in self._publish:
                    publish()
            except (RedisError, OperationalError) as error:
                logger.warning("no heartbeat: Redis does not answer (%s)", error)
            except Exception:
                # If this thread ended, the others would take the worker for dead, and it would
                # look for no more lost work.
                logger.exception("a heartbeat failed")

    def _is_due(self, full_names: list[str]) -> bool:
        """Whether no worker of the same models has reconciled in this period.

        Otherwise the cost would grow with the square of the number of workers: each would look
        after all of them.
        """
        models = sha256(" ".join(sorted(full_names)).encode()).hexdigest()[:12]
        # A little less than the period: a worker that is alone must not miss its own next turn.
        return self._store.due(f"reconcile-{models}", TURN_SHARE * self._reconcile_seconds)

    def _follow(self, processes: int) -> None:
        """Take no more work for models that a scoring process could not load."""
        refused = set(self._models.refused())
        for full_name in refused - self._dropped:
            self._drop_queues(full_name)
        self._dropped = refused
        self._models.note_ready(processes)

    def _is_stalled(self, processes: int, full_names: list[str]) -> bool:
        busy = len(active_requests) >= processes
        tasks = {request.name for request in active_requests} if busy else set()
        if not processes:
            tasks = {LOADING}
        waits = self._store.waits(full_names)
        return self._stall_detector.is_stalled(work_waits=waits, busy_with=tasks)

    def _end_stalled_worker(self) -> None:
        """Stop the worker with an exit status that makes it restart; the new one will take work."""
        logger.critical("the worker stops: work waits for it, and it takes none")
        self.stalled.set()
        os.kill(os.getpid(), signal.SIGTERM)
        if not self._stopped.wait(SHUTDOWN_SECONDS):
            # The signal has no effect either.
            os._exit(os.EX_SOFTWARE)

    def stop(self) -> None:
        """Announce that the worker stops, and send no more heartbeats."""
        self._stopped.set()
        # A turn that is under way would announce the worker again.
        self.join(SECONDS_OF_A_TURN)
        try:
            self._fleet.leave(self._node)
        except RedisError as error:
            logger.warning("the worker's announcement stays until it runs out (%s)", error)
