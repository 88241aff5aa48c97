"""Writes result parts as one Parquet file, in constant memory.

Import this module only when a file is made: pyarrow takes 50 MB of a process.
"""

import io
import os
from collections.abc import Iterable, Iterator
from threading import Lock

# To be set before pyarrow is imported. Its default pools keep the memory that each thread has
# freed: eight downloads at a time held 400 MB, and with this pool 130 MB.
os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet

from shared.tables.result_columns import PLAIN, ResultColumns
from shared.tables.result_formats import CSV, RowFormat

#: The rows of a row group. Readers work on whole row groups, some of them on one for each core.
GROUP_ROWS = 128 * 1024

#: A row group of long cells is closed at this size, because it is in memory until then.
GROUP_BYTES = 8 * 1024 * 1024

#: A cell that `shared.tables.csv_results.escape` has escaped.
_ESCAPED = r"^'('*[=+\-@\t\r])"

#: Lets only one thread of a process hold a row group in memory at a time.
_making = Lock()


#: The types of the outputs.
_TYPES = {
    "double": pa.float64(),
    "long": pa.int64(),
    "boolean": pa.bool_(),
    "string": pa.string(),
}


def schema(columns: ResultColumns = PLAIN) -> pa.Schema:
    """The columns of a file; the outputs have types of their own, all others are strings."""
    types = {output.name: _TYPES[output.type] for output in columns.outputs}
    return pa.schema([(name, types.get(name, pa.string())) for name in columns.names])


def parquet_of(
    parts: Iterable[bytes],
    form: RowFormat,
    columns: ResultColumns = PLAIN,
    shown: ResultColumns | None = None,
) -> Iterator[bytes]:
    """Write result parts as a Parquet file, in chunks of bytes.

    Args:
        parts: the parts in their order; each is read when the ones before it are written.
        form: the format of the parts.
        columns: the columns of the parts.
        shown: those of them that the file has; None: all.
    """
    sink, left = _Sink(), iter(parts)
    shown = shown or columns
    # No dictionary for the refs: most of them occur once, so it would save nothing.
    repeated = ["error", *shown.carried, *_texts(shown)]
    with pa.parquet.ParquetWriter(
        sink, schema(shown), compression="zstd", use_dictionary=repeated
    ) as writer:
        more = True
        while more:
            with _making:
                more = _write_group(writer, left, form, columns, shown)
                pa.default_memory_pool().release_unused()
            yield sink.take()
    yield sink.take()


def _write_group(
    writer: pa.parquet.ParquetWriter,
    parts: Iterator[bytes],
    form: RowFormat,
    columns: ResultColumns,
    shown: ResultColumns,
) -> bool:
    """Write the next parts as a row group. Returns whether there may be more parts."""
    tables: list[pa.Table] = []
    rows = size = 0
    for content in parts:
        table = _table(content, form, columns).select(shown.names)
        tables.append(table)
        rows, size = rows + len(table), size + table.nbytes
        if rows >= GROUP_ROWS or size >= GROUP_BYTES:
            break
    if rows:
        writer.write_table(pa.concat_tables(tables), row_group_size=rows)
        return True
    return False


def _table(content: bytes, form: RowFormat, columns: ResultColumns) -> pa.Table:
    if form is not CSV:
        return pa.Table.from_pylist(form.parse(content, columns=columns), schema(columns))
    table = _read_csv(content, schema(columns))
    errors = table.column("error")
    nothing = pa.scalar(None, pa.string())
    changed = {"error": pc.if_else(pc.equal(errors, ""), nothing, errors)}
    texts = _texts(columns)
    if b"'" in content:
        for name in ("ref", *texts, *columns.carried):
            cells = table.column(name)
            changed[name] = pc.replace_substring_regex(cells, pattern=_ESCAPED, replacement=r"\1")
    optional = {output.name for output in columns.outputs if not output.required}
    for name in texts:
        # A row with an error has no text; others may have an empty one, if they must have one.
        cells = changed.get(name, table.column(name))
        has_text = pc.not_equal(cells, "") if name in optional else pc.equal(errors, "")
        changed[name] = pc.if_else(has_text, cells, nothing)
    for name, cells in changed.items():
        table = table.set_column(table.schema.get_field_index(name), name, cells)
    return table


def _texts(columns: ResultColumns) -> list[str]:
    """The names of the outputs that are texts."""
    return [output.name for output in columns.outputs if output.type == "string"]


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
