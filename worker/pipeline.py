"""The path of a job through a worker: read, split, score, close, finish; and answer.

Plain Python, without Celery. Each step may run twice, or in two processes at once: what it writes
has a fixed key, and the job store counts it once.
"""

import json
import logging
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, ExitStack
from functools import lru_cache, partial

from shared.config.settings import Settings
from shared.dispatch import Dispatch
from shared.errors.input import PlaceError
from shared.errors.service import JobExpired, JobNotFound
from shared.fleet import Fleet
from shared.jobs.digest import Digest
from shared.jobs.job_store import Begun, JobStore
from shared.jobs.spec import Spec
from shared.jobs.state import State
from shared.jobs.usage import Cost
from shared.lanes import Lanes
from shared.storage.blobs import Blobs
from shared.storage.manifest import settle
from shared.tables.layouts import RequestsLayout
from worker.batches.reading import BatchReader, read_requests
from worker.library_versions import libraries_line
from worker.models.loaded_models import LoadedModel, models_of, rates_of, using
from worker.steps.endings import Endings
from worker.steps.finishing import Finisher
from worker.steps.joining import Joiner
from worker.steps.leases import LeaseRenewer
from worker.steps.output import Output
from worker.steps.outside import Outside
from worker.steps.part_rates import PartRates
from worker.steps.part_rows import PartRows
from worker.steps.part_scorer import PartScorer, Scored
from worker.steps.rates import Rates
from worker.steps.row_scorer import RowScorer
from worker.steps.shadows import Shadows
from worker.steps.small_jobs import SmallJobScorer
from worker.steps.source_rows import SourceRows
from worker.steps.splitting import Splitter
from worker.telemetry.journal import Journal

logger = logging.getLogger(__name__)


class Pipeline:
    """The steps of jobs, for the models that a scoring process has loaded."""

    def __init__(
        self,
        settings: Settings,
        *,
        store: JobStore,
        blobs: Blobs,
        dispatch: Dispatch,
        fleet: Fleet,
        lease_renewer: LeaseRenewer,
        models: Mapping[str, LoadedModel],
        journal: Journal,
        outside: Outside = Outside(),  # noqa: B008  it is frozen
        run_close: Callable[[Callable[[], None]], None] = lambda close: close(),
    ) -> None:
        """Take the collaborators.

        Args:
            settings: the settings of the worker.
            store: the records of jobs.
            blobs: uploads, rows and results.
            dispatch: sends tasks to the workers.
            fleet: counts the processes that serve a model.
            lease_renewer: renews the lease of the work under way.
            models: the models, by full name, each with the rate measured when it was loaded;
                `LoadedModels` if they change later.
            journal: logs and counts the steps.
            outside: what is read and written outside of the blob store.
            run_close: closes a scored part: at once, or while the next part is scored.
        """
        rates = Rates(rates_of(models), fleet, settings.part_seconds)
        rows = RowScorer(settings, models_of(models), rates)
        self._part_rates = PartRates(fleet, settings.part_seconds)
        self._models = models
        self._settings = settings
        self._fleet = fleet
        self._store = store
        self._blobs = blobs
        self._dispatch = dispatch
        self._lease_renewer = lease_renewer
        self._journal = journal
        self._run_close = run_close
        self._endings = Endings(store=store, blobs=blobs)
        self._lanes = Lanes(settings, store=store, dispatch=dispatch, fleet=fleet)
        source_rows = SourceRows(blobs, settings, outside.stores)
        self._batch_reader = BatchReader(
            settings,
            store=store,
            blobs=blobs,
            lease_renewer=lease_renewer,
            endings=self._endings,
        )
        self._splitter = Splitter(
            settings,
            store=store,
            blobs=blobs,
            dispatch=dispatch,
            lanes=self._lanes,
            endings=self._endings,
            source_rows=source_rows,
        )
        part_rows = PartRows(
            settings,
            store=store,
            blobs=blobs,
            rows=rows,
            source_rows=source_rows,
            read_requests=lambda spec: read_requests(blobs, spec, settings),
            processes=lambda spec: fleet.processes(spec.full_name),
        )
        self._part_scorer = PartScorer(
            store=store,
            blobs=blobs,
            part_rows=part_rows,
            rows=rows,
            journal=journal,
            max_attempts=settings.max_attempts,
        )
        self._output = Output(
            store=store, blobs=blobs, endings=self._endings, open_output=outside.open_output
        )
        self._finisher = Finisher(
            store=store,
            blobs=blobs,
            lease_renewer=lease_renewer,
            endings=self._endings,
            part_scorer=self._part_scorer,
            output=self._output,
        )
        self._shadows = Shadows(store=store, blobs=blobs, lanes=self._lanes)
        self._joiner = Joiner(blobs=blobs, files=outside.direct_files, endings=self._endings)
        self._small_job_scorer = SmallJobScorer(
            settings,
            store=store,
            dispatch=dispatch,
            lease_renewer=lease_renewer,
            rates=rates,
            rows=rows,
            journal=journal,
        )
        # A spec never changes, and every part needs it.
        self._spec = lru_cache(maxsize=1024)(lambda job_id: store.get(job_id).spec)

    def read(self, job_id: str) -> None:
        """Check the requests of a batch; if they are valid, have the batch split."""
        began = self._journal.now()
        spec = self._running(job_id)
        if spec is None:
            return
        rows = self._batch_reader.read(spec)
        if rows is not None:
            self._journal.read(job_id, rows, began)
            self._dispatch.split(spec.full_name, job_id)

    def split(self, job_id: str) -> None:
        """Cut the upload of a job into parts, and start its lanes with the first ones."""
        began = self._journal.now()
        self._store.move(job_id, State.RUNNING)
        spec = self._running(job_id)
        if spec is None:
            self._make_up_for(job_id)
            return
        if isinstance(spec.layout, RequestsLayout) and not self._blobs.exists(spec.all_rows_key):
            self._dispatch.read(spec.full_name, job_id)
            return
        parts = self._splitter.split(spec)
        if parts is None:
            self._lanes.fill(spec.full_name)
        else:
            self._journal.split(job_id, parts, began)

    def score(self, job_id: str, number: int) -> None:
        """Score one part of a job; then close it, and start the next one in its lane."""
        begun = self._store.begin_part(job_id, number)
        if begun is None:
            self._make_up_for(job_id)
            return
        spec = self._spec(job_id)
        # A model that this process is loading is waited for, within the lease.
        with ExitStack() as while_used:
            with self._renewing(job_id, number):
                missing = while_used.enter_context(using(self._models, *spec.full_names))
            if missing and not self._is_second_gone(spec, missing):
                # It is no fault of the rows, so it must not count as an attempt that killed a
                # process.
                names = " and ".join(missing)
                reason = f"a process that has not loaded {names} got one of its parts"
                self._endings.give_back(job_id, number, reason)
                return
            self._score(spec, number, begun)

    def _score(self, spec: Spec, number: int, begun: Begun) -> None:
        job_id = spec.id
        began = self._journal.now()
        try:
            with self._renewing(job_id, number):
                scored = self._part_scorer.score(spec, number, begun)
                cost = Cost(begun.part.length, self._journal.now() - began)
                # Within the lease, because it may wait until the part before is closed.
                self._run_close(partial(self._close, spec, number, scored, began, cost))
            if scored.blobs and begun.attempts == 1:
                self._part_rates.learn(spec, begun.part, self._journal.now() - began)
        except PlaceError as error:
            self._endings.fail(job_id, str(error))
            self._lanes.fill(spec.full_name)
        except FileNotFoundError:
            self._endings.fail_lost_upload(job_id)
            self._lanes.fill(spec.full_name)
        except OSError as error:
            self._endings.hold_up(job_id, number, "a part of it cannot be read", error)
            self._lanes.fill(spec.full_name)

    def _close(self, spec: Spec, number: int, scored: Scored, began: float, cost: Cost) -> None:
        """Store the result of a part, mark it done, and start the next one in its lane."""
        counts = scored.counts
        try:
            with self._renewing(spec.id, number):
                for key, content in scored.blobs.items():
                    self._blobs.put(key, content)
        except OSError as error:
            self._endings.hold_up(spec.id, number, "a part of it cannot be written", error)
            self._lanes.fill(spec.full_name)
            return
        walk = self._store.complete_part(
            spec.id,
            number,
            completed=counts.completed,
            failed=counts.failed,
            lanes=self._lanes.count(spec.full_name),
            bad=counts.bad,
            summary=counts.summary,
            cost=cost,
            libraries="" if not scored.blobs else libraries_line(),
        )
        rows = counts.completed, counts.failed
        self._journal.score(spec.full_name, spec.id, number, rows, began)
        if walk.wanted:
            self._lanes.advance(spec, walk)
            return
        # The job has ended, so its lanes are free.
        self._lanes.fill(spec.full_name)
        if walk.failed:
            self._endings.settle_failed(spec.id)
        else:
            self._endings.remove_if_deleted(spec)

    def finish(self, job_id: str) -> None:
        """End a job whose parts are all done, after its results were checked and joined."""
        began = self._journal.now()
        try:
            spec = self._spec(job_id)
        except (JobNotFound, JobExpired):
            return
        # A part may have to be scored again.
        with using(self._models, *spec.full_names):
            results = self._finisher.make(spec)
        if results is None:
            return
        if spec.shadow and (job := self._endings.find(job_id)):
            # Before its end, which deletes the upload.
            self._shadows.start(spec, job.total or 0)
        if self._store.move(job_id, State.SUCCEEDED, facts=self._facts(spec, results)):
            settle(self._store, self._blobs, job_id)
            self._journal.finish(job_id, began)
            if spec.output:
                self._output.close(spec)
                # The folder has all results.
                self._store.note_sent(job_id)
            return
        if spec.output:
            self._output.retract(spec.id, spec)
        if (job := self._endings.find(job_id)) and job.state is not State.SUCCEEDED:
            # It was cancelled while the file was made.
            self._blobs.delete(spec.whole_key)

    def _facts(self, spec: Spec, results: Digest) -> dict[str, str | int]:
        """What the receipt of a job says, as fields of `Job`."""
        facts: dict[str, str | int] = {
            "result_sha256": results.sha256,
            "result_bytes": results.size,
        }
        if loaded := self._models.get(spec.full_name):
            facts["model_files"] = json.dumps(loaded.model.card.files, separators=(",", ":"))
        return facts

    def retract(self, job_id: str) -> None:
        """Remove what a job that has not succeeded has left in the folder of a user."""
        self._output.retract(job_id)

    def join(self, job_id: str) -> None:
        """Write all results of a job that has succeeded as one direct file, if it has none yet."""
        began = self._journal.now()
        written = self._joiner.join(job_id)
        if written:
            self._journal.join(job_id, written.size, began)

    def answer(self, full_name: str) -> None:
        """Score the small jobs that wait for a model as one DataFrame, and answer each."""
        with using(self._models, full_name) as missing:
            if not missing:
                self._small_job_scorer.answer(full_name)
                return
        # They go on waiting: the reconciler of a worker that serves the model rings again.
        logger.warning("model=%s is not loaded here: its small jobs wait", full_name)

    def _make_up_for(self, job_id: str) -> None:
        """Start another step in place of one that is not to be done: its job may have ended."""
        if job := self._endings.find(job_id):
            self._lanes.fill(job.spec.full_name)

    def _is_second_gone(self, spec: Spec, missing: list[str]) -> bool:
        """Whether only the second model is missing, and its version was replaced for too long."""
        if not spec.second or missing != [spec.second.full_name]:
            return False
        replaced = self._fleet.replaced_for(spec.second.full_name)
        return replaced > self._settings.replaced_seconds

    def _running(self, job_id: str) -> Spec | None:
        """The spec of a job that runs; None if it does not, or is gone."""
        job = self._endings.find(job_id)
        return job.spec if job and job.state is State.RUNNING else None

    def _renewing(self, job_id: str, number: int) -> AbstractContextManager[None]:
        return self._lease_renewer.renewing(lambda: self._store.renew_part(job_id, number))
