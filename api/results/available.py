"""The rows of a job that are there already, and where who reads them goes on."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from api.results.parts import ResultParts
from api.services import Services
from shared.jobs.job import ENDED, Job, State
from shared.jobs.outcome import Outcome
from shared.tables.result_formats import Records, RowFormat

#: Parts that are looked through for one page of bad rows: there may be few of them among many.
MAX_PARTS = 50


class BadRow(NamedTuple):
    """A row with an error."""

    number: int  #: From 0.
    ref: str
    error: str


@dataclass(frozen=True)
class AvailableRows:
    """The rows of a job that can be read now.

    While it runs, those of its first parts, up to the first one that is not done: so that whoever
    goes on where the last answer ended gets every row once, and in order. Of a job that was
    cancelled or has failed, those of every part that was done.

    Attributes:
        parts: of the job.
        numbers: of those that can be read, in order.
        complete: whether there will be no more.
        bad: the numbers of parts among which all are that hold a row with an error.
    """

    parts: ResultParts
    numbers: Sequence[int]
    complete: bool
    bad: Sequence[int]

    @classmethod
    def of(cls, at: Services, job: Job) -> "AvailableRows":
        """What there is of a job, as it stood a moment ago at the most."""
        parts, complete = ResultParts(at, job), job.state in ENDED
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
        return cls(parts, numbers, complete, _bad(job, outcome, numbers))

    def end(self, begin: int = 0) -> int:
        """The number of the row behind the last one that is there, for who begins at a row."""
        if not self.numbers:
            return begin
        last = self.parts.part(self.numbers[-1])
        return max(begin, last.first_row + last.rows)

    def next_after(self, row: int) -> int | None:
        """Where to go on who has read up to a row; None where nothing more will come."""
        return None if self.complete and row >= self.end() else row

    def page(self, begin: int, limit: int) -> tuple[Records, int | None]:
        """So many rows from one on, and where to go on."""
        rows: Records = []
        for number in self._from(begin, self.numbers):
            part = self.parts.part(number)
            skip = max(begin - part.first_row, 0)
            take = min(limit - len(rows), part.rows - skip)
            rows += self.parts.records(number, skip, skip + take)
            if len(rows) == limit:
                return rows, self.next_after(part.first_row + skip + take)
        return rows, self.next_after(self.end(begin))

    def content(self, form: RowFormat, begin: int) -> Iterator[bytes]:
        """All rows from one on, a part at a time."""
        for at, number in enumerate(self._from(begin, self.numbers)):
            # Only the first part may begin before that row.
            skip = 0 if at else max(begin - self.parts.part(number).first_row, 0)
            if form is self.parts.form and not skip:
                yield self.parts.content(number)
            else:
                yield form.write(self.parts.records(number, skip), self.parts.columns)

    def bad_page(self, begin: int, limit: int) -> tuple[list[BadRow], int | None]:
        """At most so many rows with an error, none before a row, and where to go on."""
        found: list[BadRow] = []
        for read, number in enumerate(self._from(begin, self.bad)):
            if read == MAX_PARTS:
                return found, self.parts.part(number).first_row
            for row in self._bad_rows(number, begin):
                if len(found) == limit:
                    return found, row.number
                found.append(row)
        return found, self.next_after(self.end(begin))

    def bad_runs(self, begin: int) -> Iterator[list[BadRow]]:
        """All rows with an error from a row on, a part at a time."""
        for number in self._from(begin, self.bad):
            yield self._bad_rows(number, begin)

    def _bad_rows(self, number: int, begin: int) -> list[BadRow]:
        first = self.parts.part(number).first_row
        rows = self.parts.form.bad_rows(self.parts.content(number))
        return [BadRow(first + at, *row) for at, *row in rows if first + at >= begin]

    def _from(self, row: int, numbers: Sequence[int]) -> Sequence[int]:
        """Those of these parts that hold a row or come behind it."""
        if not row:
            return numbers
        known = self.numbers[-1] + 1 if self.numbers else 0
        return numbers[bisect_left(numbers, self.parts.with_row(row, known)) :]


def _bad(job: Job, outcome: Outcome, numbers: Sequence[int]) -> Sequence[int]:
    # Parts that a worker of an earlier release has done are counted, and not summed up.
    if outcome.summary.rows < job.rows_done:
        return numbers
    there = set(numbers)
    return [number for number in outcome.bad_parts() if number in there]
