"""The formats of result parts, with the ways to write them that are the fastest."""

from dataclasses import replace

from shared.tables.result_columns import ResultColumns
from shared.tables.result_formats import NDJSON, ROW_FORMATS, Outputs, RowFormat, csv_format
from shared.tables.rows import Rows
from worker.tables.compiled_spans import listed
from worker.tables.written_rows import render


def _render_ndjson(rows: Rows, outputs: Outputs, columns: ResultColumns) -> bytes:
    # Spans make their strings one by one, which takes five times as long.
    extras = [listed(cells) for cells in rows.extras]
    return NDJSON.render(replace(rows, refs=listed(rows.refs), extras=extras), outputs, columns)


PART_FORMATS: dict[str, RowFormat] = {
    **ROW_FORMATS,
    "csv": csv_format(render),
    "ndjson": replace(NDJSON, render=_render_ndjson),
}
