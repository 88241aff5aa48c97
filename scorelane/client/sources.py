"""Turns what a user submits into an upload: a file, bytes, a DataFrame, or rows."""

import codecs
import io
import os
import stat
from collections.abc import AsyncIterable, Callable, Iterable, Iterator, Mapping
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import Any, BinaryIO

from scorelane.client.errors import InvalidSource
from scorelane.client.frame_hint import as_frame_hint
from scorelane.client.frames import (
    columns_to_send,
    csv_content,
    is_pandas,
    is_polars,
)
from scorelane.client.ndjson import NdjsonEncoder
from scorelane.client.options import JobOptions, RowOptions, carried_columns, input_columns
from scorelane.client.signature import SENTIMENT, Signature
from scorelane.client.upload import Upload

#: How many bytes of a file are read at a time.
CHUNK_BYTES = 1 << 20

NDJSON = "application/x-ndjson"

#: Suffix of a file -> media type.
MEDIA_TYPES = {
    ".csv": "text/csv",
    ".tsv": "text/tab-separated-values",
    ".json": "application/json",
    ".ndjson": NDJSON,
    ".jsonl": NDJSON,
    ".parquet": "application/vnd.apache.parquet",
}

#: What a user may submit. A DataFrame is not in this list: it is recognised by its methods.
Source = str | os.PathLike[str] | bytes | BinaryIO | Iterable[Any] | AsyncIterable[Any]


def is_file(source: Any) -> bool:
    """Whether a source is a path, bytes or an open file, whose columns only the service reads."""
    return isinstance(source, str | os.PathLike | bytes | bytearray | memoryview) or (
        hasattr(source, "read") and not isinstance(source, type)
    )


def peek(source: Any) -> tuple[Any, bool]:
    """Find out whether rows are clearly texts, and nothing that a model of tables could take.

    Of others the client must know which columns the model takes before it sends them.

    Returns:
        The source, with all its rows, and whether they are texts.
    """
    if isinstance(source, Iterator) and not is_file(source):
        first = list(islice(source, 1))
        return chain(first, source), has_plain_texts(first)
    return source, has_plain_texts(source)


def has_plain_texts(source: Any) -> bool:
    """Whether a source that is no iterator clearly holds texts; see `peek`."""
    if is_pandas(source) or is_polars(source):
        names = set(map(str, source.columns))
        return "text" in names and names <= {"ref", "text"}
    if isinstance(source, list | tuple):
        # Other iterables are not looked at: some lose what is read of them.
        return not source or type(source[0]) in (str, tuple)
    return isinstance(source, Mapping) or not isinstance(source, Iterable | AsyncIterable)


def upload_of(
    source: Any,
    media_type: str | None,
    options: JobOptions,
    signature: Signature = SENTIMENT,
) -> Upload:
    """Make the upload of a source that `Client.submit` accepts.

    Args:
        source: a path, bytes, an open file, a DataFrame, or an iterable of rows.
        media_type: of a file or bytes. None: given by the suffix of a path, otherwise CSV.
        options: name the columns of the texts, the references and those to return.
        signature: of the model.

    Raises:
        OSError: the file cannot be read.
        TypeError: a source of this type cannot be submitted.
        InvalidSource: a DataFrame lacks a column, or an option is for files only.
    """
    upload = _file_or_bytes_upload(source, media_type)
    if upload is not None:
        return upload
    _check_text_options(source, options)
    inputs = input_columns(options, signature)
    encoder = partial(_encoder, options, {str(name): kind for name, kind in inputs.items()})
    if is_pandas(source):
        columns = _columns(source, inputs, options)
        return Upload("text/csv", _csv_content(source, columns, inputs, options))
    if is_polars(source):
        names = list(_columns(source, inputs, options).values())
        _check_polars(source.select(names), encoder())
        return _rows_upload(lambda: source.select(names).iter_rows(named=True), encoder)
    if isinstance(source, AsyncIterable):
        return Upload(NDJSON, lambda: encoder().chunks_async(source), rereadable=False)
    if isinstance(source, Iterable) and not isinstance(source, Mapping):
        # `iter` of a list returns a new iterator. A generator returns itself: it is read once.
        return _rows_upload(lambda: source, encoder, rereadable=iter(source) is not source)
    raise TypeError(
        f"{type(source).__name__} cannot be submitted{as_frame_hint(source)}. Give a path, bytes, "
        "a file open for reading bytes, a DataFrame, or rows: texts, pairs (ref, text) or dicts."
    )


def list_upload(rows: list[Any], options: RowOptions, signature: Signature = SENTIMENT) -> Upload:
    """Make the upload of a few rows, as one JSON list.

    Raises:
        TypeError: a row is of another type than a text, a pair or a dict.
        InvalidSource: a row holds a value that cannot be sent.
    """
    inputs = {str(name): kind for name, kind in input_columns(options, signature).items()}
    content = _encoder(options, inputs).json_list(rows)
    return Upload("application/json", lambda: iter([content]), size=len(content))


def _check_text_options(source: Any, options: JobOptions) -> None:
    """Refuse options that describe the text of a CSV file: the client encodes rows itself.

    Raises:
        InvalidSource: one of them is set.
    """
    given = {
        "delimiter": options.get("delimiter"),
        "charset": options.get("charset"),
        "quoting": options.get("quoting"),
    }
    for name, value in given.items():
        if value is not None and value.lower() not in _AS_SENT:
            raise InvalidSource(
                f"{name}='{value}' describes a file or bytes, but this is a "
                f"{type(source).__name__}, which is sent in an encoding of its own. Leave it out."
            )
    decimal = options.get("decimal")
    if decimal not in (None, "point", "."):
        raise InvalidSource(
            f"decimal='{decimal}' describes a CSV, but this is a {type(source).__name__}, whose "
            "numbers are sent as numbers. Leave it out, and convert texts such as '2,5' to numbers."
        )


#: The delimiter, the charset and the quoting that frames and rows are sent with.
_AS_SENT = frozenset({",", "utf-8", "utf8", "double"})


def _file_or_bytes_upload(source: Any, media_type: str | None) -> Upload | None:
    if isinstance(source, str | os.PathLike):
        return _path_upload(Path(os.fsdecode(source)), media_type)
    media_type = media_type or "text/csv"
    if isinstance(source, bytes | bytearray | memoryview):
        content = bytes(source)
        return Upload(media_type, lambda: iter([content]), size=len(content))
    if hasattr(source, "read") and not isinstance(source, type):
        if _is_text_file(source):
            raise TypeError(
                f"{type(source).__name__} cannot be submitted, because it gives text. Open the "
                "file for reading bytes, with mode 'rb'."
            )
        return _file_upload(source, media_type)
    return None


def _path_upload(path: Path, media_type: str | None) -> Upload:
    gzipped = path.suffix.lower() == ".gz"
    suffix = path.with_suffix("").suffix if gzipped else path.suffix
    mode, size = path.stat().st_mode, None
    regular = stat.S_ISREG(mode)
    if not stat.S_ISFIFO(mode):
        # Opening the file now finds missing permissions before anything is sent. A named pipe must
        # not be opened twice: its writer would see the first reader go away, and stop.
        with path.open("rb") as file:
            size = _remaining_bytes(file)
    return Upload(
        media_type or MEDIA_TYPES.get(suffix.lower(), "text/csv"),
        partial(_read_path, path),
        gzipped=gzipped,
        size=size,
        # A named pipe or a device can be read only once.
        rereadable=regular,
    )


def _file_upload(file: Any, media_type: str) -> Upload:
    start = file.tell() if _is_seekable(file) else None

    def content() -> Iterator[bytes]:
        if start is not None:
            file.seek(start)
        return _read(file)

    return Upload(media_type, content, size=_remaining_bytes(file), rereadable=start is not None)


def _is_seekable(file: Any) -> bool:
    return hasattr(file, "seekable") and bool(file.seekable())


def _is_text_file(file: Any) -> bool:
    """Whether reading gives texts; the wrappers of `tempfile` and `codecs` are no `TextIOBase`."""
    inner = getattr(file, "file", file)
    text_classes = (io.TextIOBase, codecs.StreamReader, codecs.StreamReaderWriter)
    return isinstance(file, text_classes) or isinstance(inner, text_classes)


def _read_path(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        yield from _read(file)


def _read(file: Any) -> Iterator[bytes]:
    while True:
        chunk = file.read(CHUNK_BYTES)
        if not isinstance(chunk, bytes | bytearray | memoryview):
            # None: a file that does not block has nothing to give now, and may not be at its end.
            raise TypeError(
                f"{type(file).__name__} cannot be submitted: reading it gave "
                f"{type(chunk).__name__} and not bytes."
            )
        if not chunk:
            return
        yield bytes(chunk)


def _remaining_bytes(file: Any) -> int | None:
    """Count the bytes from the current position to the end; None if only reading will tell.

    The size of a file on disk is what can be read of it only through Python's own plain files. That
    of a `GzipFile`, for example, is the size of the compressed file.
    """
    raw = getattr(file, "raw", None) if type(file) in _BUFFERED else file
    if type(file) is io.BytesIO:
        return max(file.getbuffer().nbytes - file.tell(), 0)
    if type(raw) is not io.FileIO:
        return None
    try:
        status = os.fstat(file.fileno())
        # Files of /proc have content, but no size.
        if stat.S_ISREG(status.st_mode) and status.st_size:
            position: int = file.tell()
            return max(status.st_size - position, 0)
    except OSError:
        pass
    return None


#: Python's own buffers of a plain file.
_BUFFERED = frozenset({io.BufferedReader, io.BufferedRandom})


def _rows_upload(
    rows: Callable[[], Any], encoder: Callable[[], NdjsonEncoder], *, rereadable: bool = True
) -> Upload:
    return Upload(NDJSON, lambda: encoder().chunks(rows()), rereadable=rereadable)


def _check_polars(frame: Any, encoder: NdjsonEncoder) -> None:
    """Check the first value of each column, before anything is sent; the others are of its type."""
    first = {name: frame[name].drop_nulls().head(1).to_list() for name in frame.columns}
    b"".join(encoder.chunks([{name: one[0] for name, one in first.items() if one}]))


def _encoder(options: JobOptions | RowOptions, inputs: Mapping[str, str]) -> NdjsonEncoder:
    carried = carried_columns(options)
    names = None if carried is None else list(map(str, carried))
    ref_column = options.get("ref_column")
    ref_name = None if ref_column is None else str(ref_column)
    return NdjsonEncoder(ref_name, inputs, names)


def _csv_content(
    frame: Any, columns: Mapping[int, str], inputs: Mapping[Any, str], options: JobOptions
) -> Callable[[], Iterator[bytes]]:
    ref_column = options.get("ref_column")
    ref_name = "ref" if ref_column is None else str(ref_column)
    kinds = {str(name): kind for name, kind in inputs.items()}
    return csv_content(frame, columns, kinds, ref_name)


def _columns(frame: Any, inputs: Iterable[Any], options: JobOptions) -> dict[int, str]:
    carried = carried_columns(options)
    return columns_to_send(frame.columns, inputs, options.get("ref_column"), carried)
