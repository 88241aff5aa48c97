"""What can be submitted: files, bytes, DataFrames, and rows from wherever they come."""

import io
import os
import stat
from collections.abc import AsyncIterable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from scorelane.client.frames import columns_to_send, csv_of, is_pandas, is_polars
from scorelane.client.ndjson import RowLines
from scorelane.client.options import JobOptions, carried
from scorelane.client.upload import Upload

#: Bytes of a file that are read at once.
CHUNK = 1 << 20

NDJSON = "application/x-ndjson"

#: The media type of a file, by its ending.
MEDIA_TYPES = {
    ".csv": "text/csv",
    ".tsv": "text/tab-separated-values",
    ".json": "application/json",
    ".ndjson": NDJSON,
    ".jsonl": NDJSON,
    ".parquet": "application/vnd.apache.parquet",
}

#: What a user may hand over; a DataFrame is known by its methods.
Source = str | Path | bytes | BinaryIO | Iterable[Any] | AsyncIterable[Any]


def upload_of(source: Any, media_type: str | None, options: JobOptions) -> Upload:
    """The upload of whatever `Client.submit` takes.

    Args:
        source: see there.
        media_type: what it is; None: by the ending of a path, CSV else.
        options: say which columns are meant.

    Raises:
        OSError: the file cannot be read.
        TypeError: it is nothing that can be submitted.
        ValueError: a DataFrame lacks a column.
    """
    upload = _of_content(source, media_type)
    if upload is not None:
        return upload
    if is_pandas(source):
        return Upload("text/csv", csv_of(source, _columns(source, options)))
    if is_polars(source):
        columns = _columns(source, options)
        return _of_rows(lambda: source.select(columns).iter_rows(named=True), options)
    if isinstance(source, AsyncIterable):
        return Upload(NDJSON, lambda: _lines(options).runs_later(source), again=False)
    if isinstance(source, Iterable) and not isinstance(source, io.TextIOBase | Mapping):
        # A list gives a new iterator each time; a generator is its own, and is read once.
        return _of_rows(lambda: source, options, again=iter(source) is not source)
    raise TypeError(
        f"{type(source).__name__} cannot be submitted. Give a path, bytes, a file open for "
        "reading bytes, a DataFrame, or rows: texts, pairs (ref, text) or dicts."
    )


def _of_content(source: Any, media_type: str | None) -> Upload | None:
    if isinstance(source, str | Path):
        return _of_path(Path(source), media_type)
    media_type = media_type or "text/csv"
    if isinstance(source, bytes | bytearray | memoryview):
        content = bytes(source)
        return Upload(media_type, lambda: iter([content]), size=len(content))
    if hasattr(source, "read") and not isinstance(source, io.TextIOBase):
        return _of_file(source, media_type)
    return None


def _of_path(path: Path, media_type: str | None) -> Upload:
    packed = path.suffix.lower() == ".gz"
    ending = path.with_suffix("").suffix if packed else path.suffix
    size = None
    if not stat.S_ISFIFO(path.stat().st_mode):
        # Opened now, so that a file that is not ours is found before anything is sent. Not a named
        # pipe, whose writer would not come back.
        with path.open("rb") as file:
            size = _size_left(file)
    return Upload(
        media_type or MEDIA_TYPES.get(ending.lower(), "text/csv"),
        partial(_read_path, path),
        packed=packed,
        size=size,
        # What has no size, such as a named pipe, can be read once.
        again=size is not None,
    )


def _of_file(file: BinaryIO, media_type: str) -> Upload:
    begin = file.tell() if file.seekable() else None

    def content() -> Iterator[bytes]:
        if begin is not None:
            file.seek(begin)
        return _read(file)

    return Upload(media_type, content, size=_size_left(file), again=begin is not None)


def _read_path(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        yield from _read(file)


def _read(file: BinaryIO) -> Iterator[bytes]:
    return iter(lambda: file.read(CHUNK), b"")


def _size_left(file: BinaryIO) -> int | None:
    """Bytes from here to the end of a plain file; None for a pipe and the like."""
    try:
        status = os.fstat(file.fileno())
        if stat.S_ISREG(status.st_mode):
            return status.st_size - file.tell()
    except OSError:
        pass
    return None


def _of_rows(rows: Any, options: JobOptions, *, again: bool = True) -> Upload:
    return Upload(NDJSON, lambda: _lines(options).runs(rows()), again=again)


def _lines(options: JobOptions) -> RowLines:
    return RowLines(options.get("ref_column") or "ref", options.get("text_column") or "text")


def _columns(frame: Any, options: JobOptions) -> list[str]:
    text_column = options.get("text_column") or "text"
    return columns_to_send(frame, text_column, options.get("ref_column"), carried(options))
