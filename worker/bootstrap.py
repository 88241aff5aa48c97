"""Wires a worker: what Celery's signals start and stop in its main process and in its children.

Celery runs the main process, and forks the scoring processes from it. The receivers of its signals
are at the end of this file, in the order in which Celery calls them; it passes them no state, so
each kind of process has one object here.
"""

import logging
import multiprocessing
import os
import signal
from functools import partial
from typing import Any

from celery.signals import (
    task_received,
    worker_process_init,
    worker_process_shutdown,
    worker_ready,
    worker_shutdown,
    worker_shutting_down,
)

from shared.config.secrets import webhook_secrets
from shared.config.settings import Settings, load_settings
from shared.dispatch import CeleryDispatch, make_celery
from shared.errors.model import ModelError
from shared.errors.service import BadWebhookSecret
from shared.monitoring.disk import disk_space
from shared.redis.aliases import RedisAliases
from shared.redis.archiving import ArchivingJobStore
from shared.redis.erasure import RedisErasure
from shared.redis.fleet import RedisFleet
from shared.redis.job_store import RedisJobStore
from shared.redis.link import RedisLink
from shared.redis.monitor import RedisMonitor
from shared.redis.overview import RedisOverview
from shared.storage.blobs import BlobStore
from shared.storage.opening import open_blobs
from shared.storage.sealed import SealedBlobs
from shared.telemetry.prometheus import MetricsCollector
from shared.webhooks.target import Allowed
from worker.announcement import node_name
from worker.app import drop_queues, time_limits
from worker.callbacks.http_post import WebhookClient
from worker.callbacks.sender import Sender
from worker.models.model_watcher import ModelWatcher
from worker.models.served_models import ServedModels
from worker.models.store_watch import Mirror
from worker.models.watching import make_watch, make_watcher
from worker.scoring_process import ScoringProcess
from worker.telemetry.metrics_server import MetricsServer
from worker.unready_processes import UnreadyProcesses
from worker.upkeep.heartbeat import Heartbeat
from worker.upkeep.reconciler import Reconciler
from worker.upkeep.sampler import Sampler
from worker.upkeep.stall_detector import LOADING, StallDetector
from worker.upkeep.status import WorkerStatus

logger = logging.getLogger(__name__)


class MainProcess:
    """The threads that run next to Celery in the main process, which scores nothing.

    Attributes:
        loading_failed: set by a scoring process that could not load its models.
        models: the models that this worker serves; `worker.__main__` sets them before Celery forks.
        mirror: what copies the models from object storage; None: they are in a folder; set at the
            same time.
        unready: the scoring processes that are not ready; set at the same time.
    """

    models: ServedModels
    mirror: Mirror | None = None
    unready: UnreadyProcesses

    def __init__(self) -> None:
        # Made before Celery forks the scoring processes, so that they share it.
        self.loading_failed = multiprocessing.Event()
        self._stall_detector: StallDetector | None = None
        self._heartbeat: Heartbeat | None = None
        self._model_watcher: ModelWatcher | None = None
        self._metrics_server: MetricsServer | None = None
        self._sender: Sender | None = None
        self._blobs: BlobStore | None = None

    @property
    def stalled(self) -> bool:
        """Whether the worker ended itself because it took no work any more."""
        return self._heartbeat is not None and self._heartbeat.stalled.is_set()

    def _open_blobs(self, settings: Settings) -> BlobStore:
        self._blobs = self._blobs or open_blobs(settings, forks=True)
        return self._blobs

    def start_heartbeat(self, settings: Settings, consumer: Any) -> None:
        """Start the heartbeat, and the metrics server if the settings name a port.

        Args:
            settings: the settings of the worker.
            consumer: Celery's, which takes messages from the queues.
        """
        link = RedisLink(settings)
        blobs = self._open_blobs(settings)
        store, fleet = ArchivingJobStore(link, settings, blobs), RedisFleet(link, settings)
        aliases = RedisAliases(link, SealedBlobs(blobs))
        # An app of its own: the worker's connections belong to the thread of its event loop.
        dispatch = CeleryDispatch(make_celery(settings), link.now)
        loading = {LOADING: self.models.load_seconds}
        self._stall_detector = StallDetector(time_limits(settings) | loading)
        node = node_name(os.getpid())
        status = WorkerStatus(
            node,
            os.getpid(),
            self.models,
            fleet=fleet,
            link=link,
            blobs=blobs.identity(),
            accepts=settings.library_versions,
        )
        sampler = Sampler(
            store=store,
            overview=RedisOverview(link),
            fleet=fleet,
            monitor=RedisMonitor(link),
            disk=partial(disk_space, settings),
        )
        self._heartbeat = Heartbeat(
            node,
            self.models,
            fleet,
            Reconciler(
                settings,
                store=store,
                blobs=SealedBlobs(blobs),
                dispatch=dispatch,
                fleet=fleet,
                erase=RedisErasure(link, settings, store).run,
                remove_unfinished=blobs.remove_unfinished,
                keep_aliases=aliases.keep,
            ),
            store=store,
            stall_detector=self._stall_detector,
            drop_queues=partial(drop_queues, consumer),
            heartbeat_seconds=settings.heartbeat_seconds,
            reconcile_seconds=settings.reconcile_seconds,
            publish=(status.describe, status.keep_references, sampler.run),
        )
        self._heartbeat.start()
        if settings.models_seconds:
            watch = make_watch(settings, self.mirror, aliases)
            self._model_watcher = make_watcher(self.models, watch, settings, consumer, link, store)
            self._model_watcher.start()
        if settings.metrics_port:
            address = settings.metrics_host, settings.metrics_port
            self.serve_metrics(address, status, settings.allowed_hosts)

    def serve_metrics(
        self, address: tuple[str, int], status: WorkerStatus, allowed_hosts: str = ""
    ) -> None:
        """Start the metrics server; if it cannot listen, log an error and go on without it."""
        page = MetricsCollector(status.metrics).page
        try:
            self._metrics_server = MetricsServer(address, page, allowed_hosts)
        except OSError as error:
            reason = "no metrics at %s:%d (SCORELANE_METRICS_PORT): %s"
            logger.error(reason, *address, error.strerror)  # noqa: TRY400  the rest says nothing
            return
        self._metrics_server.start()

    def start_sender(self, settings: Settings) -> None:
        """Start to deliver callbacks, if the settings hold a secret to sign them with."""
        try:
            if not webhook_secrets(settings):
                return
        except (BadWebhookSecret, OSError) as error:
            logger.critical("no callbacks are delivered: %s", error)
            return
        self._sender = Sender(
            settings,
            store=RedisJobStore(RedisLink(settings), settings),
            blobs=SealedBlobs(self._open_blobs(settings)),
            webhook_client=WebhookClient(
                Allowed(settings.callback_allow), settings.callback_timeout
            ),
        )
        self._sender.start()

    def note_task(self) -> None:
        """Note that the worker has taken a task from its queues."""
        if self._stall_detector:
            self._stall_detector.note_task()

    def close_metrics_socket(self) -> None:
        """Close the socket that a scoring process inherits if it is forked after the start."""
        if self._metrics_server:
            self._metrics_server.socket.close()

    def stop_heartbeat(self) -> None:
        """Announce that the worker stops."""
        if self._model_watcher:
            self._model_watcher.stop()
        if self._heartbeat:
            self._heartbeat.stop()

    def stop_sender(self) -> None:
        """Start no more deliveries."""
        if self._sender:
            self._sender.stop()


main_process = MainProcess()
scoring_process = ScoringProcess()


@worker_process_init.connect
def start_scoring(**_: object) -> None:
    """Load and measure the models, before Celery gives this process its first task.

    TensorFlow is imported here, in the child: its threads would not survive the fork.
    """
    settings = load_settings()
    try:
        with main_process.unready.getting_ready():
            scoring_process.start(settings, main_process.models)
    except Exception as error:
        # Celery logs what a receiver raises, and goes on with a process that has no model and
        # fails every task. End the whole worker instead.
        if isinstance(error, ModelError):
            logger.critical("the worker stops: %s", error)
        else:
            logger.critical("the worker stops: it could not load its models", exc_info=True)
        main_process.loading_failed.set()
        os.kill(os.getppid(), signal.SIGTERM)


@worker_process_init.connect
def close_metrics_socket(**_: object) -> None:
    """Do not hold the metrics socket in a scoring process."""
    main_process.close_metrics_socket()


@worker_process_shutdown.connect
def stop_scoring(**_: object) -> None:
    """Finish what this process has begun, before it ends."""
    scoring_process.stop()


@worker_ready.connect
def start_heartbeat(sender: Any, **_: object) -> None:
    """Start the heartbeat when the worker begins to consume; `sender` is Celery's consumer."""
    main_process.start_heartbeat(load_settings(), sender)


@worker_ready.connect
def start_sender(**_: object) -> None:
    """Start to deliver callbacks when the worker begins to consume."""
    main_process.start_sender(load_settings())


@task_received.connect
def note_task(**_: object) -> None:
    """Let the stall detector know that the worker takes work."""
    main_process.note_task()


@worker_shutting_down.connect
def end_unready(**_: object) -> None:
    """End the processes that are not ready: Celery calls this as soon as it is told to stop."""
    main_process.unready.end()


@worker_shutdown.connect
def stop_heartbeat(**_: object) -> None:
    """Stop the heartbeat with the worker."""
    main_process.stop_heartbeat()


@worker_shutdown.connect
def stop_sender(**_: object) -> None:
    """Stop delivering callbacks with the worker."""
    main_process.stop_sender()
