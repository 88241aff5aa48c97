"""Reading and checking the rows of a `POST /jobs`: the one path of a job and of a dry run.

A text file or a Parquet file takes `check_early`, then `check_upload`. JSON, which is read whole,
takes `read_body` and `check_json`. All of them raise what the request is refused with, and record
nothing.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any, BinaryIO, Protocol

from typing_extensions import override

from api.process.body_memory import Reservation
from api.requests.content import RequestContent
from api.requests.json_body import read_json
from api.requests.limits import check_columns, check_length, check_rows
from api.requests.terms import Terms
from api.security.budgets import check_budgets
from api.services import Services
from api.submission.admission import Admitted, admit
from api.submission.line_count import LineCount
from api.submission.room import check_room
from api.submission.stored_upload import StoredUpload
from api.submission.write_behind import write_behind
from api.uploads.carried import carried_columns
from api.uploads.formats import Format
from api.uploads.json_rows import Row, json_columns, json_rows
from api.uploads.readers import reader_of
from shared.errors.input import BadInput
from shared.fleet import Served
from shared.storage.blobs import Blobs
from shared.tables.csv_layout import CsvLayout

#: A small job is scored in one go. With a slow model, one that takes longer than this is a bulk
#: job.
SMALL_SECONDS = 10.0

#: So is one whose body is longer: on the way to Redis and back its rows would be in memory many
#: times, and an upload passes in pieces.
SMALL_BYTES = 1024 * 1024

#: How many times a piece of a file is in memory while its rows are looked for.
COPIES = 5

SHORTER_ADVICE = "Send shorter rows, without columns that are not needed."


class Destination(Protocol):
    """Where an upload is written while it is read."""

    def writing(self) -> AbstractContextManager[Callable[[bytes], object]]:
        """Give a function that appends a chunk; everything is written at the block's end."""

    def open(self) -> BinaryIO:
        """Open what was written."""


class BlobDestination(Destination):
    """A blob as the destination of an upload."""

    def __init__(self, blobs: Blobs, key: str) -> None:
        self._blobs = blobs
        self._key = key

    @contextmanager
    @override
    def writing(self) -> Iterator[Callable[[bytes], object]]:
        with self._blobs.writing(self._key) as file, write_behind(file) as write:
            yield write

    @override
    def open(self) -> BinaryIO:
        return self._blobs.open(self._key)


class Review(Protocol):
    """Looks at an upload once its columns are known; it may change what its options decide."""

    def __call__(self, admitted: Admitted, columns: list[str], value: Any = None, /) -> Admitted:
        """Return what the options decide.

        Args:
            admitted: what they decide so far.
            columns: the names of all columns.
            value: a parsed JSON body; None for a file, which was written to its destination.

        Raises:
            shared.errors.base.ScorelaneError: the request cannot be a job.
        """


@dataclass(frozen=True)
class CheckedUpload:
    """An upload that can be a bulk job.

    Attributes:
        admitted: its options, model and terms.
        columns: the names of all its columns.
        carried: the names of the columns that are carried through to the results.
        content: its layout, size and number of rows.
    """

    admitted: Admitted
    columns: list[str]
    carried: tuple[str, ...]
    content: StoredUpload

    @property
    def terms(self) -> Terms:
        """The fields of the job's `Spec` that follow from the options and the columns."""
        return self.admitted.terms | {"columns": self.carried}


@dataclass(frozen=True)
class CheckedJson:
    """A JSON body that can be a job.

    Attributes:
        admitted: its options, model and terms.
        columns: the names of all its columns.
        carried: the names of the columns that are carried through to the results.
        rows: the ref, the inputs and the carried values of each row.
        size: the bytes of the body.
        is_small: whether the rows are a small job, which needs no upload and no split.
    """

    admitted: Admitted
    columns: list[str]
    carried: tuple[str, ...]
    rows: list[Row]
    size: int
    is_small: bool

    @property
    def terms(self) -> Terms:
        """The fields of the job's `Spec` that follow from the options and the columns."""
        return self.admitted.terms | {"columns": self.carried}


def check_early(
    services: Services, content: RequestContent, announced: int | None
) -> Admitted | None:
    """Refuse an upload, before it is read, for everything that is known by then.

    Args:
        services: supply the limits and the models.
        content: what was sent.
        announced: the length of the request's body in bytes, if it is known.

    Returns:
        What the options decide; None for a form: its fields may follow the file.

    Raises:
        shared.errors.base.ScorelaneError: the request cannot be a job.
    """
    check_length(services.settings, announced)
    check_room(services, 0)
    check_budgets(services)
    return None if content.is_form else admit(services, content.options())


def check_upload(
    services: Services,
    content: RequestContent,
    early: Admitted | None,
    destination: Destination,
    review: Review | None = None,
) -> CheckedUpload:
    """Read a file, check it and write it to its destination, chunk by chunk.

    Args:
        services: supply the limits and the models.
        content: what was sent.
        early: what `check_early` returned.
        destination: where the file is written.
        review: of a dry run.

    Raises:
        shared.errors.base.ScorelaneError: the request cannot be a job.
    """
    settings = services.settings
    reader = reader_of(
        content.kind.format,
        content.delimiter,
        settings,
        destination.open,
        delimiter_is_named=content.delimiter_is_named,
    )
    lines = LineCount(services)
    with services.body_memory.reserving() as memory, destination.writing() as write:
        for chunk in content.chunks:
            if reader.held:
                memory.raise_to(COPIES * (reader.held + len(chunk)), SHORTER_ADVICE)
            reader.feed(chunk)
            check_length(settings, reader.size)
            lines.feed(chunk)
            write(chunk)
    admitted = early or admit(services, content.options())
    columns = reader.finish()
    if review:
        admitted = review(admitted, columns)
    options = admitted.options
    carried = carried_columns(options, columns, admitted.outputs)
    layout = reader.layout(admitted.inputs, carried)
    if isinstance(layout, CsvLayout):
        layout = layout.model_copy(update={"decimal": options.decimal})
    check_columns(settings, layout.width)
    most_rows = lines.most_rows(header_lines=int(content.kind.format is Format.CSV))
    if content.kind.format is Format.PARQUET:
        # A text file's rows are counted only when the job is split.
        check_rows(settings, reader.about_rows)
        most_rows = reader.about_rows
    check_room(services, reader.about_rows)
    stored = StoredUpload(layout, reader.size, reader.about_rows, most_rows)
    return CheckedUpload(admitted, columns, carried, stored)


@dataclass(frozen=True)
class JsonBody:
    """A JSON body that was parsed.

    Attributes:
        value: its value.
        size: its bytes.
        early: what the options decide; None for a form, whose fields may follow the file, or if
            they cannot be used.
        refusal: why the options cannot be used; None if they can.
    """

    value: Any
    size: int
    early: Admitted | None
    refusal: BadInput | None = None


def read_body(
    services: Services, content: RequestContent, announced: int | None, memory: Reservation
) -> JsonBody:
    """Read a JSON body, or a JSON file in a form, and parse it.

    Args:
        services: supply the limits and the models.
        content: what was sent.
        announced: the length of the request's body in bytes, if it is known.
        memory: of the request; it then also holds what the rows need.

    Raises:
        shared.errors.base.ScorelaneError: the body cannot be read.
    """
    early, refusal = None, None
    if not content.is_form:
        try:
            early = admit(services, content.options())
        except BadInput as error:
            # If the body has addresses, it may have other options too.
            refusal = error
    value, size = read_json(services.settings, content.chunks, announced, memory)
    return JsonBody(value, size, early, refusal)


def check_json(
    services: Services, content: RequestContent, body: JsonBody, review: Review | None = None
) -> CheckedJson:
    """Check the rows of a JSON body.

    Args:
        services: supply the limits and the models.
        content: what was sent.
        body: what was read of it.
        review: of a dry run.

    Raises:
        shared.errors.base.ScorelaneError: the request cannot be a job.
    """
    if body.refusal:
        raise body.refusal
    admitted = body.early or admit(services, content.options())
    columns = json_columns(body.value)
    if review:
        admitted = review(admitted, columns, body.value)
    options = admitted.options
    carried: tuple[str, ...] = ()
    if options.columns != ():
        carried = carried_columns(options, columns, admitted.outputs)
        check_columns(services.settings, len(carried))
    rows = json_rows(body.value, admitted.inputs, carried)
    # Small jobs are scored together, so all of them have the outputs of their model alone. Of one
    # job among them the rows could not be deleted by themselves.
    is_bulk = bool(admitted.added or options.models or options.keep != "all")
    is_small = not is_bulk and _is_small(services, admitted.served, len(rows), body.size)
    if not is_small:
        check_rows(services.settings, len(rows))
        check_room(services, len(rows))
    return CheckedJson(admitted, columns, carried, rows, body.size, is_small)


def _is_small(services: Services, served: Served, rows: int, size: int) -> bool:
    most = min(services.settings.small_rows, served.rate * SMALL_SECONDS)
    return rows <= most and size <= SMALL_BYTES
