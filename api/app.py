"""The only place where the API is put together."""

from flask import Flask

from api import (
    article,
    bad_rows,
    docs_page,
    errors,
    events,
    health,
    jobs,
    metrics,
    models,
    openapi,
    results,
    retrying,
    submitting,
    summary,
)
from api.access import Access
from api.asker import Asker
from api.bells import Bells
from api.services import Services
from api.slots import Slots
from api.v1 import batches as v1_batches
from api.v1 import files as v1_files
from api.witness import Witness
from shared.blobs import Blobs
from shared.dispatch import Dispatch
from shared.fleet import Fleet
from shared.job_store import JobStore
from shared.overview import Overview
from shared.settings import Settings


def create_app(
    settings: Settings,
    *,
    store: JobStore,
    blobs: Blobs,
    dispatch: Dispatch,
    fleet: Fleet,
    overview: Overview,
) -> Flask:
    """The WSGI app, with its collaborators handed in."""
    app = Flask(__name__, static_folder=None)
    # Answers carry refs and texts as they were typed, in the order a reader expects.
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.extensions["scorelane"] = Services(
        settings,
        store,
        blobs,
        dispatch,
        fleet,
        overview,
        Asker(settings, store, dispatch),
        Slots(settings.max_streams),
        Bells(settings, store),
    )
    errors.register(app)
    app.wsgi_app = Witness(app, settings)  # type: ignore[method-assign]
    Access(settings, store).register(app)
    for resource in (
        article, submitting, jobs, retrying, events, results, bad_rows, summary, models, health,
        metrics, openapi, docs_page, v1_files, v1_batches,
    ):  # fmt: skip
        app.register_blueprint(resource.blueprint)
    return app
