"""The heartbeat of a worker, and its turns at reconciling: a thread of the main process."""

import logging
import os
import threading
import time

from celery.signals import worker_ready, worker_shutdown
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from shared.blobs import FolderBlobs
from shared.dispatch import CeleryDispatch, make_celery
from shared.fleet import Fleet, RedisFleet
from shared.model import read_cards
from shared.redis_job_store import RedisJobStore
from shared.redis_link import RedisLink
from shared.settings import load_settings
from worker.preload import node_name
from worker.reconciler import Reconciler

logger = logging.getLogger(__name__)

_heart: "Heart | None" = None


class Heart(threading.Thread):
    """Beats, and reconciles, until it is stopped; a Redis that is away only makes it complain."""

    def __init__(
        self,
        node: str,
        full_names: list[str],
        fleet: Fleet,
        reconciler: Reconciler,
        *,
        beat_seconds: float,
        reconcile_seconds: float,
    ) -> None:
        super().__init__(name="heart", daemon=True)
        self._node = node
        self._full_names = full_names
        self._fleet = fleet
        self._reconciler = reconciler
        self._beat_seconds = beat_seconds
        self._reconcile_seconds = reconcile_seconds
        self._stopped = threading.Event()

    def run(self) -> None:
        """Beat until `stop`."""
        ready, next_reconcile = False, 0.0
        while not self._stopped.wait(self._beat_seconds if ready else 0.2):
            try:
                if self._fleet.beat(self._node) and not ready:
                    ready = True
                    logger.info("ready: %s", ", ".join(self._full_names))
                if ready and time.monotonic() >= next_reconcile:
                    next_reconcile = time.monotonic() + self._reconcile_seconds
                    self._reconciler.reconcile(self._full_names)
            except (RedisError, OperationalError) as error:
                logger.warning("no heartbeat: Redis does not answer (%s)", error)
            except Exception:
                # Without its heart a worker is taken for dead, and lost work stays lost.
                logger.exception("a heartbeat failed")

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
    global _heart  # noqa: PLW0603  one a worker; Celery's signals hand nothing on
    settings = load_settings()
    link = RedisLink(settings)
    store, fleet = RedisJobStore(link, settings), RedisFleet(link, settings)
    # An app of its own: the worker's connections belong to the thread of its event loop.
    dispatch = CeleryDispatch(make_celery(settings))
    blobs = FolderBlobs(settings.blobs_dir)
    cards = read_cards(settings.models_dir, settings.serve).values()
    _heart = Heart(
        node_name(os.getpid()),
        [card.full_name for card in cards],
        fleet,
        Reconciler(settings, store=store, blobs=blobs, dispatch=dispatch, fleet=fleet),
        beat_seconds=settings.heartbeat_seconds,
        reconcile_seconds=settings.reconcile_seconds,
    )
    _heart.start()


@worker_shutdown.connect
def stop(**_: object) -> None:
    """Stop the heart with the worker."""
    if _heart:
        _heart.stop()
