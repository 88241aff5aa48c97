"""The path of the data in a worker: split, score, finish; and answer, for small jobs.

Plain Python, without Celery. Each step may be run twice, or by two processes at once: what it
writes has a fixed key, and the job store counts it once.
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from functools import lru_cache, partial
from itertools import islice

from shared.config.settings import Settings
from shared.dispatch import Dispatch
from shared.errors.input import BadParquet, OpenQuote, RowTooLong
from shared.errors.service import JobExpired, JobNotFound
from shared.fleet import Fleet
from shared.jobs.job import ENDED, Job, Spec, State
from shared.jobs.job_store import FINISH, JobStore, Walk
from shared.model import Model
from shared.storage.blobs import Blobs
from shared.storage.manifest import has_manifest, settle
from shared.tables.layouts import ParquetLayout, RequestsLayout
from shared.tables.parts import Part
from worker.batches.reading import InvalidRequests, read_requests
from worker.steps.leases import LeaseRenewer
from worker.steps.parquet_input import SplitLater, convert
from worker.steps.parquet_output import assemble
from worker.steps.part_scorer import PartScorer, Scored
from worker.steps.record_ends import look
from worker.steps.row_scorer import RowScorer
from worker.steps.small_jobs import SmallJobScorer
from worker.telemetry.journal import Journal

logger = logging.getLogger(__name__)

#: The most parts that are recorded in one call to the job store.
PARTS_AT_ONCE = 8


class Pipeline:
    """What a worker process does with the jobs of the models it has loaded."""

    def __init__(
        self,
        settings: Settings,
        *,
        store: JobStore,
        blobs: Blobs,
        dispatch: Dispatch,
        fleet: Fleet,
        lease_renewer: LeaseRenewer,
        models: Mapping[str, Model],
        rates: Mapping[str, float],
        journal: Journal,
        later: Callable[[Callable[[], None]], None] = lambda closing: closing(),
    ) -> None:
        """Take the collaborators, and by their full names models and their rows per second.

        `later` closes a part that is scored, at once or while the next one is scored.
        """
        self._settings = settings
        self._store = store
        self._blobs = blobs
        self._dispatch = dispatch
        self._fleet = fleet
        self._keeper = lease_renewer
        self._journal = journal
        self._later = later
        self._rows = RowScorer(settings, models)
        self._answering = SmallJobScorer(
            settings,
            store=store,
            dispatch=dispatch,
            lease_renewer=lease_renewer,
            rates=rates,
            rows=self._rows,
            journal=journal,
        )
        self._parts = PartScorer(
            settings, store=store, blobs=blobs, rows=self._rows, journal=journal
        )
        # A spec never changes, and score asks for it at every part.
        self._spec = lru_cache(maxsize=1024)(lambda job_id: store.get(job_id).spec)

    def read(self, job_id: str) -> None:
        """Look at the requests of a batch; if they are as they must be, have it split."""
        began = self._journal.now()
        job = self._get(job_id)
        if job is None or job.state is not State.RUNNING:
            return
        spec = job.spec

        def renew() -> None:
            # No parts, and not the last ones: that is how a split says that it goes on.
            self._store.add_parts(job_id, [], known=0, last=False, lanes=1)

        try:
            with self._keeper.renewing(renew):
                # It may have been read by a process that died before it could say so.
                done = self._blobs.exists(spec.all_rows_key)
                rows = 0 if done else read_requests(self._blobs, spec, self._settings)
        except InvalidRequests as problem:
            self._refuse(job_id, str(problem))
        except FileNotFoundError:
            self._lost_upload(job_id)
        except OSError as error:
            self._hold_up(job_id, 0, "its requests cannot be read or stored", error)
        else:
            self._remove_rows(spec)
            self._journal.read(job_id, rows, began)
            self._dispatch.split(spec.full_name, job_id)

    def split(self, job_id: str) -> None:
        """Cut the upload of a job into parts, and let them into the job's lanes as they come."""
        began = self._journal.now()
        self._store.move(job_id, State.RUNNING)
        job = self._get(job_id)
        if job is None or job.state is not State.RUNNING:
            return
        spec = job.spec
        if isinstance(spec.layout, RequestsLayout) and not self._blobs.exists(spec.all_rows_key):
            self._dispatch.read(spec.full_name, job_id)
            return
        known, after = self._store.last_part(job_id)
        try:
            parts = self._record_parts(spec, known, after)
        except (OpenQuote, RowTooLong, BadParquet) as error:
            self._fail(job_id, str(error))
        except SplitLater:
            self._dispatch.split(spec.full_name, job_id)
        except FileNotFoundError:
            self._lost_upload(job_id)
        except OSError as error:
            self._hold_up(job_id, known, "its rows cannot be read or stored", error)
        else:
            if parts is not None:
                self._journal.split(job_id, parts, began)

    def _record_parts(self, spec: Spec, known: int, after: Part | None) -> int | None:
        """Record the parts that follow; how many there are now, or None where it is not wanted."""
        for parts, last in _batches(self._cut(spec, known, after)):
            walk = self._store.add_parts(
                spec.id, parts, known=known, last=last, lanes=self._lanes(spec)
            )
            if walk.failed:
                self._too_many_errors(spec.id)
            if not walk.wanted:
                self._remove_rows(spec)
                return None
            known += len(parts)
            rows = parts[-1].first_row + parts[-1].rows if parts else 0
            if rows > self._settings.max_rows:
                most = f"{self._settings.max_rows:,}"
                self._fail(spec.id, f"It has more than {most} rows. Send them as several jobs.")
                return None
            self._go_on(spec, walk)
        return known

    def score(self, job_id: str, number: int) -> None:
        """Score one part of a job; then close it, and start the next one in its lane."""
        begun = self._store.begin_part(job_id, number)
        if begun is None:
            return
        spec = self._spec(job_id)
        began = self._journal.now()
        try:
            with self._renewing(job_id, number):
                scored = self._parts.scored(spec, number, begun)
                # Within: it may wait until the part before is closed.
                self._later(partial(self._close, spec, number, scored, began))
        except FileNotFoundError:
            self._lost_upload(job_id)
        except OSError as error:
            self._hold_up(job_id, number, "a part of it cannot be read", error)

    def _close(self, spec: Spec, number: int, scored: Scored, began: float) -> None:
        """Store the result of a part, mark it done, and start the next one in its lane."""
        completed, failed, bad, summary = scored.counts
        try:
            with self._renewing(spec.id, number):
                for key, content in scored.results.items():
                    self._blobs.put(key, content)
        except OSError as error:
            self._hold_up(spec.id, number, "a part of it cannot be written", error)
            return
        walk = self._store.complete_part(
            spec.id,
            number,
            completed=completed,
            failed=failed,
            lanes=self._lanes(spec),
            bad=bad,
            summary=summary,
        )
        self._journal.score(spec.full_name, spec.id, number, (completed, failed), began)
        if walk.failed:
            self._too_many_errors(spec.id)
        elif walk.wanted:
            self._go_on(spec, walk)
        else:
            self._remove_if_deleted(spec)

    def _renewing(self, job_id: str, number: int) -> AbstractContextManager[None]:
        return self._keeper.renewing(lambda: self._store.renew_part(job_id, number))

    def finish(self, job_id: str) -> None:
        """Close a job whose parts are all done; make one file of them first, if it is to be one."""
        began = self._journal.now()
        try:
            spec = self._spec(job_id)
        except (JobNotFound, JobExpired):
            return
        if spec.result_format == "parquet" and not self._assembled(spec):
            return
        if self._store.move(job_id, State.SUCCEEDED):
            settle(self._store, self._blobs, job_id)
            self._journal.finish(job_id, began)
        elif (job := self._get(job_id)) and job.state is not State.SUCCEEDED:
            # Cancelled while the file was made.
            self._blobs.delete(spec.whole_key)

    def answer(self, full_name: str) -> None:
        """Score the small jobs that wait for a model as one DataFrame, and answer each."""
        self._answering.answer(full_name)

    def _assembled(self, spec: Spec) -> bool:
        """Make one file of the result parts; whether it is there, and this process made it."""
        job_id = spec.id
        if not self._store.begin_finish(job_id):
            return False
        try:
            with self._keeper.renewing(lambda: self._store.renew_part(job_id, FINISH)):
                assemble(self._blobs, spec, self._store.last_part(job_id)[0])
        except FileNotFoundError:
            # Deleted meanwhile; else somebody has taken a part from under the job.
            self._fail(job_id, "Its results are not in the blob store any more. Submit it again.")
        except OSError as error:
            self._hold_up(job_id, FINISH, "its results cannot be put together", error)
        else:
            return True
        finally:
            self._remove_if_deleted(spec)
        return False

    def _hold_up(self, job_id: str, number: int, what: str, error: OSError) -> None:
        """Give a part back. A full disk, or one that fails: no row is to blame, and it passes."""
        reason = f"{what}: {error.strerror}"
        logger.warning("job=%s is held up: %s", job_id, reason)
        self._store.hold_up(job_id, number, reason)

    def _remove_if_deleted(self, spec: Spec) -> None:
        """See that what was just written does not outlive a job that was deleted meanwhile."""
        if self._get(spec.id) is None and not has_manifest(self._blobs, spec.id):
            self._blobs.delete(spec.folder)

    def _go_on(self, spec: Spec, walk: Walk) -> None:
        for part in walk.dispatch:
            self._dispatch.score(spec.full_name, spec.id, part)
        if walk.all_done:
            self._dispatch.finish(spec.full_name, spec.id)

    def _lanes(self, spec: Spec) -> int:
        return self._settings.lanes_per_process * max(self._fleet.processes(spec.full_name), 1)

    def _cut(self, spec: Spec, known: int, after: Part | None) -> Iterator[Part]:
        layout = spec.layout
        if isinstance(layout, ParquetLayout):
            yield from convert(self._blobs, spec, layout, self._settings, known=known, after=after)
            return
        begin = after.end if after else layout.start
        with self._blobs.open(layout.cut_key(spec), begin) as file:
            yield from layout.cut(
                file,
                rows_per_part=spec.rows_per_part,
                after=after,
                max_record_bytes=self._settings.max_record_bytes,
                fine_from=spec.fine_from,
                look=look,
            )

    def _remove_rows(self, spec: Spec) -> None:
        """Remove what a split has stored for a job that ended, or was deleted, in the meantime."""
        if not spec.layout.stored_apart:
            return
        job = self._get(spec.id)
        if job is None:
            self._remove_if_deleted(spec)
        elif job.state in ENDED:
            self._blobs.delete(spec.rows_folder)

    def _get(self, job_id: str) -> Job | None:
        try:
            return self._store.get(job_id)
        except (JobNotFound, JobExpired):
            return None

    def _fail(self, job_id: str, reason: str) -> None:
        if self._store.move(job_id, State.FAILED, reason):
            settle(self._store, self._blobs, job_id)
            logger.error("job=%s failed: %s", job_id, reason)

    def _refuse(self, job_id: str, reason: str) -> None:
        if self._store.move(job_id, State.FAILED, reason):
            settle(self._store, self._blobs, job_id)
            # It would be refused again: not worth its room.
            self._blobs.delete(self._spec(job_id).kept_key)
            # The reason may quote a request, which is not for the log.
            logger.error("job=%s failed: its requests are not as they must be", job_id)

    def _too_many_errors(self, job_id: str) -> None:
        # The job's error quotes a row, which is not for the log.
        settle(self._store, self._blobs, job_id)
        logger.error("job=%s failed: too many of its rows have an error", job_id)

    def _lost_upload(self, job_id: str) -> None:
        # Ended or deleted in the meantime: `move` refuses, and there is nothing left to do.
        self._fail(job_id, "Its upload is not in the blob store any more. Submit it again.")


def _batches(parts: Iterable[Part]) -> Iterator[tuple[list[Part], bool]]:
    """The parts in runs, and behind them an empty one that says that there are no more.

    The first run is one part, so that scoring starts at once; then each is twice as long.
    """
    iterator, size = iter(parts), 1
    while batch := list(islice(iterator, size)):
        yield batch, False
        size = min(2 * size, PARTS_AT_ONCE)
    yield [], True
