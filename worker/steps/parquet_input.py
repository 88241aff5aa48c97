"""Cuts an upload whose rows are no runs of its bytes, and stores the rows of each part."""

import time
from collections.abc import Iterator

from shared.config.settings import Settings
from shared.errors.input import BadParquet
from shared.jobs.job import Spec
from shared.storage.blobs import Blobs
from shared.tables.layouts import ParquetLayout
from shared.tables.parquet_rows import stored_rows_of
from shared.tables.parts import Part, most_bytes_of


class SplitLater(Exception):
    """A split has taken its time: it goes on when its turn comes again."""


def convert(
    blobs: Blobs,
    spec: Spec,
    layout: ParquetLayout,
    settings: Settings,
    *,
    known: int,
    after: Part | None,
) -> Iterator[Part]:
    """Cut a Parquet file into parts, and store the rows of each before it is given.

    The same upload and `rows_per_part` give the same parts with the same content, wherever a run
    begins. What is at an offset is what all rows before it take as they are stored.

    Args:
        blobs: where the upload is.
        spec: of its job.
        layout: names its columns.
        settings: have the limits.
        known: how many parts were cut before.
        after: the last of them.

    Raises:
        shared.errors.input.BadParquet: it cannot be read, or its rows take too much room.
        FileNotFoundError: the upload is not there any more.
        SplitLater: that took long, and there are more.
    """
    until = time.monotonic() + settings.task_time_limit / 3
    end, first_row = (after.end, after.first_row + after.rows) if after else (0, 0)
    most_rows, most_bytes = spec.rows_per_part, most_bytes_of(spec.rows_per_part)
    run: list[bytes] = []
    size = 0

    def part() -> Part:
        nonlocal known, end, first_row, run, size
        found = Part(offset=end, length=size, first_row=first_row, rows=len(run))
        if found.end > settings.max_upload_bytes:
            most = f"{settings.max_upload_bytes:,}"
            raise BadParquet(reason=f"unpacked, its rows take more than {most} bytes; split it")
        blobs.put(spec.rows_key(known), b"".join(run))
        known, end, first_row, run, size = known + 1, found.end, first_row + found.rows, [], 0
        return found

    with (
        blobs.open(spec.upload_key) as file,
        stored_rows_of(file, layout.names, first_row) as lines,
    ):
        for line in lines:
            run.append(line)
            size += len(line)
            if len(run) == most_rows or size >= most_bytes:
                yield part()
                if time.monotonic() > until:
                    # Other jobs want their turn, and the task would be ended before long.
                    raise SplitLater
    if run:
        yield part()
