"""Parts: runs of whole records of an upload, and how an upload is cut into them."""

from bisect import bisect_left
from collections.abc import Iterator

from pydantic import BaseModel, ConfigDict, Field

from shared.tables.csv_blocks import RecordEnds

#: Bytes of a row of usual length. Where rows are longer, a part is cut after fewer rows, so that
#: its scoring time and its memory stay the same.
USUAL_ROW_BYTES = 256

MAX_PART_BYTES = 8 * 1024 * 1024

#: Parts at the end of a job are finer by this factor: when the other processes have nothing left
#: to do, they wait for the last part.
FINER = 4


class Part(BaseModel):
    """A run of whole records of an upload."""

    model_config = ConfigDict(frozen=True)

    offset: int = Field(ge=0, description="Where it begins in the upload, in bytes.")
    length: int = Field(ge=0, description="Bytes.")
    first_row: int = Field(ge=0, description="The number of its first row, from 0.")
    rows: int = Field(ge=0)

    @property
    def end(self) -> int:
        """The offset of the first byte after it."""
        return self.offset + self.length

    def readable_bytes(self, max_record_bytes: int) -> int:
        """How much of the part is worth reading: not all of a last record over the limit."""
        return min(self.length, MAX_PART_BYTES + max_record_bytes + 1)


def cut_runs(
    runs: Iterator[RecordEnds],
    begin: int,
    first_row: int,
    rows_per_part: int,
    fine_from: int | None = None,
) -> Iterator[Part]:
    """Gather records into parts; a part is full by its rows or by its bytes.

    Args:
        runs: where the records end, a run of records at a time.
        begin: where the first record begins, in bytes.
        first_row: the number of that record, from 0.
        rows_per_part: the most rows of a part.
        fine_from: from this byte of the upload on, parts are `FINER` times finer.
    """
    max_rows, max_bytes = _limits(rows_per_part, begin, fine_from)
    rows, end = 0, begin
    for run in runs:
        if run and rows + len(run) < max_rows and run.last < begin + max_bytes:
            rows, end = rows + len(run), run.last
            continue
        ends, taken = run.find(), 0
        while taken < len(ends):
            # Up to and with the record that fills the part, by the rows or by the bytes.
            full = min(taken + max_rows - rows, bisect_left(ends, begin + max_bytes, taken) + 1)
            stop = min(full, len(ends))
            rows, end, taken = rows + stop - taken, ends[stop - 1], stop
            if stop == full:
                yield Part(offset=begin, length=end - begin, first_row=first_row, rows=rows)
                begin, first_row, rows = end, first_row + rows, 0
                max_rows, max_bytes = _limits(rows_per_part, begin, fine_from)
    if rows:
        yield Part(offset=begin, length=end - begin, first_row=first_row, rows=rows)


def _limits(rows_per_part: int, begin: int, fine_from: int | None) -> tuple[int, int]:
    """The rows and the bytes that fill a part which begins at byte `begin`."""
    finer = FINER if fine_from is not None and begin >= fine_from else 1
    return max(rows_per_part // finer, 1), max(max_bytes_of(rows_per_part) // finer, 1)


def max_bytes_of(rows_per_part: int) -> int:
    """The number of bytes that fill a part, however few its rows are."""
    return min(rows_per_part * USUAL_ROW_BYTES, MAX_PART_BYTES)
