"""Cuts a Parquet upload into parts, and stores the rows of each part as a blob of its own.

A row of Parquet is not a contiguous byte range of the file, so a part cannot be read from there.
"""

import time
from collections.abc import Iterator

from shared.config.settings import Settings
from shared.errors.input import BadParquet
from shared.jobs.spec import Spec
from shared.storage.blobs import Blobs
from shared.tables.layouts import ParquetLayout
from shared.tables.parquet_rows import MAX_EXPANSION, max_stored_bytes, stored_rows_of
from shared.tables.parts import Part, max_bytes_of

#: An upload is read in chunks of this size, to check it.
CHECK_BYTES = 2**20


class SplitLater(Exception):
    """A split has run for as long as it may, and must go on in another task."""


def convert(
    blobs: Blobs,
    spec: Spec,
    layout: ParquetLayout,
    settings: Settings,
    *,
    known: int,
    after: Part | None,
) -> Iterator[Part]:
    """Cut a Parquet file into parts, and store the rows of each part before it is yielded.

    The same upload and `rows_per_part` give the same parts with the same content, wherever a split
    begins. Offsets and lengths of these parts count the bytes of the stored rows.

    Args:
        blobs: holds the upload, and gets the rows.
        spec: the spec of the job.
        layout: its layout.
        settings: the limits.
        known: the number of parts that were cut before.
        after: the last of them; None if there is none.

    Raises:
        shared.errors.input.BadParquet: the file cannot be read, or its rows take too much room.
        FileNotFoundError: the upload is not there any more.
        shared.errors.service.DataDamaged: it is not as it was sent.
        SplitLater: the time for one task is over, and there are more rows.
    """
    until = time.monotonic() + settings.task_time_limit / 3
    end, first_row = (after.end, after.first_row + after.rows) if after else (0, 0)
    max_rows, max_bytes = spec.rows_per_part, max_bytes_of(spec.rows_per_part)
    most = max_stored_bytes(blobs.size(spec.upload_key))
    types = tuple(one.type for one in spec.signature.inputs)
    run: list[bytes] = []
    size = 0

    def part() -> Part:
        nonlocal known, end, first_row, run, size
        found = Part(offset=end, length=size, first_row=first_row, rows=len(run))
        if found.end > settings.max_upload_bytes:
            limit = f"{settings.max_upload_bytes:,}"
            raise BadParquet(reason=f"unpacked, its rows take more than {limit} bytes; split it")
        if found.end > most:
            raise BadParquet(
                reason=f"unpacked, its rows take more than {MAX_EXPANSION:,} times its size; leave "
                "out rows that repeat others"
            )
        blobs.put(spec.rows_key(known), b"".join(run))
        known, end, first_row, run, size = known + 1, found.end, first_row + found.rows, [], 0
        return found

    with blobs.open(spec.upload_key) as file:
        # The process that reads the file checks no sums.
        while file.read(CHECK_BYTES):
            pass
    with (
        blobs.open(spec.upload_key) as file,
        stored_rows_of(file, layout.names, types, first_row) as lines,
    ):
        for line in lines:
            run.append(line)
            size += len(line)
            if len(run) == max_rows or size >= max_bytes:
                yield part()
                if time.monotonic() > until:
                    # Celery would end the task before long, and other jobs wait for this process.
                    raise SplitLater
    if run:
        yield part()
