"""The rows of a job that can be read already, and the cursor at which a reader continues."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any, NamedTuple

from api.results.pages import PAGE_BYTES, give_back_after, page_turns, rows_for_page
from api.results.parts import ResultParts
from api.results.row_search import ANY_ROW, RowSearch
from api.services import Services
from shared.jobs.job import Job
from shared.jobs.outcome import Outcome
from shared.jobs.state import ENDED, State
from shared.tables.result_formats import RowFormat

#: The most parts that are read for one page of rows with an error. A part may hold few such rows,
#: so a full page could need very many parts.
MAX_PARTS = 50


class NumberedRow(NamedTuple):
    """A row of the results."""

    number: int  #: Counted from 0.
    record: dict[str, Any]


class BadRow(NamedTuple):
    """A row with an error."""

    number: int  #: Counted from 0.
    ref: str
    error: str


@dataclass(frozen=True)
class AvailableRows:
    """The rows of a job that can be read now.

    While the job runs these are the rows of its first parts, up to the first part that is not done.
    A reader that continues at the last answer's cursor therefore gets every row once, and in order.
    If the job was cancelled or has failed, these are the rows of every part that was done.

    Attributes:
        parts: of the job.
        numbers: of the parts that can be read, in ascending order.
        complete: whether no more rows will be added.
        bad: the numbers of parts that may hold a row with an error; the other parts hold none.
    """

    parts: ResultParts
    numbers: Sequence[int]
    complete: bool
    bad: Sequence[int]

    @classmethod
    def of(cls, services: Services, job: Job, *, check: bool = False) -> "AvailableRows":
        """The rows of a job that are there, at least those that were there when `job` was read.

        Args:
            services: where they are.
            job: which job.
            check: find parts of an ended job that were cut on the disk, so that `bad` names them.
        """
        parts, complete = ResultParts(services, job), job.state in ENDED
        if job.spec.kind == "small":
            numbers: Sequence[int] = range(int(job.state is State.SUCCEEDED))
            return cls(parts, numbers, complete, numbers)
        outcome = parts.outcome()
        if job.state is State.SUCCEEDED:
            numbers = range(job.parts)
        elif complete:
            numbers = outcome.done_parts()
        else:
            numbers = range(outcome.first_undone())
        cut = parts.cut_parts(numbers) if check and complete else []
        return cls(parts, numbers, complete, _parts_with_errors(job, outcome, numbers, cut))

    def end(self, begin: int = 0) -> int:
        """The number after that of the last row that is there; `begin` if that is larger."""
        if not self.numbers:
            return begin
        last = self.parts.part(self.numbers[-1])
        return max(begin, last.first_row + last.rows)

    def cursor_after(self, row: int) -> int | None:
        """Where a reader that has every row before `row` continues; None if no more will come."""
        return None if self.complete and row >= self.end() else row

    def page(self, begin: int, limit: int) -> tuple[list[NumberedRow], int | None]:
        """Up to `limit` rows from row `begin` on, and the row at which to continue, or None.

        Fewer than `limit` where they are long.
        """
        rows: list[NumberedRow] = []
        room = float(PAGE_BYTES)
        for number in self.numbers_from(begin):
            part, content = self.parts.part(number), self.parts.content_or_errors(number)
            skip = max(begin - part.first_row, 0)
            wanted = min(limit - len(rows), part.rows - skip)
            take = rows_for_page(content, part, wanted, room)
            records = self.parts.parse(content, skip, skip + take)
            rows += map(NumberedRow, count(part.first_row + skip), records)
            room -= len(content) * take / max(part.rows, 1)
            if len(rows) == limit or take < wanted or room <= 0:
                return rows, self.cursor_after(part.first_row + skip + take)
        return rows, self.cursor_after(self.end(begin))

    def content(self, form: RowFormat, begin: int) -> Iterator[bytes]:
        """All rows from row `begin` on in a format, without its header; a chunk for each part."""
        for index, number in enumerate(self.numbers_from(begin)):
            # Only the first part may have rows before `begin`.
            skip = 0 if index else max(begin - self.parts.part(number).first_row, 0)
            is_stored = form.writes_like(self.parts.form) and self.parts.is_stored_as_shown
            if is_stored and not skip:
                yield self.parts.content_or_errors(number)
            else:
                with page_turns:
                    records = self.parts.records_or_errors(number, skip)
                    content = form.write(records, self.parts.columns)
                    del records
                give_back_after(len(content))
                yield content

    def bad_page(
        self, begin: int, limit: int, wanted: RowSearch = ANY_ROW
    ) -> tuple[list[BadRow], int | None]:
        """Like `page`, of the rows with an error alone; shorter where they are in many parts."""
        found: list[BadRow] = []
        for read, number in enumerate(self.numbers_from(begin, self.bad)):
            if read == MAX_PARTS:
                return found, self.parts.part(number).first_row
            for row in self._bad_rows(number, begin, wanted):
                if len(found) == limit:
                    return found, row.number
                found.append(row)
        return found, self.cursor_after(self.end(begin))

    def bad_rows_by_part(self, begin: int, wanted: RowSearch = ANY_ROW) -> Iterator[list[BadRow]]:
        """All rows with an error from row `begin` on that are wanted; one list for each part."""
        for number in self.numbers_from(begin, self.bad):
            yield self._bad_rows(number, begin, wanted)

    def _bad_rows(self, number: int, begin: int, wanted: RowSearch) -> list[BadRow]:
        content = self.parts.content_or_errors(number)
        if not wanted.may_be_in(content, self.parts.form):
            return []
        first = self.parts.part(number).first_row
        rows = [BadRow(first + index, *row) for index, *row in self.parts.bad_rows(content)]
        return [row for row in rows if row.number >= begin and wanted.finds(row.ref, row.error)]

    def numbers_from(self, row: int, numbers: Sequence[int] | None = None) -> Sequence[int]:
        """The numbers of the parts that can be read, or `numbers`, without those before a row."""
        numbers = self.numbers if numbers is None else numbers
        if not row:
            return numbers
        known = self.numbers[-1] + 1 if self.numbers else 0
        return numbers[bisect_left(numbers, self.parts.part_with_row(row, known)) :]


def _parts_with_errors(
    job: Job, outcome: Outcome, numbers: Sequence[int], cut: list[int]
) -> Sequence[int]:
    # A worker of an earlier release counts a part as done, but adds no summary of it: then any part
    # may hold an error.
    if outcome.summary.rows < job.rows_done:
        return numbers
    available = set(numbers)
    return sorted({number for number in outcome.bad_parts() if number in available} | set(cut))
