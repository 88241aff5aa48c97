"""The result rows of a job, read from the parts that the workers wrote."""

import logging
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass

from redis.exceptions import RedisError

from api.jobs.lookup import check_kept, find_job
from api.results.byte_ranges import BlobSlice, ByteRanges, blob_ranges, slices_of
from api.results.pages import PAGE_BYTES, give_back_after, page_turns, rows_for_page
from api.results.streaming import prepend, recheck_on_missing
from api.services import Services
from shared.errors.service import DataDamaged, ResultsDamaged
from shared.jobs.job import Job
from shared.jobs.outcome import Outcome
from shared.jobs.state import ENDED, State
from shared.storage.blobs import for_each
from shared.tables.parts import Part
from shared.tables.result_columns import ResultColumns
from shared.tables.result_formats import ROW_FORMATS, Records, RowFormat, part_format, projected

logger = logging.getLogger(__name__)

#: What to do about a damaged part of a job that has ended, and of one that goes on.
_ADVICE = (
    "Fetch all other rows with partial=true: each lost row has an error there, and in "
    "/jobs/{job_id}/errors. Submit these rows again."
)
_SUBMIT_AGAIN = "Submit them again."
_OTHER_FORM = "The rows may be whole: fetch them with format=csv or format=ndjson."
_WAIT = "They are scored again before the job ends; ask again then."


@dataclass(frozen=True)
class ResultParts:
    """The parts of a job, by their numbers; a small job has one part, stored in its record.

    The job may be deleted or expire at any moment. Every method that reads then raises the error of
    `find_job`.
    """

    services: Services
    job: Job

    @property
    def is_small(self) -> bool:
        """Whether all rows are in one part, in the job's record."""
        return self.job.spec.kind == "small"

    @property
    def form(self) -> RowFormat:
        """The format in which the parts are stored."""
        return part_format(self.job.spec)

    @property
    def columns(self) -> ResultColumns:
        """The columns of the results."""
        return self.job.spec.result_columns

    @property
    def is_stored_as_shown(self) -> bool:
        """Whether the stored rows have the columns of the results, and no others."""
        return self.columns == self.job.spec.stored_columns

    def bad_rows(self, content: bytes) -> list[tuple[int, str, str]]:
        """The rows of a part with an error: number within the part, ref and error of each."""
        return self.form.bad_rows(content, self.job.spec.stored_columns)

    def parse(self, content: bytes, begin: int = 0, end: int | None = None) -> Records:
        """The rows of a part from `begin` to before `end`, as records of the results' columns."""
        stored = self.job.spec.stored_columns
        return projected(self.form.parse(content, begin, end, stored), self.columns)

    def __len__(self) -> int:
        return 1 if self.is_small else self.job.parts

    def part(self, number: int) -> Part:
        """The rows that a part has: the number of the first one, and how many there are."""
        if self.is_small:
            return Part(offset=0, length=0, first_row=0, rows=self.job.total or 0)
        with self._recheck():
            found = self.services.store.parts(self.job.spec.id, number, number + 1)
            if not found:
                raise FileNotFoundError
        return found[0]

    def outcome(self) -> Outcome:
        """Which parts of a bulk job are done, and the summary of their scores."""
        with self._recheck():
            outcome = self.services.store.outcome(self.job.spec.id)
            # While the job exists its outcome counts at least the parts that the job counts.
            if outcome.parts_done < self.job.parts_done:
                raise FileNotFoundError
        return outcome

    def content(self, number: int) -> bytes:
        """The rows of a part, in the bytes in which the worker wrote them.

        Raises:
            shared.errors.service.ResultsDamaged: they are not in the blob store as it wrote them.
        """
        if not self.is_small:
            with self._reading(number):
                return self.services.blobs.read(self.job.spec.result_key(number))
        job_id = self.job.spec.id
        try:
            with self._recheck():
                result = self.services.store.small_result(job_id)
                if not result and self.job.state is State.SUCCEEDED:
                    raise FileNotFoundError
        except DataDamaged as error:
            logger.error("job=%s: its result is damaged: %s", job_id, error)  # noqa: TRY400  no bug
            rows = f"rows 1 to {self.job.total or 0:,}"
            raise ResultsDamaged(job_id=job_id, rows=rows, advice=_SUBMIT_AGAIN) from None
        return result

    def content_or_errors(self, number: int) -> bytes:
        """Like `content`; each row of a damaged part of an ended job has an error that says so."""
        try:
            return self.content(number)
        except ResultsDamaged:
            if self.job.state not in ENDED:
                raise
        part = self.part(number)
        rows = range(part.first_row + 1, part.first_row + part.rows + 1)
        stored = self.job.spec.stored_columns
        empty = dict.fromkeys(stored.names, None) | dict.fromkeys(("ref", *stored.carried), "")
        lost = [
            empty | {"error": f"the result was damaged on the disk: row {at} is lost"}
            for at in rows
        ]
        return self.form.write(lost, stored)

    def check(self) -> None:
        """Read all parts, and raise if one is damaged.

        Where damage was found before, so that a client that tries again learns what is wrong. The
        first transfer just broke off, unless the damage was found before its first byte.
        """
        for number in range(len(self)):
            self.content(number)

    def cut_parts(self, numbers: Sequence[int]) -> list[int]:
        """The parts among these that were cut on the disk, or are gone; reads none of them."""
        cut = []
        for number in numbers:
            try:
                with self._reading(number):
                    self.services.blobs.size(self.job.spec.result_key(number))
            except ResultsDamaged:
                cut.append(number)
        return cut

    @contextmanager
    def _reading(self, number: int) -> Iterator[None]:
        """Where the block finds the result of a part damaged, record and raise that."""
        spec, store = self.job.spec, self.services.store
        try:
            with self._recheck():
                yield
        except (DataDamaged, FileNotFoundError) as error:
            # The job exists: `_recheck` has found it.
            part = self.part(number)
            what = "job=%s part=%d: its result is damaged: %s"
            logger.error(what, spec.id, number, error)  # noqa: TRY400  it is no bug
            advice = _WAIT
            if self.job.state in ENDED:
                advice = _ADVICE.format(job_id=spec.id)
                with suppress(RedisError):
                    store.report_lost(spec.id, number, part.rows)
            rows = f"rows {part.first_row + 1:,} to {part.first_row + part.rows:,}"
            raise ResultsDamaged(job_id=spec.id, rows=rows, advice=advice) from None

    @contextmanager
    def _reading_whole(self, _piece: int = 0) -> Iterator[None]:
        """Where the block finds the one file of all results damaged, raise that."""
        job_id = self.job.spec.id
        try:
            with self._recheck():
                yield
        except (DataDamaged, FileNotFoundError) as error:
            logger.error("job=%s: its file is damaged: %s", job_id, error)  # noqa: TRY400  no bug
            raise ResultsDamaged(job_id=job_id, rows="their file", advice=_OTHER_FORM) from None

    def _find(self) -> Job:
        job = find_job(self.services, self.job.spec.id)
        check_kept(job)
        return job

    def _recheck(self) -> AbstractContextManager[None]:
        return recheck_on_missing(self._find)

    def records(self, number: int, begin: int = 0, end: int | None = None) -> Records:
        """The rows of a part from `begin` to before `end`, both counted within the part."""
        return self.parse(self.content(number), begin, end)

    def records_or_errors(self, number: int, begin: int = 0, end: int | None = None) -> Records:
        """Like `records`; a damaged row of an ended job has an error that says so."""
        return self.parse(self.content_or_errors(number), begin, end)

    def part_with_row(self, row: int, known: int | None = None) -> int:
        """The number of the part that holds a row; the number of parts if none does.

        Args:
            row: counted from 0.
            known: the number of parts, if it has grown since the job was read.
        """
        parts = len(self) if known is None else known

        def end_of(number: int) -> int:
            part = self.part(number)
            return part.first_row + part.rows

        if self.is_small:
            return int(row >= (self.job.total or 0))
        # A binary search: a page of a job of 10,000 parts costs little more than one of 10. No part
        # has more rows than `rows_per_part` and most have as many, so mostly the first guess is
        # right.
        least = min(row // self.job.spec.rows_per_part, parts)
        if least < parts and row < end_of(least):
            return least
        return bisect_right(range(parts), row, least, key=end_of)

    def rows(self, begin: int, end: int) -> Records:
        """The rows from `begin` to before `end`; fewer where the job has fewer, or they are long.

        At least one, if the job has one.
        """
        rows: Records = []
        number, size = self.part_with_row(begin), 0.0
        while number < len(self) and begin + len(rows) < end and size < PAGE_BYTES:
            part, content = self.part(number), self.content(number)
            skip = max(begin - part.first_row, 0)
            wanted = min(end - part.first_row, part.rows) - skip
            take = rows_for_page(content, part, wanted, PAGE_BYTES - size)
            rows += self.parse(content, skip, skip + take)
            if take < wanted:
                break
            size += len(content) * take / max(part.rows, 1)
            number += 1
        return rows

    def in_own_format(self) -> ByteRanges:
        """All rows in the job's own format, as bytes of which any range can be sent."""
        spec = self.job.spec
        if self.is_small:
            own = spec.result_format
            rows = self.parquet() if own == "parquet" else self.in_form(ROW_FORMATS[own])
            whole = b"".join(rows)
            return ByteRanges([len(whole)], lambda _, offset: whole[offset:])
        blobs = self.services.blobs
        if spec.result_format == "parquet":
            with self._reading_whole():
                slices = slices_of(spec.whole_key, blobs.size(spec.whole_key))
            return blob_ranges(blobs, slices, self._find, reading=self._reading_whole)
        slices, numbers = list[BlobSlice](), list[int]()

        def size_of(number: int) -> int:
            with self._reading(number):
                return blobs.size(spec.result_key(number))

        for number, size in enumerate(for_each(blobs, size_of, range(len(self)))):
            key = spec.result_key(number)
            # A part with long cells is in memory only in pieces.
            slices += slices_of(key, size) or [BlobSlice(key, 0, 0)]
            numbers += [number] * (len(slices) - len(numbers))
        head = self.form.header(self.columns)
        return blob_ranges(
            blobs, slices, self._find, head, reading=lambda at: self._reading(numbers[at])
        )

    def parquet(self) -> Iterator[bytes]:
        """All rows as Parquet, in chunks of bytes."""
        # Imported here, as pyarrow costs memory: only requests for Parquet should load it.
        from shared.tables.parquet_results import parquet_of  # noqa: PLC0415

        contents = map(self.content, range(len(self)))
        return parquet_of(contents, self.form, self.job.spec.stored_columns, self.columns)

    def in_form(self, form: RowFormat) -> Iterator[bytes]:
        """All rows in a format of rows, in chunks of bytes."""
        contents: Iterator[bytes] = map(self.content, range(len(self)))
        if not (form.writes_like(self.form) and self.is_stored_as_shown):
            contents = self._rewritten(form, contents)
        return prepend(form.header(self.columns), contents)

    def _rewritten(self, form: RowFormat, contents: Iterator[bytes]) -> Iterator[bytes]:
        while True:
            with page_turns:
                content = next(contents, None)
                if content is None:
                    return
                content = form.write(self.parse(content), self.columns)
            give_back_after(len(content))
            yield content
