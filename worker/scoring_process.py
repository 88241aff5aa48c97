"""A scoring process of a worker: it has loaded the models, and runs the tasks."""

from functools import partial

from shared.config.settings import Settings
from shared.dispatch import CeleryDispatch
from shared.redis.fleet import RedisFleet
from shared.redis.job_store import RedisJobStore
from shared.redis.link import RedisLink
from shared.storage.opening import open_blobs, open_direct_files
from shared.storage.sealed import SealedBlobs
from shared.telemetry.spans import spans
from worker.announcement import announce
from worker.app import app
from worker.models.late_loading import LateLoading
from worker.models.loaded_models import LoadedModels
from worker.models.loading import load_models
from worker.models.served_models import ServedModels
from worker.pipeline import Pipeline
from worker.steps.background_close import BackgroundCloser
from worker.steps.leases import LeaseRenewer
from worker.steps.outside import Outside
from worker.telemetry.journal import Journal
from worker.telemetry.measures import counters

#: How often a lease is renewed within its time, so that one late renewal does not lose it.
RENEWALS_PER_LEASE = 3


class ScoringProcess:
    """A child of the main process, which has loaded the models and runs the tasks."""

    def __init__(self) -> None:
        self._pipeline: Pipeline | None = None
        self._closer: BackgroundCloser | None = None
        self._late_loading: LateLoading | None = None

    @property
    def pipeline(self) -> Pipeline:
        """The steps of jobs, with the models of this process.

        Raises:
            RuntimeError: no model is loaded in this process.
        """
        if self._pipeline is None:
            raise RuntimeError("no model is loaded in this process")
        return self._pipeline

    def start(self, settings: Settings, models: ServedModels) -> None:
        """Load the models, make the pipeline, and announce what this process serves.

        Raises:
            shared.errors.model.ModelError: no model can be served, or one that the worker serves
                already cannot be loaded again.
        """
        LateLoading.count_death(models)
        # Celery ends a task at its time limit: half of that is for the work itself.
        loaded = LoadedModels(load_models(models), settings.task_time_limit / 2)
        spans.start("scorelane-worker")
        link = RedisLink(settings)
        fleet = RedisFleet(link, settings)
        lease_renewer = LeaseRenewer(settings.lease_seconds / RENEWALS_PER_LEASE)
        lease_renewer.start()
        self._closer = BackgroundCloser()
        self._pipeline = Pipeline(
            settings,
            store=RedisJobStore(link, settings),
            blobs=SealedBlobs(open_blobs(settings)),
            dispatch=CeleryDispatch(app, link.now),
            fleet=fleet,
            lease_renewer=lease_renewer,
            models=loaded,
            journal=Journal(counters),
            outside=Outside(direct_files=open_direct_files(settings)),
            run_close=self._closer,
        )
        self._late_loading = LateLoading(models, loaded, partial(announce, fleet, replaces=True))
        announce(
            fleet,
            self._late_loading.served(),
            replaces=models.is_complete,
            yields=models.yielded,
        )
        loaded.look = self._late_loading.look
        self._late_loading.start()

    def stop(self) -> None:
        """Wait until the last scored part is closed, and send the spans that are left."""
        if self._late_loading:
            self._late_loading.stop()
        if self._closer:
            self._closer.wait()
        spans.stop()
