"""Reads the rows of a part, and finds out if they are not those that were sent."""

import logging
from collections.abc import Callable
from contextlib import suppress

from shared.config.settings import Settings
from shared.errors.base import ScorelaneError
from shared.errors.service import DataDamaged
from shared.jobs.job import Spec
from shared.jobs.job_store import JobStore
from shared.storage.blobs import Blobs
from shared.tables.layouts import ParquetLayout
from shared.tables.parts import Part
from shared.tables.rows import Rows
from worker.steps.parquet_input import convert
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
    ) -> None:
        """Take the collaborators; `read_requests` stores the rows of a batch, from its upload."""
        self._settings = settings
        self._store = store
        self._blobs = blobs
        self._rows = rows
        self._source_rows = source_rows
        self._read_requests = read_requests

    def read(self, spec: Spec, number: int, part: Part) -> Rows | None:
        """The rows of a part; None if they are not those that were sent.

        Raises:
            FileNotFoundError: its rows are not in the blob store any more.
            OSError: its rows cannot be read.
            shared.errors.input.PlaceError: a file that is read where it is is not what it was.
        """
        content = self._content(spec, number, part)
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
        max_bytes = self._settings.max_record_bytes
        where = spec.layout.rows_in(spec, number, part, max_bytes)
        length = part.length if where.length < 0 else where.length
        if spec.sources:
            # Damaged is only what is here: the list of the files.
            with suppress(DataDamaged, ValueError):
                return self._source_rows.read(spec, where.offset, length)
            return b""
        for is_last in (False, True):
            # Other errors than `DataDamaged` come from an upload without checksums.
            with suppress(ScorelaneError, ValueError):
                if is_last:
                    self._store_again(spec, number)
                content = self._blobs.read(*where)
                if len(content) == length:
                    return content
            if not spec.layout.stored_apart:
                break
        return b""

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
