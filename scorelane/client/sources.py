"""Turns what a user submits into an upload: a file, bytes, a DataFrame, or rows."""

import io
import os
import stat
from collections.abc import AsyncIterable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from scorelane.client.frames import columns_to_send, csv_content, is_pandas, is_polars
from scorelane.client.ndjson import NdjsonEncoder
from scorelane.client.options import JobOptions, carried_columns
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
Source = str | Path | bytes | BinaryIO | Iterable[Any] | AsyncIterable[Any]


def upload_of(source: Any, media_type: str | None, options: JobOptions) -> Upload:
    """Make the upload of a source that `Client.submit` accepts.

    Args:
        source: a path, bytes, an open file, a DataFrame, or an iterable of rows.
        media_type: of a file or bytes. None: given by the suffix of a path, otherwise CSV.
        options: name the columns of the texts, the references and those to return.

    Raises:
        OSError: the file cannot be read.
        TypeError: a source of this type cannot be submitted.
        ValueError: a DataFrame lacks a column.
    """
    upload = _file_or_bytes_upload(source, media_type)
    if upload is not None:
        return upload
    if is_pandas(source):
        if options.get("quoting") == "none":
            raise ValueError("quoting is for files: a DataFrame is sent with its quotes paired")
        return Upload("text/csv", csv_content(source, _columns(source, options)))
    if is_polars(source):
        columns = _columns(source, options)
        return _rows_upload(lambda: source.select(columns).iter_rows(named=True), options)
    if isinstance(source, AsyncIterable):
        return Upload(NDJSON, lambda: _encoder(options).chunks_async(source), rereadable=False)
    if isinstance(source, Iterable) and not isinstance(source, io.TextIOBase | Mapping):
        # `iter` of a list returns a new iterator. A generator returns itself: it is read once.
        return _rows_upload(lambda: source, options, rereadable=iter(source) is not source)
    raise TypeError(
        f"{type(source).__name__} cannot be submitted. Give a path, bytes, a file open for "
        "reading bytes, a DataFrame, or rows: texts, pairs (ref, text) or dicts."
    )


def _file_or_bytes_upload(source: Any, media_type: str | None) -> Upload | None:
    if isinstance(source, str | Path):
        return _path_upload(Path(source), media_type)
    media_type = media_type or "text/csv"
    if isinstance(source, bytes | bytearray | memoryview):
        content = bytes(source)
        return Upload(media_type, lambda: iter([content]), size=len(content))
    if hasattr(source, "read") and not isinstance(source, io.TextIOBase):
        return _file_upload(source, media_type)
    return None


def _path_upload(path: Path, media_type: str | None) -> Upload:
    gzipped = path.suffix.lower() == ".gz"
    suffix = path.with_suffix("").suffix if gzipped else path.suffix
    size = None
    if not stat.S_ISFIFO(path.stat().st_mode):
        # Opening the file now finds missing permissions before anything is sent. A named pipe must
        # not be opened twice: its writer would see the first reader go away, and stop.
        with path.open("rb") as file:
            size = _remaining_bytes(file)
    return Upload(
        media_type or MEDIA_TYPES.get(suffix.lower(), "text/csv"),
        partial(_read_path, path),
        gzipped=gzipped,
        size=size,
        # Whatever has no size, such as a named pipe, can be read only once.
        rereadable=size is not None,
    )


def _file_upload(file: BinaryIO, media_type: str) -> Upload:
    start = file.tell() if file.seekable() else None

    def content() -> Iterator[bytes]:
        if start is not None:
            file.seek(start)
        return _read(file)

    return Upload(media_type, content, size=_remaining_bytes(file), rereadable=start is not None)


def _read_path(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        yield from _read(file)


def _read(file: BinaryIO) -> Iterator[bytes]:
    return iter(lambda: file.read(CHUNK_BYTES), b"")


def _remaining_bytes(file: BinaryIO) -> int | None:
    """Count the bytes from the current position to the end; None if it is not a regular file."""
    try:
        status = os.fstat(file.fileno())
        if stat.S_ISREG(status.st_mode):
            return status.st_size - file.tell()
    except OSError:
        pass
    return None


def _rows_upload(rows: Any, options: JobOptions, *, rereadable: bool = True) -> Upload:
    return Upload(NDJSON, lambda: _encoder(options).chunks(rows()), rereadable=rereadable)


def _encoder(options: JobOptions) -> NdjsonEncoder:
    return NdjsonEncoder(options.get("ref_column") or "ref", options.get("text_column") or "text")


def _columns(frame: Any, options: JobOptions) -> list[str]:
    text_column = options.get("text_column") or "text"
    return columns_to_send(frame, text_column, options.get("ref_column"), carried_columns(options))
