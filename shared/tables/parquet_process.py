"""A program of its own that reads a Parquet file: its columns, or its rows as they are stored.

What reads such a file is a large library in C++, and the file comes from anybody: here it may die
of it, or want more memory than it gets, and takes no worker and no API with it. Nor is it anywhere
where there is no Parquet.

`python -m shared.tables.parquet_process '{"do": "describe", "memory": 500000000}' <file`
"""

import json
import resource
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from shared.tables.parquet_rows import NOT_WANTED, UNREADABLE
from shared.tables.stored_rows import write_rows

#: Processor time that it may take to say what is in a file, or what its first rows are.
DESCRIBE_SECONDS = 10

#: And to give all rows. Whoever wants them goes on in another process long before; where that was
#: killed, and the file has this one turn in circles, nobody else would end it.
ROWS_SECONDS = 3600

ROWS_AT_ONCE = 512

#: Row groups are read page by page.
PAGE_BUFFER_BYTES = 2**20


def main() -> int:
    """Do what the argument says, with the file at the standard input; say how that ended."""
    asked = json.loads(sys.argv[1])
    resource.setrlimit(resource.RLIMIT_DATA, (asked["memory"], asked["memory"]))
    with suppress(OSError):
        # Where a container has no memory left, the kernel takes this process first.
        Path("/proc/self/oom_score_adj").write_text("1000")
    seconds = ROWS_SECONDS if asked["do"] == "rows" else DESCRIBE_SECONDS
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    try:
        with open(0, "rb", closefd=False) as stdin:
            file = pq.ParquetFile(stdin, pre_buffer=False, buffer_size=PAGE_BUFFER_BYTES)
            if asked["do"] == "describe":
                names, rows = file.schema_arrow.names, file.metadata.num_rows
                sys.stdout.write(json.dumps({"columns": names, "rows": rows}))
            elif asked["do"] == "first":
                # What comes before is what there is to see, to who looks with little memory.
                with suppress(MemoryError):
                    for run in _first(_rows(file, asked["names"], 0), asked["most"]):
                        sys.stdout.buffer.write(write_rows(run))
            else:
                for run in _rows(file, asked["names"], asked["skip"]):
                    sys.stdout.buffer.write(write_rows(run))
            sys.stdout.flush()
    except BrokenPipeError:
        return NOT_WANTED
    except MemoryError:
        most = f"{asked['memory'] // 2**20} MB"
        return _say(f"it takes more than {most} of memory: its pages or its texts are too large")
    except (pa.ArrowException, OSError, ValueError) as error:
        return _say(str(error).partition("\n")[0][:200])
    return 0


def _say(reason: str) -> int:
    sys.stderr.write(reason)
    return UNREADABLE


def _rows(file: pq.ParquetFile, names: list[str], skip: int) -> Iterator[list[tuple[Any, ...]]]:
    """The rows from one on, some at a time: the values of these columns, in their order."""
    group, groups = 0, file.metadata.num_row_groups
    while group < groups and skip >= (rows := file.metadata.row_group(group).num_rows):
        skip, group = skip - rows, group + 1
    there = [name for name in names if name in file.schema_arrow.names]
    for batch in file.iter_batches(
        ROWS_AT_ONCE, row_groups=list(range(group, groups)), columns=there, use_threads=False
    ):
        if skip >= len(batch):
            skip -= len(batch)
            continue
        wanted, skip = batch.slice(skip), 0
        columns = [
            _values(wanted.column(name), is_text=number == 1)
            if name in there
            else [None] * len(wanted)
            for number, name in enumerate(names)
        ]
        yield list(zip(*columns, strict=True))


def _first(runs: Iterator[Any], most: int) -> Iterator[Any]:
    """So many rows at most."""
    for run in runs:
        yield run[:most]
        most -= len(run)
        if most <= 0:
            return


def _values(column: pa.Array, *, is_text: bool) -> list[Any]:
    """The values of a column, as JSON has them; of that with the texts no other is a string."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        column, kind = column.dictionary_decode(), kind.value_type
    if pa.types.is_timestamp(kind):
        # Without a time zone it is what is written; with one, UTC is what is kept.
        zone = "Z" if kind.tz else ""
        spelled = column.cast(pa.timestamp(kind.unit)).cast(pa.string()).to_pylist()
        values = [value if value is None else value.replace(" ", "T") + zone for value in spelled]
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
    # Older programs write strings as bytes, and do not say which they are.
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
    """The values, bytes as the text that they are in UTF-8; what is none is told from a text."""
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
    """A value that `json` can write."""
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
