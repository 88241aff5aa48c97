"""The result rows of a job, read from the parts that the workers wrote."""

from bisect import bisect_right
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass

from api.jobs.views import find_job
from api.results.byte_ranges import ByteRanges
from api.results.negotiation import Format
from api.results.streaming import behind, kept
from api.services import Services
from shared.jobs.job import Job, State
from shared.jobs.outcome import Outcome
from shared.tables.parts import Part
from shared.tables.result_formats import ROW_FORMATS, Records, RowFormat, part_format

#: A file that is no run of parts is read in pieces of so many bytes.
PIECE_BYTES = 1024 * 1024


@dataclass(frozen=True)
class ResultParts:
    """The parts of a job, by their numbers. A small job has one, and it lies in its record.

    The job may be deleted or expire at any moment: whatever is read here of one that is gone raises
    what `find_job` says of it.
    """

    at: Services
    job: Job

    @property
    def is_small(self) -> bool:
        """Whether all rows are in one part in the job's record."""
        return self.job.spec.kind == "small"

    @property
    def form(self) -> RowFormat:
        """What the parts are written in."""
        return part_format(self.job.spec)

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns that are carried through."""
        return self.job.spec.columns

    def __len__(self) -> int:
        return 1 if self.is_small else self.job.parts

    def part(self, number: int) -> Part:
        """Which rows a part has."""
        if self.is_small:
            return Part(offset=0, length=0, first_row=0, rows=self.job.total or 0)
        with self._kept():
            found = self.at.store.parts(self.job.spec.id, number, number + 1)
            if not found:
                raise FileNotFoundError
        return found[0]

    def outcome(self) -> Outcome:
        """Which parts of a bulk job are done, and what their scores come to."""
        with self._kept():
            outcome = self.at.store.outcome(self.job.spec.id)
            # It has whatever the job has counted, as long as there is the job.
            if outcome.parts_done < self.job.parts_done:
                raise FileNotFoundError
        return outcome

    def content(self, number: int, offset: int = 0) -> bytes:
        """The rows of a part as they were written, from so many bytes on."""
        with self._kept():
            if not self.is_small:
                return self.at.blobs.read(self.job.spec.result_key(number), offset)
            result = self.at.store.small_result(self.job.spec.id)
            if not result and self.job.state is State.SUCCEEDED:
                raise FileNotFoundError
        return result[offset:]

    def _kept(self) -> AbstractContextManager[None]:
        return kept(lambda: find_job(self.at, self.job.spec.id))

    def records(self, number: int, begin: int = 0, end: int | None = None) -> Records:
        """The rows of a part: all, or those from `begin` to `end`."""
        return self.form.parse(self.content(number), begin, end, self.columns)

    def with_row(self, row: int, known: int | None = None) -> int:
        """The number of the part that holds a row; the number of parts if none does.

        Args:
            row: from 0.
            known: how many parts there are, where that has become more than the job says.
        """
        parts = len(self) if known is None else known

        def end_of(number: int) -> int:
            part = self.part(number)
            return part.first_row + part.rows

        if self.is_small:
            return int(row >= (self.job.total or 0))
        # By halves: a page of a job of ten thousand parts costs little more than one of ten. None
        # has more than so many rows, and most have as many: mostly the first guess is right.
        least = min(row // self.job.spec.rows_per_part, parts)
        if least < parts and row < end_of(least):
            return least
        return bisect_right(range(parts), row, least, key=end_of)

    def rows(self, begin: int, end: int) -> Records:
        """The rows from one to before another, as far as there are any."""
        rows: Records = []
        number = self.with_row(begin)
        while number < len(self) and begin + len(rows) < end:
            first = self.part(number).first_row
            rows += self.records(number, max(begin - first, 0), end - first)
            number += 1
        return rows

    def as_kept(self) -> ByteRanges:
        """All rows in the job's own format, of which any range can be sent."""
        spec = self.job.spec
        if self.is_small:
            whole = b"".join(self.converted(spec.result_format))
            return ByteRanges([len(whole)], lambda _, offset: whole[offset:])
        if spec.result_format == "parquet":
            return self._file(spec.whole_key)
        head = self.form.header(self.columns)
        with self._kept():
            sizes = [self.at.blobs.size(spec.result_key(number)) for number in range(len(self))]

        def read(piece: int, offset: int) -> bytes:
            # The header comes with the first rows: so they are there when it is sent.
            if piece:
                return self.content(piece, offset)
            return head[offset:] + self.content(0, max(offset - len(head), 0))

        return ByteRanges([len(head) + sizes[0], *sizes[1:]], read)

    def _file(self, key: str) -> ByteRanges:
        with self._kept():
            size = self.at.blobs.size(key)
        sizes = [min(PIECE_BYTES, size - begin) for begin in range(0, size, PIECE_BYTES)]

        def read(piece: int, offset: int) -> bytes:
            begin = piece * PIECE_BYTES + offset
            with self._kept():
                return self.at.blobs.read(key, begin, sizes[piece] - offset)

        return ByteRanges(sizes, read)

    def converted(self, wanted: Format) -> Iterator[bytes]:
        """All rows in a format, a run of bytes at a time."""
        contents: Iterator[bytes] = map(self.content, range(len(self)))
        if wanted == "parquet":
            # Nobody else pays for pyarrow with memory.
            from shared.tables.parquet_results import parquet_of  # noqa: PLC0415

            return parquet_of(contents, self.form, self.columns)
        form = ROW_FORMATS[wanted]
        if form is not self.form:
            contents = self._written(form, contents)
        return behind(form.header(self.columns), contents)

    def _written(self, form: RowFormat, contents: Iterator[bytes]) -> Iterator[bytes]:
        for content in contents:
            yield form.write(self.form.parse(content, columns=self.columns), self.columns)
