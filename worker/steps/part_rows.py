"""Reads the rows of a part, and finds out if they are not those that were sent."""

import logging
from collections.abc import Callable
from contextlib import suppress
from functools import partial

from shared.config.settings import Settings
from shared.errors.base import ScorelaneError
from shared.errors.service import DataDamaged
from shared.jobs.job_store import JobStore
from shared.jobs.spec import Spec
from shared.storage.blobs import Blobs
from shared.tables.base_layout import BlobRange
from shared.tables.layouts import ParquetLayout
from shared.tables.parts import Part
from shared.tables.rows import Rows
from worker.steps.parquet_input import convert
from worker.steps.read_ahead import ReadAhead, StrideGuess
from worker.steps.row_scorer import RowScorer
from worker.steps.source_rows import SourceRows

logger = logging.getLogger(__name__)


class PartRows:
    """Reads the rows of parts. Rows whose bytes were damaged get an error, and are not scored."""

    def __init__(
        self,
        settings: Settings,
        *,
        store: JobStore,
        blobs: Blobs,
        rows: RowScorer,
        source_rows: SourceRows,
        read_requests: Callable[[Spec], object],
        processes: Callable[[Spec], int],
    ) -> None:
        """Take the collaborators.

        Args:
            settings: the settings of the worker.
            store: has the places of the parts.
            blobs: has their bytes.
            rows: reads rows from bytes.
            source_rows: reads files where they are.
            read_requests: stores the rows of a batch, from its upload.
            processes: how many processes score the parts of a job.
        """
        self._settings = settings
        self._store = store
        self._blobs = blobs
        self._rows = rows
        self._source_rows = source_rows
        self._read_requests = read_requests
        self._processes = processes
        self._ahead = ReadAhead(blobs)
        self._sources_ahead = ReadAhead(source_rows)
        self._guess = StrideGuess()

    def read(self, spec: Spec, number: int, part: Part) -> Rows | None:
        """The rows of a part; None if they are not those that were sent.

        Raises:
            FileNotFoundError: its rows are not in the blob store any more.
            OSError: its rows cannot be read.
            shared.errors.input.PlaceError: a file that is read where it is is not what it was.
        """
        content = self._content(spec, number, part)
        following = self._guess(spec.id, number, self._processes(spec))
        ahead = self._sources_ahead if spec.sources else self._ahead
        ahead.expect(partial(self._place_of, spec, following))
        # What follows finds damage in blobs of older releases, which have no checksums.
        with suppress(ValueError):
            place = {"offset": part.offset, "first_row": part.first_row}
            rows = Rows()
            if content:
                rows = self._rows.read(content, spec.layout, spec.signature.inputs, **place)
            if len(rows) == part.rows:
                if spec.sources and spec.sources.file_column:
                    rows.extras = [*rows.extras, self._source_rows.file_column(spec, part)]
                return rows
        logger.error("job=%s part=%d: its rows were damaged on the disk", spec.id, number)
        return None

    def _content(self, spec: Spec, number: int, part: Part) -> bytes:
        """The bytes of a part; none if they were damaged, and cannot be made again."""
        if spec.sources:
            # Damaged can only be what is here: the list of the files.
            with suppress(DataDamaged, ValueError):
                return self._sources_ahead.read(self._place(spec, number, part))
            return b""
        where = self._place(spec, number, part)
        length = part.length if where.length < 0 else where.length
        for is_last in (False, True):
            # Other errors than `DataDamaged` come from an upload without checksums.
            with suppress(ScorelaneError, ValueError):
                if is_last:
                    self._store_again(spec, number)
                content = self._ahead.read(where)
                if len(content) == length:
                    return content
            if not spec.layout.stored_apart:
                break
        return b""

    def _place(self, spec: Spec, number: int, part: Part) -> BlobRange:
        where = spec.layout.rows_in(spec, number, part, self._settings.max_record_bytes)
        return self._source_rows.place(spec, where) if spec.sources else where

    def _place_of(self, spec: Spec, number: int) -> BlobRange | None:
        """Where the rows of another part of a job are; None: there is no such part."""
        parts = self._store.parts(spec.id, number, number + 1)
        return self._place(spec, number, parts[0]) if parts else None

    def _store_again(self, spec: Spec, number: int) -> None:
        """Make the stored rows of a part from the upload again."""
        layout = spec.layout
        if not isinstance(layout, ParquetLayout):
            self._read_requests(spec)
            return
        before = self._store.parts(spec.id, number - 1, number) if number else []
        after = before[0] if before else None
        cut = convert(self._blobs, spec, layout, self._settings, known=number, after=after)
        next(cut, None)


def lost_rows(spec: Spec, part: Part) -> Rows:
    """Rows in place of those of a damaged part, each with an error that has its number."""
    numbers = range(part.first_row + 1, part.first_row + part.rows + 1)
    return Rows(
        refs=[""] * part.rows,
        # Of rows with an error no value is looked at.
        inputs=[],
        errors=[f"the upload was damaged on the disk: row {at} is lost" for at in numbers],
        extras=[[""] * part.rows for _ in spec.columns],
    )
