"""The path of the data in a worker: split, score, finish; and answer, for small jobs.

Plain Python, without Celery. Each step may be run twice, or by two processes at once: what it
writes has a fixed key, and the job store counts it once.
"""

import logging
import time
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from itertools import islice

import numpy as np

from shared.blobs import Blobs
from shared.dispatch import Dispatch
from shared.errors import JobExpired, JobNotFound, OpenQuote, RowTooLong
from shared.fleet import Fleet
from shared.job import NDJSON, Job, Layout, Part, Spec, State
from shared.job_store import Answer, Begun, JobStore, SmallJob, Walk
from shared.model import Model
from shared.settings import Settings
from shared.tables.parts import Rows, count_errors, cut, read_rows
from shared.tables.results import render
from worker.halving import score_texts
from worker.trial import Trial, most_attempts

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
        models: Mapping[str, Model],
    ) -> None:
        self._settings = settings
        self._store = store
        self._blobs = blobs
        self._dispatch = dispatch
        self._fleet = fleet
        self._models = models
        # A spec never changes, and score asks for it at every part.
        self._spec = lru_cache(maxsize=1024)(lambda job_id: store.get(job_id).spec)

    # -- bulk jobs -------------------------------------------------------------------------

    def split(self, job_id: str) -> None:
        """Cut the upload of a job into parts, and let them into the job's lanes as they come."""
        self._store.move(job_id, State.RUNNING)
        job = self._get(job_id)
        if job is None or job.state is not State.RUNNING:
            return
        spec = job.spec
        known, after = self._store.last_part(job_id)
        try:
            for parts, last in _batches(self._cut(spec, after)):
                walk = self._store.add_parts(
                    job_id, parts, known=known, last=last, lanes=self._lanes(spec)
                )
                if not walk.wanted:
                    return
                known += len(parts)
                self._go_on(spec, walk)
        except (OpenQuote, RowTooLong) as error:
            self._fail(job_id, str(error))
        except FileNotFoundError:
            self._lost_upload(job_id)
        else:
            logger.info("split job=%s parts=%d", job_id, known)

    def score(self, job_id: str, number: int) -> None:
        """Score one part of a job, and start the next one in its lane."""
        begun = self._store.begin_part(job_id, number)
        if begun is None:
            return
        spec, part = self._spec(job_id), begun.part
        started = time.perf_counter()
        try:
            content = self._blobs.read(spec.upload_key, part.offset, part.length)
        except FileNotFoundError:
            self._lost_upload(job_id)
            return
        where = {"offset": part.offset, "first_row": part.first_row}
        rows = self._read(content, spec.layout, **where)
        if begun.attempts <= self._settings.max_attempts:
            scores = self._score(spec.full_name, rows)
        else:
            scores = self._try(spec, number, begun, rows)
        self._blobs.put(spec.result_key(number), render(rows.refs, scores, rows.errors))
        failed = count_errors(rows.errors)
        walk = self._store.complete_part(
            job_id,
            number,
            completed=len(rows) - failed,
            failed=failed,
            lanes=self._lanes(spec),
        )
        seconds = time.perf_counter() - started
        logger.debug("score job=%s part=%d rows=%d %.3f s", job_id, number, len(rows), seconds)
        if walk.wanted:
            self._go_on(spec, walk)
        elif self._get(job_id) is None:
            # Deleted while this part was scored: what was just written must not outlive the job.
            self._blobs.delete(spec.folder)

    def _try(self, spec: Spec, number: int, begun: Begun, rows: Rows) -> list[float | None]:
        """Score a part that has ended its processes: run by run, so that the fatal rows are found.

        They get an error and all others a score, unless there are too many of them.
        """
        if begun.attempts > most_attempts(self._settings.max_attempts):
            _give_up(rows, f"scoring this row's part did not end in {begun.attempts - 1} attempts")
            return [None] * len(rows)
        found = Trial.after(begun.note, len(rows))
        for row in found.fatal:
            rows.errors[row] = rows.errors[row] or "scoring this text ended the worker's process"
        scores: list[float | None] = [None] * len(rows)

        def score(begin: int, end: int) -> None:
            run = rows.run(begin, end)
            scores[begin:end] = self._score(spec.full_name, run)
            rows.errors[begin:end] = run.errors

        for begin, end in found.harmless(len(rows)):
            score(begin, end)
        while found.doubted:
            self._store.note(spec.id, number, found.note())
            score(*found.doubted[0])
            found.doubted.pop(0)
        return scores

    def finish(self, job_id: str) -> None:
        """Close a job whose parts are all done."""
        if self._store.move(job_id, State.SUCCEEDED):
            self._blobs.delete(self._spec(job_id).upload_key)
            logger.info("finish job=%s", job_id)

    def _go_on(self, spec: Spec, walk: Walk) -> None:
        for part in walk.dispatch:
            self._dispatch.score(spec.full_name, spec.id, part)
        if walk.all_done:
            self._dispatch.finish(spec.full_name, spec.id)

    def _lanes(self, spec: Spec) -> int:
        return self._settings.lanes_per_process * max(self._fleet.processes(spec.full_name), 1)

    def _cut(self, spec: Spec, after: Part | None) -> Iterator[Part]:
        begin = after.end if after else spec.layout.start
        with self._blobs.open(spec.upload_key, begin) as file:
            yield from cut(
                file,
                spec.layout,
                rows_per_part=spec.rows_per_part,
                after=after,
                max_record_bytes=self._settings.max_record_bytes,
            )

    def _get(self, job_id: str) -> Job | None:
        try:
            return self._store.get(job_id)
        except (JobNotFound, JobExpired):
            return None

    def _fail(self, job_id: str, reason: str) -> None:
        if self._store.move(job_id, State.FAILED, reason):
            logger.error("job=%s failed: %s", job_id, reason)

    def _lost_upload(self, job_id: str) -> None:
        # Ended or deleted in the meantime: `move` refuses, and there is nothing left to do.
        self._fail(job_id, "Its upload is not in the blob store any more. Submit it again.")

    # -- small jobs ------------------------------------------------------------------------

    def answer(self, full_name: str) -> None:
        """Score the small jobs that wait for a model as one DataFrame, and answer each."""
        jobs, waiting = self._store.take_small(full_name, self._settings.batch_rows)
        if waiting:
            # Before scoring: another process can take the rest meanwhile.
            self._dispatch.answer(full_name)
        if not jobs:
            return
        batch = Rows()
        lengths = []
        for job in jobs:
            rows = self._read(job.rows, NDJSON)
            if job.attempts > self._settings.max_attempts:
                # It has killed its worker, or outlasted its lease, each time.
                _give_up(rows, f"scoring this row's job did not end in {job.attempts - 1} attempts")
            lengths.append(len(rows))
            batch.extend(rows)
        scores = self._score(full_name, batch)
        self._store.answer_small(list(_answers(jobs, lengths, batch, scores)))
        logger.debug("answer model=%s jobs=%d rows=%d", full_name, len(jobs), len(batch))

    # -- both ------------------------------------------------------------------------------

    def _read(self, content: bytes, layout: Layout, **where: int) -> Rows:
        """The rows of a part or of a small job."""
        return read_rows(
            content,
            layout,
            max_text_chars=self._settings.max_text_chars,
            max_record_bytes=self._settings.max_record_bytes,
            **where,
        )

    def _score(self, full_name: str, rows: Rows) -> list[float | None]:
        """A score for each row that has no error; a row that gets none gets an error."""
        good = [row for row, error in enumerate(rows.errors) if error is None]
        every = len(good) == len(rows)
        texts = rows.texts if every else [rows.texts[row] for row in good]
        if not texts:
            return [None] * len(rows)
        found, raised = score_texts(self._models[full_name], texts)
        finite = np.isfinite(found)
        if every and finite.all():
            return list(found.tolist())
        scores: list[float | None] = [None] * len(rows)
        for at, row in enumerate(good):
            if finite[at]:
                scores[row] = float(found[at])
            else:
                rows.errors[row] = raised.get(at, "the model gave no number for this text")
        return scores


def _give_up(rows: Rows, reason: str) -> None:
    rows.errors = [error or reason for error in rows.errors]


def _batches(parts: Iterable[Part]) -> Iterator[tuple[list[Part], bool]]:
    """The parts in runs, and behind them an empty one that says that there are no more.

    The first run is one part, so that scoring starts at once; then each is twice as long.
    """
    iterator, size = iter(parts), 1
    while batch := list(islice(iterator, size)):
        yield batch, False
        size = min(2 * size, PARTS_AT_ONCE)
    yield [], True


def _answers(
    jobs: list[SmallJob], lengths: list[int], batch: Rows, scores: list[float | None]
) -> Iterator[Answer]:
    begin = 0
    for job, length in zip(jobs, lengths, strict=True):
        mine = slice(begin, begin + length)
        errors = batch.errors[mine]
        failed = count_errors(errors)
        result = render(batch.refs[mine], scores[mine], errors)
        yield Answer(job.id, result, length - failed, failed, job.reply_to)
        begin += length
