"""Result parts as one Parquet file, in constant memory.

Import this where a file is made and nowhere before: pyarrow takes 50 MB of a process.
"""

import io
import os
from collections.abc import Iterable, Iterator, Sequence
from threading import Lock

# Before pyarrow is imported. Its own pools keep what each thread has freed: eight downloads at a
# time held 400 MB, and 130 MB with this one.
os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet

from shared.model import SCORE
from shared.tables.result_formats import CSV, RowFormat

#: Rows of a row group: readers work on whole ones, some on one a core.
GROUP_ROWS = 128 * 1024

#: A row group of long cells is closed sooner; it is in memory until then.
GROUP_BYTES = 8 * 1024 * 1024

#: A cell that `shared.tables.csv_results.escape` has put a quote before.
_ESCAPED = r"^'('*[=+\-@\t\r])"

#: Threads of the API may make files at the same time; their row groups take turns in memory.
_making = Lock()


def schema(columns: Sequence[str] = ()) -> pa.Schema:
    """The columns of a file: ref, score, error, and those that are carried through, as texts."""
    names = {"ref": pa.string(), SCORE: pa.float64(), "error": pa.string()}
    carried = [(column, pa.string()) for column in columns]
    return pa.schema([*names.items(), *carried])


def parquet_of(
    parts: Iterable[bytes], form: RowFormat, columns: Sequence[str] = ()
) -> Iterator[bytes]:
    """A Parquet file of result parts, in runs of bytes.

    Args:
        parts: in their order; each is asked for when the ones before are in a row group.
        form: what they are written in.
        columns: the names of the columns that are carried through.
    """
    sink, left = _Sink(), iter(parts)
    # A ref is mostly said once, and a dictionary of all that there are would save nothing.
    repeated = ["error", *columns]
    with pa.parquet.ParquetWriter(
        sink, schema(columns), compression="zstd", use_dictionary=repeated
    ) as writer:
        more = True
        while more:
            with _making:
                more = _write_group(writer, left, form, columns)
                pa.default_memory_pool().release_unused()
            yield sink.take()
    yield sink.take()


def _write_group(
    writer: pa.parquet.ParquetWriter,
    parts: Iterator[bytes],
    form: RowFormat,
    columns: Sequence[str],
) -> bool:
    """Write a row group of the next parts; whether there may be more of them."""
    tables: list[pa.Table] = []
    rows = size = 0
    for content in parts:
        table = _table(content, form, columns)
        tables.append(table)
        rows, size = rows + len(table), size + table.nbytes
        if rows >= GROUP_ROWS or size >= GROUP_BYTES:
            break
    if rows:
        writer.write_table(pa.concat_tables(tables), row_group_size=rows)
        return True
    return False


def _table(content: bytes, form: RowFormat, columns: Sequence[str]) -> pa.Table:
    if form is not CSV:
        return pa.Table.from_pylist(form.parse(content, columns=columns), schema(columns))
    table = _read_csv(content, schema(columns))
    errors = table.column("error")
    nothing = pa.scalar(None, pa.string())
    changed = {"error": pc.if_else(pc.equal(errors, ""), nothing, errors)}
    if b"'" in content:
        for name in ("ref", *columns):
            cells = table.column(name)
            changed[name] = pc.replace_substring_regex(cells, pattern=_ESCAPED, replacement=r"\1")
    for name, cells in changed.items():
        table = table.set_column(table.schema.get_field_index(name), name, cells)
    return table


def _read_csv(content: bytes, wanted: pa.Schema) -> pa.Table:
    # Behind a line that is passed over: else a first cell would lose its byte order mark.
    content = b"-\n" + content
    return pa.csv.read_csv(
        pa.BufferReader(content),
        # In one block, and by this thread: a pool of pyarrow's own would outlive no fork.
        read_options=pa.csv.ReadOptions(
            column_names=wanted.names, skip_rows=1, use_threads=False, block_size=len(content)
        ),
        parse_options=pa.csv.ParseOptions(newlines_in_values=True),
        convert_options=pa.csv.ConvertOptions(
            column_types=wanted, null_values=[""], strings_can_be_null=False
        ),
    )


class _Sink(io.RawIOBase):
    """Takes what the writer writes, until it is fetched."""

    def __init__(self) -> None:
        self._runs: list[bytes] = []
        self._size = 0

    def writable(self) -> bool:
        return True

    def write(self, run: object) -> int:
        content = bytes(run)  # type: ignore[call-overload]  # a buffer of pyarrow's, soon reused
        self._runs.append(content)
        self._size += len(content)
        return len(content)

    def tell(self) -> int:
        return self._size

    def take(self) -> bytes:
        runs, self._runs = self._runs, []
        return b"".join(runs)
