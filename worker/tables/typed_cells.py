"""Reads CSVs into typed columns, in compiled code.

`read_cells.c` finds the same cells as `shared.tables.csv_records`, and reads those that are plainly
of their column's type. `shared.tables.cells.parse_cells` decides what all others are, so there is
one definition of a value. If nothing was compiled, `read_csv` is None, and layouts read in Python.
"""

from array import array
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from shared.signature import Input
from shared.tables.cells import BOOLEANS, MISSING_WORDS, parse_cells
from shared.tables.rows import CsvColumns, ReadCsv, ReadOptions, Rows, rows_of
from shared.tables.spans import Coded, RowNumbers, Spans
from shared.tables.typed_columns import Column, filler
from worker.tables.compiled_cells import Kind, OddCell, Wanted, read_columns
from worker.tables.compiled_spans import different, strings, texts_of
from worker.tables.libraries import READING

#: The words for booleans as programs write them; others are left to `parse_cells`.
_BOOLEAN_WORDS = tuple(
    (written, float(value))
    for word, value in BOOLEANS.items()
    for written in dict.fromkeys((word, word.title(), word.upper()))
)

_KINDS = {"double": Kind.DOUBLE, "boolean": Kind.BOOLEAN}


def _read_csv(
    content: bytes, begin: int, row: int, columns: CsvColumns, options: ReadOptions
) -> tuple[int, Rows]:
    """Read the rows of ordinary records; see `shared.tables.rows.ReadCsv`."""
    refs = [] if columns.ref is None else [columns.ref]
    inputs = [
        _wanted(at, one, only_text=options.only_text)
        for at, one in zip(columns.inputs, options.inputs, strict=True)
    ]
    texts = [one.at for one in inputs if one.kind is Kind.SPAN]
    spans = list(dict.fromkeys([*refs, *columns.carried, *texts]))
    typed = [one for one in inputs if one.kind is not Kind.SPAN]
    found = read_columns(
        content,
        begin,
        [*(Wanted(at, Kind.SPAN) for at in spans), *typed],
        width=columns.width,
        delimiter=columns.delimiter,
        decimal=options.decimal,
        max_bytes=options.max_record_bytes,
    )
    cells: dict[int, Spans] = dict(zip(spans, found.columns, strict=False))
    numbers = RowNumbers(range(row + 1, row + found.rows + 1))
    rows = Rows(
        refs=numbers if columns.ref is None else cells[columns.ref],
        errors=[None] * found.rows,
        extras=[cells[at] for at in columns.carried],
    )
    if options.only_text:
        column = cells[texts[0]]
        if found.rows and (good := texts_of(column, options.max_text_chars)) is not None:
            rows.inputs.append(good)
            return found.end, rows
        return found.end, rows_of(rows.refs, [strings(column)], options, rows.extras)
    ready = iter(enumerate(found.columns[len(spans) :], len(spans)))
    odd: defaultdict[int, list[OddCell]] = defaultdict(list)
    for cell in found.odd:
        odd[cell.column].append(cell)
    for one, want in zip(options.inputs, inputs, strict=True):
        if want.kind is Kind.SPAN:
            values, problems = _of_strings(one, cells[want.at], options)
        else:
            number, values = next(ready)
            problems = _judge(one, values, odd[number], options)
        rows.inputs.append(values)
        for at, problem in problems.items():
            rows.errors[at] = rows.errors[at] or problem
    return found.end, rows


def _wanted(at: int, one: Input, *, only_text: bool) -> Wanted:
    if only_text or one.type in ("string", "datetime"):
        return Wanted(at, Kind.SPAN)
    kind = _KINDS.get(one.type, Kind.LONG if one.required else Kind.WHOLE)
    words: Iterable[tuple[str, float]] = _BOOLEAN_WORDS if kind is Kind.BOOLEAN else ()
    if not one.required:
        missing = filler(one)
        words = (*words, *((word, float(missing)) for word in sorted(MISSING_WORDS)))
    return Wanted(at, kind, tuple(words))


def _judge(
    one: Input, values: "array[Any]", odd: Sequence[OddCell], options: ReadOptions
) -> dict[int, str]:
    """Write the values of odd cells into a column; returns the errors by row."""
    cells = [cell.text for cell in odd]
    judged, errors = parse_cells(one, cells, options.max_text_chars, options.decimal)
    for cell, value in zip(odd, judged, strict=True):
        values[cell.row] = value
    return {odd[at].row: error for at, error in errors.items()}


def _of_strings(one: Input, cells: Spans, options: ReadOptions) -> tuple[Column, dict[int, str]]:
    """The values of cells that are strings to C, each different one judged once if they are few."""
    found = different(cells)
    if found is None:
        return parse_cells(one, strings(cells), options.max_text_chars, options.decimal)
    codes, words = found
    values, errors = parse_cells(one, words, options.max_text_chars, options.decimal)
    problems: dict[int, str] = {}
    if errors:
        by_code = np.frombuffer(codes, np.int32)
        for code, error in errors.items():
            problems |= dict.fromkeys(np.flatnonzero(by_code == code).tolist(), error)
    if not isinstance(values, array):
        return Coded(codes, list(values)), problems
    by_row = np.frombuffer(values, np.dtype(values.typecode))[np.frombuffer(codes, np.int32)]
    return array(values.typecode, by_row.tobytes()), problems


read_csv: ReadCsv | None = _read_csv if READING else None
