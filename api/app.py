"""The application factory: the one place where the parts of the API are put together."""

from flask import Flask

from api import errors
from api.canary import Canary
from api.console import page as console
from api.docs import openapi, swagger_page
from api.inference import invocations, score, v2
from api.jobs import events
from api.jobs import views as jobs
from api.operations import (
    health,
    metrics,
    model_drift,
    model_uploads,
    models,
    service,
    traffic,
    versions,
)
from api.process.body_memory import BodyMemory
from api.process.direct_downloads import DirectDownloads
from api.process.job_waits import JobWaits
from api.process.stream_slots import StreamSlots
from api.process.sync_scorer import SyncScorer
from api.request_log import RequestLog
from api.results import links, receipt, row_errors, summary
from api.results import views as results
from api.security import identity
from api.security.access import Access, current_identity
from api.services import NAME, Services
from api.submission import retry, sentiment, submit
from api.usage import views as usage
from api.v1 import batches as v1_batches
from api.v1 import files as v1_files
from shared.aliases import Aliases
from shared.config.settings import Settings
from shared.dispatch import Dispatch
from shared.fleet import Fleet
from shared.jobs.job_store import JobStore
from shared.monitoring.monitor import Monitor
from shared.monitoring.overview import Overview
from shared.places.output_folder import OpenOutput, OutputFolder
from shared.places.stores import Stores
from shared.places.web_files import WebFiles
from shared.storage.blobs import Blobs
from shared.storage.direct_files import DirectFiles


def create_app(  # noqa: PLR0913  the parts of the API, each by its name
    settings: Settings,
    *,
    store: JobStore,
    blobs: Blobs,
    dispatch: Dispatch,
    fleet: Fleet,
    aliases: Aliases,
    overview: Overview,
    monitor: Monitor,
    stores: Stores | None = None,
    direct_files: DirectFiles | None = None,
    open_output: OpenOutput = OutputFolder,
) -> Flask:
    """The WSGI app.

    Args:
        settings: of the API.
        store: the records of jobs.
        blobs: uploads and results.
        dispatch: sends tasks to the workers.
        fleet: which models and workers there are.
        aliases: which versions of models their names mean.
        overview: how much work waits, runs and is done.
        monitor: what the service remembers of itself for its operators.
        stores: object storage with files of users; None: that of the environment.
        direct_files: signs addresses in object storage; None: the blobs are not there.
        open_output: opens the folder of a user that gets the results of a job.
    """
    app = Flask(__name__, static_folder=None)
    # JSON keeps texts readable (no \uXXXX), and fields in the order in which the code names them.
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    app.json.sort_keys = False  # type: ignore[attr-defined]
    waits = JobWaits(settings, store)
    direct = None
    if direct_files:
        direct = DirectDownloads(direct_files, blobs=blobs, dispatch=dispatch, waits=waits)
    app.extensions[NAME] = Services(
        settings,
        store,
        blobs,
        dispatch,
        fleet,
        aliases,
        overview,
        monitor,
        SyncScorer(settings, store, dispatch),
        StreamSlots(settings.max_streams),
        waits,
        BodyMemory(settings.body_memory_bytes),
        stores or Stores(web=WebFiles(settings)),
        Canary(lambda: current_identity().owner),
        open_output,
        direct,
    )
    errors.register(app)
    app.wsgi_app = RequestLog(app, settings)  # type: ignore[method-assign]
    Access(settings, store).register(app)
    for resource in (
        sentiment,
        score,
        invocations,
        v2,
        submit,
        jobs,
        retry,
        events,
        results,
        row_errors,
        links,
        summary,
        receipt,
        models,
        model_uploads,
        versions,
        traffic,
        model_drift,
        health,
        metrics,
        service,
        openapi,
        swagger_page,
        console,
        identity,
        usage,
        v1_files,
        v1_batches,
    ):
        app.register_blueprint(resource.blueprint)
    return app
