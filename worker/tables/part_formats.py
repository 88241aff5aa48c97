"""The formats of result parts, with the ways to write them that are the fastest."""

from dataclasses import replace

from shared.tables.result_columns import ResultColumns
from shared.tables.result_formats import NDJSON, ROW_FORMATS, Outputs, RowFormat, csv_format
from shared.tables.rows import Rows
from worker.tables.lists import list_of, lists_of
from worker.tables.written_rows import render


def _render_ndjson(rows: Rows, outputs: Outputs, columns: ResultColumns) -> bytes:
    as_lists = replace(rows, refs=list_of(rows.refs), extras=lists_of(rows.extras))
    return NDJSON.render(as_lists, lists_of(outputs), columns)


PART_FORMATS: dict[str, RowFormat] = {
    **ROW_FORMATS,
    "csv": csv_format(render),
    "ndjson": replace(NDJSON, render=_render_ndjson),
}
