"""A separate program that reads a Parquet file: its columns, or its rows in the stored form.

A large C++ library reads the file, and the file may come from anybody. If the library crashes or
wants too much memory, only this process ends, and no worker and no API process with it. Also, a
process that never meets Parquet never loads the library.

`python -m shared.tables.parquet_process '{"do": "describe", "memory": 500000000}' <file`
"""

import io
import json
import math
import resource
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from shared.tables.parquet_rows import NOT_WANTED, UNREADABLE
from shared.tables.stored_rows import write_rows

#: The processor time for describing a file, or reading its first rows.
DESCRIBE_SECONDS = 10

#: The processor time for reading all rows. A split goes on in a new process long before. The limit
#: ends this process if a file makes it loop and its worker was killed.
ROWS_SECONDS = 3600

ROWS_AT_ONCE = 512

#: Row groups are read page by page.
PAGE_BUFFER_BYTES = 2**20


class _Content:
    """A range of a file, as a seekable file of its own."""

    def __init__(self, file: BinaryIO, begin: int, size: int) -> None:
        self._file = file
        self._begin = begin
        self._size = size
        self.closed = False
        file.seek(begin)

    def read(self, length: int = -1) -> bytes:
        left = max(self._size - self.tell(), 0)
        return self._file.read(left if length < 0 else min(length, left))

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self.tell(), io.SEEK_END: self._size}[whence]
        return self._file.seek(self._begin + start + offset) - self._begin

    def tell(self) -> int:
        return self._file.tell() - self._begin

    def close(self) -> None:
        self.closed = True


def main() -> int:
    """Do what the argument asks with the file on standard input; return the exit status."""
    request = json.loads(sys.argv[1])
    resource.setrlimit(resource.RLIMIT_DATA, (request["memory"], request["memory"]))
    with suppress(OSError):
        # If the container runs out of memory, the kernel should kill this process first.
        Path("/proc/self/oom_score_adj").write_text("1000")
    seconds = ROWS_SECONDS if request["do"] == "rows" else DESCRIBE_SECONDS
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    try:
        with open(0, "rb", closefd=False) as stdin:
            content = _Content(stdin, request["begin"], request["size"])
            file = pq.ParquetFile(content, pre_buffer=False, buffer_size=PAGE_BUFFER_BYTES)
            if request["do"] == "describe":
                names, rows = file.schema_arrow.names, file.metadata.num_rows
                sys.stdout.write(json.dumps({"columns": names, "rows": rows}))
            elif request["do"] == "first":
                # Rows that were read before the memory ran out are good enough for a preview.
                inputs = len(request["types"])
                with suppress(MemoryError):
                    for run in _first(_rows(file, request, 0), request["most"]):
                        sys.stdout.buffer.write(write_rows(run, inputs))
            else:
                inputs = len(request["types"])
                for run in _rows(file, request, request["skip"]):
                    sys.stdout.buffer.write(write_rows(run, inputs))
            sys.stdout.flush()
    except BrokenPipeError:
        return NOT_WANTED
    except MemoryError:
        memory = f"{request['memory'] // 2**20} MB"
        return _unreadable(
            f"it takes more than {memory} of memory: its pages or its texts are too large"
        )
    except (pa.ArrowException, OSError, ValueError) as error:
        return _unreadable(str(error).partition("\n")[0][:200])
    return 0


def _unreadable(reason: str) -> int:
    sys.stderr.write(reason)
    return UNREADABLE


def _rows(
    file: pq.ParquetFile, request: dict[str, Any], skip: int
) -> Iterator[list[tuple[Any, ...]]]:
    """Read the rows after the first `skip`, some at a time: the values of the columns `names`.

    A column that the file does not have is null.
    """
    names, types = request["names"], request["types"]
    kinds = [None, *types, *[None] * (len(names) - len(types) - 1)]
    group, groups = 0, file.metadata.num_row_groups
    while group < groups and skip >= (rows := file.metadata.row_group(group).num_rows):
        skip, group = skip - rows, group + 1
    present = [name for name in names if name in file.schema_arrow.names]
    for batch in file.iter_batches(
        ROWS_AT_ONCE, row_groups=list(range(group, groups)), columns=present, use_threads=False
    ):
        if skip >= len(batch):
            skip -= len(batch)
            continue
        wanted, skip = batch.slice(skip), 0
        columns = [
            _values_for(wanted.column(name), kind) if name in present else [None] * len(wanted)
            for name, kind in zip(names, kinds, strict=True)
        ]
        yield list(zip(*columns, strict=True))


def _first(runs: Iterator[Any], limit: int) -> Iterator[Any]:
    """The first `limit` rows."""
    for run in runs:
        yield run[:limit]
        limit -= len(run)
        if limit <= 0:
            return


def _values_for(column: pa.Array, kind: str | None) -> list[Any]:
    """The values of a column for an input of a type; None: it is the ref, or carried through."""
    values = _values(column, is_text=kind == "string")
    if kind in (None, "string") or not pa.types.is_floating(column.type):
        return values
    # JSON has no infinite numbers: they become texts, which are an error of their rows.
    return [str(value) if value in (math.inf, -math.inf) else value for value in values]


def _values(column: pa.Array, *, is_text: bool) -> list[Any]:
    """The values of a column as JSON values.

    In a column of texts (`is_text`) only texts become strings; the string form of another type is
    wrapped in an object, so that the row gets an error and is not scored.
    """
    kind = column.type
    if pa.types.is_dictionary(kind):
        column, kind = column.dictionary_decode(), kind.value_type
    if pa.types.is_timestamp(kind):
        # A time without a zone is the local time as written; one with a zone is stored in UTC.
        zone = "Z" if kind.tz else ""
        texts = column.cast(pa.timestamp(kind.unit)).cast(pa.string()).to_pylist()
        values = [value if value is None else value.replace(" ", "T") + zone for value in texts]
    elif pa.types.is_temporal(kind) or pa.types.is_decimal(kind):
        values = column.cast(pa.string()).to_pylist()
    else:
        values = _decoded(column)
        if _holds_texts(kind):
            return values
        values = [value if value is None else _plain(value) for value in values]
    if is_text:
        return [{str(kind): value} if isinstance(value, str) else value for value in values]
    return values


def _holds_texts(kind: pa.DataType) -> bool:
    # Older programs write strings as bytes, and do not mark them as strings.
    tests = (
        pa.types.is_string,
        pa.types.is_large_string,
        pa.types.is_string_view,
        pa.types.is_binary,
        pa.types.is_large_binary,
        pa.types.is_binary_view,
    )
    return any(test(kind) for test in tests)


def _decoded(column: pa.Array) -> list[Any]:
    """The values; bytes become texts if they are UTF-8, and otherwise an object with their hex."""
    if not _holds_texts(column.type):
        return list(column.to_pylist())
    values = column.cast(pa.large_binary()).to_pylist()
    try:
        return [value if value is None else value.decode() for value in values]
    except UnicodeDecodeError:
        return [value if value is None else _text_in(value) for value in values]


def _text_in(value: bytes) -> Any:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return {"binary": value.hex()}


def _plain(value: Any) -> Any:
    """The value in a form that `json` can write."""
    match value:
        case None | bool() | int() | float() | str():
            return value
        case bytes():
            return _text_in(value)
        case dict():
            return {str(name): _plain(one) for name, one in value.items()}
        case list() | tuple():
            return [_plain(one) for one in value]
        case _:
            return str(value)


if __name__ == "__main__":
    sys.exit(main())
