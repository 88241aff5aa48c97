"""The whole service in memory, with doubles in place of Redis, Celery and the blob store."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from support.doubles.aliases import InMemoryAliases
from support.doubles.blobs import InMemoryBlobs
from support.doubles.direct_files import InMemoryDirectFiles
from support.doubles.dispatch import InMemoryDispatch
from support.doubles.fleet import InMemoryFleet
from support.doubles.job_store import InMemoryJobStore
from support.doubles.length_model import LengthModel
from support.doubles.monitor import InMemoryMonitor
from support.doubles.overview import InMemoryOverview
from support.doubles.table_model import TableModel

from api.app import create_app
from shared.aliases import Aliases
from shared.config.settings import Settings
from shared.fleet import Served
from shared.places.address import Place
from shared.places.output_folder import OpenOutput, OutputFolder
from shared.places.stores import Stores
from shared.redis.aliases import RedisAliases
from shared.redis.archiving import ArchivingJobStore
from shared.redis.link import RedisLink
from shared.redis.monitor import RedisMonitor
from shared.redis.overview import RedisOverview
from shared.storage.blobs import Blobs
from shared.storage.sealed import SealedBlobs
from shared.telemetry.shared_counters import SharedCounters
from worker.models.loaded_models import LoadedModel
from worker.pipeline import Pipeline
from worker.steps.leases import LeaseRenewer
from worker.steps.outside import Outside
from worker.telemetry.journal import Journal
from worker.upkeep.reconciler import Reconciler


@dataclass
class Service:
    """The whole service in memory: an app, and a pipeline that runs when a test calls it."""

    app: Flask
    client: FlaskClient
    store: InMemoryJobStore
    blobs: InMemoryBlobs
    dispatch: InMemoryDispatch
    fleet: InMemoryFleet
    aliases: Aliases
    model: LengthModel | TableModel
    pipeline: Pipeline
    reconciler: Reconciler
    monitor: InMemoryMonitor
    direct_files: InMemoryDirectFiles | None

    def work(self) -> None:
        """Run all dispatched tasks, and those that they dispatch."""
        self.dispatch.run(self.pipeline)

    def step(self) -> None:
        """Run the first dispatched task."""
        task, *args = self.dispatch.messages.popleft()
        getattr(self.pipeline, task)(*args)

    def answer_at_once(self) -> None:
        """Let a doorbell run its task at once: a question blocks the thread that asks it."""
        self.dispatch.answer = self.pipeline.answer  # type: ignore[method-assign]

    def reconcile(self) -> None:
        """Run the reconciler, as a worker with this model does."""
        self.reconciler.reconcile([self.model.card.full_name])

    def lose(self) -> None:
        """Lose everything that Redis holds: the records and the queue."""
        self.store.forget()
        self.pipeline._spec.cache_clear()
        self.dispatch.messages.clear()

    def submit(self, content: bytes, **options: str) -> Any:
        """POST a CSV; the response."""
        return self.client.post(
            "/jobs", data=content, content_type="text/csv", query_string=options
        )

    def scored(self, content: bytes, **options: str) -> list[dict[str, Any]]:
        """POST a CSV, run all tasks, and return the result rows."""
        accepted = self.submit(content, **options)
        assert accepted.status_code == 202, accepted.text
        return self.rows_of(accepted)

    def rows_of(self, accepted: Any) -> list[dict[str, Any]]:
        """Run all tasks, and return the result rows of an accepted job, which must succeed."""
        assert accepted.status_code == 202, accepted.text
        self.work()
        job = self.client.get(accepted.location).json
        assert job["state"] == "succeeded", job["error"]
        answer = self.client.get(f"{accepted.location}/results?format=json&limit=10000")
        assert answer.status_code == 200, answer.text
        return list(answer.json["rows"])


def no_output(place: Place) -> OutputFolder:
    """A service in memory has no object storage of users, unless a test gives it one."""
    raise AssertionError(f"nothing should be written to {place.url}")


def make_service(
    settings: Settings,
    link: RedisLink | None = None,
    *,
    sealed: bool = False,
    direct: bool = False,
    open_output: OpenOutput = no_output,
    model: LengthModel | TableModel | None = None,
    stores: Stores | None = None,
    others: Sequence[LengthModel | TableModel] = (),
) -> Service:
    """A service in memory.

    Args:
        settings: of its programs.
        link: its job store is in this real Redis; all else is in memory.
        sealed: keep blobs with checksums, as the real service does; `Service.blobs` then holds
            them with what surrounds their content.
        direct: whether clients can download results from the blob store itself.
        open_output: opens the folders of users that get results.
        model: the model that it serves; None: one that scores texts by their length.
        stores: with files of users.
        others: more models that it serves.
    """
    model = model or LengthModel()
    contents = InMemoryBlobs()
    blobs: Blobs = SealedBlobs(contents) if sealed else contents
    store: Any = InMemoryJobStore(settings)
    if link:
        store = ArchivingJobStore(link, settings, contents)
    direct_files = InMemoryDirectFiles(contents) if direct else None
    dispatch = InMemoryDispatch()
    monitor: Any = RedisMonitor(link) if link else InMemoryMonitor()
    explained_by = getattr(model, "explained_by", "")
    tells = hasattr(model, "with_reach") and model.with_reach() is not None
    about = {"explained_by": explained_by, "tells_reach": tells}
    fleet = InMemoryFleet(
        Served(card=model.card, rate=10, **about),
        *(Served(card=one.card, rate=10) for one in others),
    )
    aliases: Aliases = RedisAliases(link, blobs) if link else InMemoryAliases()
    app = create_app(
        settings,
        store=store,
        blobs=blobs,
        dispatch=dispatch,
        fleet=fleet,
        aliases=aliases,
        overview=RedisOverview(link) if link else InMemoryOverview(store),
        monitor=monitor,
        stores=stores,
        direct_files=direct_files,
        open_output=open_output,
    )
    pipeline = Pipeline(
        settings,
        store=store,
        blobs=blobs,
        dispatch=dispatch,
        fleet=fleet,
        lease_renewer=LeaseRenewer(seconds=60),
        models={one.card.full_name: LoadedModel(one, 1000.0) for one in (model, *others)},
        journal=Journal(SharedCounters()),
        outside=Outside(direct_files, open_output, stores),
    )
    reconciler = Reconciler(
        settings,
        store=store,
        blobs=blobs,
        dispatch=dispatch,
        fleet=fleet,
        keep_aliases=aliases.keep,
    )
    client = app.test_client()
    return Service(
        app,
        client,
        store,
        contents,
        dispatch,
        fleet,
        aliases,
        model,
        pipeline,
        reconciler,
        monitor,
        direct_files,
    )
