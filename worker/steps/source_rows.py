"""Reads the rows of files where they are: object storage of users, in ranges."""

import io
import time
from array import array
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Iterator
from typing import BinaryIO, cast

from shared.config.settings import Settings
from shared.errors.base import ScorelaneError
from shared.errors.input import PlaceError, in_file
from shared.jobs.sources import Source
from shared.jobs.spec import Spec
from shared.places.listing import read_sources
from shared.places.stores import Stores
from shared.places.web_files import WebFiles
from shared.storage.blobs import Blobs
from shared.storage.object_blobs import READS_AT_A_TIME
from shared.tables.base_layout import BlobRange
from shared.tables.csv_layout import CsvLayout
from shared.tables.parts import Part
from shared.tables.spans import Spans
from worker.steps.checked_text import CheckedText
from worker.steps.cut_file import cut_file
from worker.steps.parquet_input import SplitLater
from worker.steps.read_ahead import Ranges

#: Pauses before a file is asked for again that is not there, or may not be read, in seconds: a
#: change of rights or of credentials takes effect after a while.
PAUSES = (0.5, 1.0, 2.0)

#: The lists of so many jobs are kept; one of 1,000 files takes half a megabyte.
_MOST_LISTS = 8

#: A file is cut into parts in reads of this size.
_BUFFER_BYTES = 256 * 1024


class SourceRows(Ranges):
    """Cuts and reads the files of jobs; it only ever reads them.

    Attributes:
        at_once: how many ranges may be read at a time.

    All methods raise:
        shared.errors.input.PlaceError: a file is gone, may not be read, or is another one now.
        FileNotFoundError: the list of the files is not in the blob store.
        OSError: object storage does not answer.
    """

    at_once = READS_AT_A_TIME

    def __init__(self, blobs: Blobs, settings: Settings, stores: Stores | None = None) -> None:
        """Take the blob store, which has the lists of files; None: stores of the environment."""
        self._stores = stores or Stores(PAUSES, web=WebFiles(settings))
        self._blobs = blobs
        self._settings = settings
        self._lists: OrderedDict[str, tuple[Source, ...]] = OrderedDict()

    def files(self, spec: Spec) -> tuple[Source, ...]:
        """The files of a job.

        Raises:
            ValueError: the list was damaged.
        """
        found = self._lists.get(spec.id)
        if found is None:
            found = self._lists[spec.id] = read_sources(self._blobs.read(spec.upload_key))
            while len(self._lists) > _MOST_LISTS:
                self._lists.popitem(last=False)
        return found

    def cut(self, spec: Spec, after: Part | None) -> Iterator[Part]:
        """Cut the files of a job into parts, each of which lies within one file.

        Args:
            spec: of the job.
            after: the last part that was cut before; None: none was.

        Raises:
            shared.errors.input.InFile: a file cannot be read as text or as a table.
            SplitLater: the time for one task is over, and there are more rows.
        """
        until = time.monotonic() + self._settings.task_time_limit / 3
        for source in self.files(spec):
            begin = source.start + source.rows_at
            if begin >= source.end or (after and after.end >= source.end):
                continue
            if after is None or after.end < begin:
                row = after.first_row + after.rows if after else 0
                after = Part(offset=begin, length=0, first_row=row, rows=0)
            for part in self._cut(spec, source, after):
                yield part
                after = part
                if time.monotonic() > until:
                    raise SplitLater

    def _cut(self, spec: Spec, source: Source, after: Part) -> Iterator[Part]:
        layout, file, begin = spec.layout, self._open(source), after.end - source.start
        if isinstance(layout, CsvLayout):
            file = cast("BinaryIO", CheckedText(file, source.rows_at, layout))
        try:
            file.seek(begin)
            yield from cut_file(layout, file, after, spec, self._settings)
        except PlaceError:
            raise
        except ScorelaneError as error:
            raise in_file(source.address, error) from None

    def _open(self, source: Source) -> BinaryIO:
        reader = cast("io.RawIOBase", self._stores.open(source))
        return cast("BinaryIO", io.BufferedReader(reader, _BUFFER_BYTES))

    def place(self, spec: Spec, where: BlobRange) -> BlobRange:
        """Where a range of the concatenation of a job's files is; `read` reads it."""
        source = self._file_at(spec, where.offset)
        return BlobRange(source.model_dump_json(), where.offset - source.start, where.length)

    def read(self, key: str, offset: int = 0, length: int = -1) -> bytes:
        """Bytes of a file; `key` is the file as `place` has it."""
        source = Source.model_validate_json(key)
        end = source.size if length < 0 else min(offset + length, source.size)
        return self._stores.read(source, offset, end)

    def file_column(self, spec: Spec, part: Part) -> Spans:
        """The address of the file of a part, for each of its rows."""
        address = self._file_at(spec, part.offset).address.encode()
        begins, ends = array("q", [0]), array("q", [len(address)])
        return Spans(address, begins * part.rows, ends * part.rows)

    def _file_at(self, spec: Spec, offset: int) -> Source:
        files = self.files(spec)
        return files[bisect_right(files, offset, key=lambda one: one.start) - 1]
