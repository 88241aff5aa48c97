"""Checks the beginnings of all files of a job: each must have the columns of the first."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from contextvars import copy_context
from dataclasses import dataclass, replace
from itertools import accumulate

from api.process.body_memory import Reservation
from api.requests.terms import Terms
from api.security.access import current_identity
from api.services import Services
from api.submission.admission import Admitted
from api.submission.checks import CheckedUpload, check_upload
from api.submission.found_sources import HEAD_BYTES, Files, answering, source_of
from api.submission.head import Head
from api.submission.room import check_room
from api.submission.stored_upload import StoredUpload
from api.uploads.csv import CsvUpload
from api.uploads.ndjson import HEAD_BYTES as NDJSON_BYTES
from api.uploads.ndjson import NdjsonUpload
from shared.errors.base import ScorelaneError
from shared.errors.input import (
    BadInput,
    ColumnTaken,
    InFile,
    NoRows,
    NotText,
    OpenQuote,
    PlaceError,
    in_file,
)
from shared.jobs.sources import Source, Sources
from shared.places.stores import Found, Stores
from shared.tables.csv_layout import CsvLayout

#: The name of the result column with each row's file, in jobs of a folder or of several addresses.
FILE_COLUMN = "file"

#: How many files are read at a time.
_AT_ONCE = 8

#: How much more of a file is read whose header is long.
_STEP_BYTES = 256 * 1024

#: How many columns a refusal names.
_MOST_TOLD = 5


@dataclass(frozen=True)
class CheckedSources:
    """Files that can be a job.

    Attributes:
        admitted: the options, the model and the terms.
        carried: the names of the columns that are carried through, with that of the file.
        content: the layout, the bytes of all files, and about how many rows they have.
        sources: the files.
        asked: what the request has asked for, as the job records it.
        output: the folder that gets the results; empty: none.
    """

    admitted: Admitted
    carried: tuple[str, ...]
    content: StoredUpload
    sources: tuple[Source, ...]
    asked: Sources
    output: str

    @property
    def terms(self) -> Terms:
        """The fields of the job's `Spec` that follow from the request."""
        return self.admitted.terms | {
            "columns": self.carried,
            "sources": self.asked,
            "output": self.output,
        }


def check_sources(
    services: Services, files: Files, early: Admitted, memory: Reservation
) -> CheckedSources:
    """Check the files of a job, by their beginnings.

    Args:
        services: the stores and the limits.
        files: the files.
        early: what the options decide.
        memory: of the request; it then also holds the beginning of the first file.

    Raises:
        shared.errors.base.ScorelaneError: they cannot be a job.
    """
    head = Head(files.content, services.settings, memory)
    with naming(files):
        upload = check_upload(services, head.content, early, head)
    rows = upload.content.rows
    if not head.is_whole and head.length:
        rows = rows * head.length // max(upload.content.size, 1)
        check_room(services, rows)
    return checked_sources(services, files, upload, rows)


def checked_sources(
    services: Services, files: Files, upload: CheckedUpload, rows: int
) -> CheckedSources:
    """Check the other files, once the first was checked.

    Args:
        services: the stores and the limits.
        files: the files.
        upload: what is known of the first one.
        rows: about how many rows all files have.

    Raises:
        shared.errors.base.ScorelaneError: they cannot be a job.
    """
    carried, asked = upload.carried, files.asked
    if not asked.is_one_file:
        if FILE_COLUMN in (*carried, *(one.name for one in upload.admitted.outputs)):
            raise ColumnTaken(column=FILE_COLUMN)
        carried = (*carried, FILE_COLUMN)
    sources = tuple(_sources(services, files, upload))
    addresses = tuple(place.url for place in asked.places)
    recorded = Sources(addresses=addresses, files=len(sources), file_column=not asked.is_one_file)
    # Nobody has counted the lines of all files: budgets take the estimate until they are split.
    content = replace(upload.content, size=files.size, rows=max(rows, 1), most_rows=None)
    output = asked.output.url if asked.output else ""
    return CheckedSources(upload.admitted, carried, content, sources, recorded, output)


def _sources(services: Services, files: Files, upload: CheckedUpload) -> Iterator[Source]:
    layout = upload.content.layout
    others = [one for index, one in enumerate(files.found) if index != files.first]

    def look(found: Found) -> Source:
        with answering(found.place, files.until), _in_file(found):
            if isinstance(layout, CsvLayout):
                return _look_at_csv(services.stores, files, found, layout, upload.columns)
            return _look_at_lines(services, found, upload)

    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="sources") as threads:
        calls = [threads.submit(copy_context().run, look, one) for one in others]
        try:
            looked = [call.result() for call in calls]
        finally:
            threads.shutdown(cancel_futures=True)
    looked.insert(files.first, source_of(files.found[files.first], rows_at=layout.start))
    starts = accumulate((one.size for one in looked), initial=0)
    for source, start in zip(looked, starts, strict=False):
        yield source.model_copy(update={"start": start})


def _look_at_csv(
    stores: Stores, files: Files, found: Found, layout: CsvLayout, columns: list[str]
) -> Source:
    head, found = stores.head(found.place, HEAD_BYTES, current_identity().owner)
    source = source_of(found)
    reader = CsvUpload(files.content.delimiter, is_named=files.content.delimiter_is_named)
    reader.feed(head)
    while reader.columns is None and reader.size < found.size:
        end = min(reader.size + _STEP_BYTES, found.size)
        reader.feed(stores.read(source, reader.size, end))
    if reader.columns is None:
        # A header without a line end, or no line at all.
        with suppress(NoRows):
            reader.finish()
    if reader.columns is None:
        return source.model_copy(update={"rows_at": found.size})
    if reader.delimiter != layout.delimiter:
        raise InFile(address=source.address, reason="Its first line names another delimiter.")
    if reader.columns != columns:
        raise InFile(address=source.address, reason=_difference(reader.columns, columns, files))
    return source.model_copy(update={"rows_at": reader.start})


def _difference(columns: list[str], first: list[str], files: Files) -> str:
    where = f"those of {files.found[files.first].place.url}"
    if sorted(columns) == sorted(first):
        return f"Its columns are {where} in another order. Write all files with one order."
    only = [name for name in columns if name not in first]
    missing = [name for name in first if name not in columns]
    told = [f"it has no '{name}'" for name in missing] + [f"it also has '{name}'" for name in only]
    what = ", ".join(told[:_MOST_TOLD]) or "one is there more than once"
    return f"Its columns are not {where}: {what}."


def _look_at_lines(services: Services, found: Found, upload: CheckedUpload) -> Source:
    stores, most = services.stores, services.settings.max_record_bytes
    head, found = stores.head(found.place, NDJSON_BYTES, current_identity().owner)
    source = source_of(found)
    if b"\n" not in head and len(head) < found.size:
        head = stores.read(source, 0, min(most + 1, found.size))
    if len(head) < found.size and b"\n" in head:
        head = head[: head.rindex(b"\n") + 1]
    reader = NdjsonUpload(most)
    reader.feed(head)
    try:
        columns = reader.finish()
    except NoRows:
        return source.model_copy(update={"rows_at": len(head)})
    for name in (*upload.admitted.inputs.inputs, *upload.carried):
        if name not in columns:
            raise InFile(address=source.address, reason=f"Its first rows have no column '{name}'.")
    layout = reader.layout(upload.admitted.inputs)
    return source.model_copy(update={"rows_at": layout.start})


@contextmanager
def naming(files: Files) -> Iterator[None]:
    """Let an error carry the address of the file that was begun, if there are several."""
    begun = files.found[files.first].place.url
    try:
        yield
    except (NotText, OpenQuote) as error:
        raise in_file(begun, error) from None
    except ScorelaneError as error:
        if len(files.found) > 1:
            error.known |= {"file": begun}
        raise


@contextmanager
def _in_file(found: Found) -> Iterator[None]:
    """Say in which file something is wrong."""
    try:
        yield
    except BadInput as error:
        if isinstance(error, PlaceError):
            raise
        raise in_file(found.place.url, error) from None
