"""Writes result rows as CSV, in compiled code.

`write_rows.c` writes the same bytes as `shared.tables.csv_results.render`. That function writes the
cells that have to be escaped. If nothing was compiled, `render` is that function.
"""

import ctypes
from array import array
from collections.abc import Sequence
from typing import Any

import numpy as np
import orjson
import pandas as pd

from shared.tables import csv_results
from shared.tables.result_formats import RenderCsv
from shared.tables.spans import Coded, RowNumbers, Spans
from worker.tables.libraries import WRITING, address
from worker.tables.lists import list_of, lists_of
from worker.tables.written_columns import (
    ROOM_AFTER,
    Codes,
    Column,
    Decimals,
    Digits,
    Numbers,
    Same,
    Texts,
    Written,
    spans_of,
)


def _render(
    refs: Sequence[str],
    outputs: Sequence[Sequence[Any]],
    errors: Sequence[str | None],
    extras: Sequence[Sequence[str]] = (),
) -> bytes:
    """Write the rows of a part as CSV; see `shared.tables.csv_results.render`."""
    rows = len(refs)
    if {rows, *map(len, outputs), len(errors), *map(len, extras)} != {rows}:
        raise ValueError("the columns differ in length")
    if not rows:
        return b""
    written = _merged([_cells(refs), *map(_values, outputs), _errors(errors), *map(_cells, extras)])
    columns = (Column * len(written))()
    room = rows * len(written) + ROOM_AFTER
    for column, one in zip(columns, written, strict=True):
        room += one.fill(column)
    content = np.empty(room, np.uint8)
    size = WRITING.rows_write(
        columns,
        ctypes.c_int64(len(written)),
        ctypes.c_int64(rows),
        ctypes.c_void_p(address(content)),
    )
    return content[:size].tobytes()


def _merged(columns: Sequence[Written]) -> list[Written]:
    """The columns, with those that are the same in every row as one where they are neighbours."""
    found = [columns[0]]
    for one in columns[1:]:
        if isinstance(one, Same) and isinstance(found[-1], Same):
            found[-1] = found[-1].followed_by(one)
        else:
            found.append(one)
    return found


def _cells(cells: Sequence[str]) -> Written:
    if isinstance(cells, RowNumbers):
        return Numbers(cells)
    return Texts(cells if isinstance(cells, Spans) else spans_of(list_of(cells)))


def _values(values: Any) -> Written:
    if isinstance(values, np.ndarray) and values.dtype in (np.float64, np.int64):
        if np.isfinite(values[:1]) and values[:1] == values[-1:] and (values[:1] == values).all():
            # Such as the base value of an explanation; the digits of a number take longest.
            return Same(len(values), orjson.dumps(values[:1].tolist())[1:-1])
        values = np.ascontiguousarray(values)
        is_decimal = values.dtype == np.float64 and Decimals.suit(values)
        return Decimals(values) if is_decimal else Digits(values)
    if not isinstance(values, Coded):
        is_array = isinstance(values, np.ndarray) and values.dtype == object
        if not is_array and str not in set(map(type, list_of(values))):
            return Digits(list_of(values))
        codes, different = pd.factorize(np.asarray(values, dtype=object))
        if set(map(type, different)) != {str}:
            return Digits(list_of(values))
        values = Coded(array("i", codes.astype(np.int32).tobytes()), [*different, None])
    codes = np.frombuffer(values.codes, np.int32)
    if codes[0] == codes[-1] and (codes == codes[0]).all():
        [cell] = csv_results.written_cells([values[0] or ""])
        return Same(len(codes), cell.encode())
    return Codes(values)


def _errors(errors: Sequence[str | None]) -> Written:
    if not any(errors):
        return Same(len(errors))
    cells = [csv_results.quote(error) if error else "" for error in errors]
    return Texts(spans_of(cells), as_they_are=True)


def _render_slowly(
    refs: Sequence[str],
    outputs: Sequence[Any],
    errors: Sequence[str | None],
    extras: Sequence[Sequence[str]] = (),
) -> bytes:
    return csv_results.render(refs, lists_of(outputs), errors, extras)


render: RenderCsv = _render if WRITING else _render_slowly
