"""Writes result parts as one Parquet file, in constant memory.

Import this module only when a file is made: pyarrow takes 50 MB of a process.
"""

import io
import os
from collections.abc import Iterable, Iterator, Sequence
from threading import Lock

# To be set before pyarrow is imported. Its default pools keep the memory that each thread has
# freed: eight downloads at a time held 400 MB, and with this pool 130 MB.
os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet

from shared.model import SCORE
from shared.tables.result_formats import CSV, RowFormat

#: The rows of a row group. Readers work on whole row groups, some of them on one for each core.
GROUP_ROWS = 128 * 1024

#: A row group of long cells is closed at this size, because it is in memory until then.
GROUP_BYTES = 8 * 1024 * 1024

#: A cell that `shared.tables.csv_results.escape` has escaped.
_ESCAPED = r"^'('*[=+\-@\t\r])"

#: Lets only one thread of a process hold a row group in memory at a time.
_making = Lock()


def schema(columns: Sequence[str] = ()) -> pa.Schema:
    """The columns of a file: ref, score, error, and the carried columns, which are strings."""
    names = {"ref": pa.string(), SCORE: pa.float64(), "error": pa.string()}
    carried = [(column, pa.string()) for column in columns]
    return pa.schema([*names.items(), *carried])


def parquet_of(
    parts: Iterable[bytes], form: RowFormat, columns: Sequence[str] = ()
) -> Iterator[bytes]:
    """Write result parts as a Parquet file, in chunks of bytes.

    Args:
        parts: the parts in their order; each is read when the ones before it are written.
        form: the format of the parts.
        columns: the names of the carried columns.
    """
    sink, left = _Sink(), iter(parts)
    # No dictionary for the refs: most of them occur once, so it would save nothing.
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
    """Write the next parts as a row group. Returns whether there may be more parts."""
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
    # Below a line that is skipped: otherwise a first cell that begins with a BOM would lose it.
    content = b"-\n" + content
    return pa.csv.read_csv(
        pa.BufferReader(content),
        # In one block and by this thread: a thread pool of pyarrow would not survive a fork.
        read_options=pa.csv.ReadOptions(
            column_names=wanted.names, skip_rows=1, use_threads=False, block_size=len(content)
        ),
        parse_options=pa.csv.ParseOptions(newlines_in_values=True),
        convert_options=pa.csv.ConvertOptions(
            column_types=wanted, null_values=[""], strings_can_be_null=False
        ),
    )


class _Sink(io.RawIOBase):
    """Collects what the writer writes, until `take`."""

    def __init__(self) -> None:
        self._runs: list[bytes] = []
        self._size = 0

    def writable(self) -> bool:
        return True

    def write(self, run: object) -> int:
        content = bytes(run)  # type: ignore[call-overload]  # a buffer that pyarrow will reuse
        self._runs.append(content)
        self._size += len(content)
        return len(content)

    def tell(self) -> int:
        return self._size

    def take(self) -> bytes:
        runs, self._runs = self._runs, []
        return b"".join(runs)
