"""The layout of a CSV: which cells of a record are the inputs, the ref, and the carried columns."""

import io
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import BinaryIO, Literal, TypedDict

from pydantic import Field
from typing_extensions import override

from shared.tables.base_layout import BaseLayout, BlobRange, JobBlobs
from shared.tables.csv_blocks import (
    Block,
    Look,
    RecordEnds,
    by_blocks,
    csv_runs,
    record_cells,
    runs_in,
)
from shared.tables.csv_records import Record
from shared.tables.parts import Part
from shared.tables.rows import ReadOptions, Rows, numbers_of, rows_of


class _Shape(TypedDict):
    """What both ways of reading take."""

    max_bytes: int
    delimiter: str


class CsvLayout(BaseLayout):
    """A CSV, as it was sent."""

    format: Literal["csv"] = "csv"
    delimiter: str = Field(",", description="The character between the cells.")
    width: int = Field(2, ge=1, description="Cells in a record.")
    text: int = Field(1, ge=0, description="Index of the cell with the first input.")
    more: tuple[int, ...] = Field(
        (), description="Indexes of the cells with the inputs after the first."
    )
    ref: int | None = Field(0, description="Index of the cell with the ref; None: no such column.")
    carried: tuple[int, ...] = Field(
        (), description="Indexes of the cells that are carried through to the results."
    )
    decimal: Literal[".", ","] = Field(".", description="The decimal sign of numbers.")

    @property
    def inputs(self) -> tuple[int, ...]:
        """Indexes of the cells with the inputs."""
        return (self.text, *self.more)

    @override
    def _record_ends(
        self,
        file: BinaryIO,
        offset: int,
        row: int,
        max_record_bytes: int,
        look: Look[RecordEnds],
    ) -> Iterator[RecordEnds]:
        return csv_runs(
            file,
            offset=offset,
            row=row,
            max_bytes=max_record_bytes,
            delimiter=self.delimiter,
            look=look,
            exact=_ends_of,
        )

    @override
    def read(
        self,
        content: bytes,
        options: ReadOptions,
        *,
        offset: int = 0,
        first_row: int = 0,
    ) -> Rows:
        options = replace(options, decimal=self.decimal)
        exact = partial(self._read_records, options=options)
        shape: _Shape = {"max_bytes": options.max_record_bytes, "delimiter": self.delimiter}
        if read := options.read_csv:
            runs = runs_in(
                content,
                offset=offset,
                row=first_row,
                read=lambda begin, row: read(content, begin, row, self, options),
                exact=exact,
                **shape,
            )
        else:
            runs = csv_runs(
                io.BytesIO(content),
                offset=offset,
                row=first_row,
                look=by_blocks(partial(self._read_block, options=options)),
                exact=exact,
                may_be_cut=True,
                **shape,
            )
        rows = next(runs, Rows())
        for run in runs:
            rows.extend(run)
        return rows

    @override
    def rows_in(self, blobs: JobBlobs, number: int, part: Part, max_record_bytes: int) -> BlobRange:
        return BlobRange(blobs.upload_key, part.offset, part.readable_bytes(max_record_bytes))

    def _read_block(self, block: Block, *, options: ReadOptions) -> Rows | None:
        """The rows of an ordinary block; None if the records must be read one by one."""
        cells = record_cells(block, self.width, self.delimiter)
        if cells is None:
            return None
        width, ref = self.width, self.ref
        inputs = [cells[at::width] for at in self.inputs]
        refs = numbers_of(block.row, len(inputs[0])) if ref is None else cells[ref::width]
        extras = [cells[at::width] for at in self.carried]
        return rows_of(refs, inputs, options, extras)

    def _read_records(
        self, records: Iterator[Record], first_row: int, *, options: ReadOptions
    ) -> Iterator[Rows]:
        rows = Rows()
        for number, (cells, problem, _) in enumerate(records, first_row + 1):
            error = problem
            if not error and len(cells) != self.width:
                error = f"the row has {len(cells)} cells; the header has {self.width}"
            ref = str(number)
            if self.ref is not None and self.ref < len(cells):
                ref = cells[self.ref]
            extras = [cells[at] if at < len(cells) else "" for at in self.carried]
            inputs = [None if error else cells[at] for at in self.inputs]
            rows.add(ref, inputs, options, error, extras)
        yield rows


def _ends_of(records: Iterator[Record], _row: int) -> Iterator[RecordEnds]:
    ends: list[int] = []
    try:
        ends.extend(end for _, _, end in records)
    finally:
        # Also where the next record is an error: which parts come before it must not depend on
        # where the blocks begin.
        yield RecordEnds.of(ends)
