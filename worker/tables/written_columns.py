"""The columns of result rows, each in the form that `write_rows.c` writes."""

import ctypes
from array import array
from collections.abc import Sequence
from enum import IntEnum
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import orjson

from shared.tables import csv_results
from shared.tables.spans import Coded, RowNumbers, SharedValues, Spans
from worker.tables.compiled_spans import Spanned, sizes
from worker.tables.libraries import WRITING, address


class _Kind(IntEnum):
    """What a column is written from: `enum kind` in `write_rows.c`."""

    SAME = 0
    SPANS = 1
    DIGITS = 2
    ROW_NUMBERS = 3
    CODES = 4
    DECIMALS = 5


#: What has to be done with a cell: `enum mark`. The others are quoted, or left to Python.
_COPY, _PYTHON = 0, 2

#: `rows_write` copies so many bytes at once, also the last ones.
ROOM_AFTER = 32


class Column(ctypes.Structure):
    """A column as C reads it: `column` in `write_rows.c`."""

    _fields_ = (
        ("kind", ctypes.c_int64),
        ("cells", Spanned),
        ("marks", ctypes.c_void_p),
        ("digits", ctypes.c_void_p),
        ("digits_end", ctypes.c_void_p),
        ("first", ctypes.c_int64),
        ("codes", ctypes.c_void_p),
        ("packed", ctypes.c_void_p),
        ("decimals", ctypes.c_void_p),
    )


#: `OTHER` in `write_rows.c`: a number with more than twelve decimals.
_OTHER = -(2**63)

#: The most bytes of a number with twelve decimals and up to three digits before them.
_MOST_OF_DECIMALS = 17

#: So many numbers of a column are looked at, to find out whether it has decimals.
_LOOKED_AT = 64


#: `PACKED` in `write_rows.c`: the bytes that hold a cell of fewer bytes, and its size.
_PACKED = 16


class _Different(NamedTuple):
    """The different cells of a column.

    Attributes:
        cells: the cells.
        packed: the size of each cell and its bytes; `_PACKED` for the size: it is longer.
        longest: the most bytes of a cell.
    """

    cells: Spans
    packed: npt.NDArray[np.uint8]
    longest: int

    @classmethod
    def of(cls, labels: Sequence[str | None]) -> "_Different":
        """Write labels as cells."""
        cells = spans_of(
            list(csv_results.written_cells(["" if one is None else one for one in labels]))
        )
        found = sizes(cells)
        packed = np.zeros((len(cells), _PACKED), np.uint8)
        packed[:, 0] = np.minimum(found, _PACKED)
        begins = np.frombuffer(cells.begins, np.int64)
        places = begins[:, None] + np.arange(_PACKED - 1)
        content = np.frombuffer(cells.content + bytes(_PACKED), np.uint8)
        packed[:, 1:] = content[places]
        return cls(cells, packed, int(found.max(initial=0)))


class Same:
    """Columns of which every row has the same cells, such as the base value of explanations."""

    def __init__(self, rows: int, cells: bytes = b"") -> None:
        self._rows, self.cells = rows, cells
        self._bytes = np.frombuffer(cells + bytes(ROOM_AFTER), np.uint8)

    def fill(self, column: Column) -> int:
        """Describe the column to C; returns the most bytes of its cells."""
        column.kind = _Kind.SAME
        begin = address(self._bytes)
        column.digits, column.digits_end = begin, begin + len(self.cells)
        return self._rows * len(self.cells)

    def followed_by(self, other: "Same") -> "Same":
        """The cells of both, as one column."""
        return Same(self._rows, self.cells + b"," + other.cells)


class Numbers:
    """The numbers of the rows."""

    def __init__(self, numbers: RowNumbers) -> None:
        self._numbers = numbers

    def fill(self, column: Column) -> int:
        """See `_Empty`."""
        column.kind, column.first = _Kind.ROW_NUMBERS, self._numbers.first
        return len(self._numbers) * len(self._numbers[-1])


class Digits:
    """Numbers and booleans, written as JSON."""

    def __init__(self, values: Any) -> None:
        # The shortest digits that read back equal.
        self._json = np.frombuffer(
            orjson.dumps(values, option=orjson.OPT_SERIALIZE_NUMPY), np.uint8
        )

    def fill(self, column: Column) -> int:
        """See `_Empty`."""
        column.kind = _Kind.DIGITS
        begin = address(self._json)
        column.digits, column.digits_end = begin + 1, begin + self._json.size
        return self._json.size


class Decimals:
    """Numbers of which most have at most twelve decimals, such as the effects in explanations."""

    def __init__(self, values: npt.NDArray[np.float64]) -> None:
        self._decimals, others = _scaled(values)
        self._others = Digits(values[self._decimals == _OTHER] if others else [])

    def fill(self, column: Column) -> int:
        """See `_Empty`."""
        room = self._others.fill(column)
        column.kind, column.decimals = _Kind.DECIMALS, address(self._decimals)
        return room + len(self._decimals) * _MOST_OF_DECIMALS

    @staticmethod
    def suit(values: npt.NDArray[np.float64]) -> bool:
        """Whether most of the first numbers have at most twelve decimals."""
        first = values[:_LOOKED_AT]
        return 2 * _scaled(first)[1] < len(first)


def _scaled(values: npt.NDArray[np.float64]) -> tuple[npt.NDArray[np.int64], int]:
    """The numbers times 1e12, `_OTHER` for those with more decimals; and how many these are."""
    decimals = np.empty(len(values), np.int64)
    others = WRITING.numbers_scale(
        ctypes.c_void_p(address(values)),
        ctypes.c_int64(len(values)),
        ctypes.c_void_p(address(decimals)),
    )
    return decimals, others


class Texts:
    """Cells, each of which is copied, or quoted."""

    def __init__(self, cells: Spans, *, as_they_are: bool = False) -> None:
        self._cells = cells
        self._marks = None if as_they_are else self._marked()

    def _marked(self) -> npt.NDArray[np.uint8] | None:
        """What has to be done with each cell; those that are not just quoted are written here."""
        cells = self._cells
        marks = np.empty(len(cells), np.uint8)
        size = ctypes.c_int64(len(cells))
        marked = WRITING.rows_mark(
            ctypes.byref(Spanned(cells)), size, ctypes.c_void_p(address(marks))
        )
        if not marked:
            return None
        rows = np.flatnonzero(marks >= _PYTHON)
        if rows.size:
            written = spans_of([csv_results.cell(cells[row]) for row in rows.tolist()])
            begins, ends = (np.array(all_, np.int64) for all_ in (cells.begins, cells.ends))
            after = len(cells.content) + len(cells.extra)
            begins[rows] = np.frombuffer(written.begins, np.int64) + after
            ends[rows] = np.frombuffer(written.ends, np.int64) + after
            marks[rows] = _COPY
            extra = cells.extra + written.content
            self._cells = Spans(cells.content, _array(begins), _array(ends), extra)
        return marks

    def fill(self, column: Column) -> int:
        """See `_Empty`."""
        column.kind, column.cells = _Kind.SPANS, Spanned(self._cells)
        column.marks = None if self._marks is None else address(self._marks)
        quotes = 0 if self._marks is None else 2 * np.count_nonzero(self._marks)
        return int(sizes(self._cells).sum()) + int(quotes)


class Codes:
    """Labels: each different one is written once, and copied for each row."""

    def __init__(self, labels: Coded) -> None:
        self._codes = np.frombuffer(labels.codes, np.int32)
        different = labels.values
        if isinstance(different, SharedValues):
            self._different: _Different = different.kept(_Different.of)
            return
        is_used = np.zeros(len(different), dtype=bool)
        is_used[self._codes] = True
        self._different = _Different.of([different[at] for at in np.flatnonzero(is_used).tolist()])
        self._codes = (np.cumsum(is_used, dtype=np.int32) - 1).take(self._codes)

    def fill(self, column: Column) -> int:
        """See `_Empty`."""
        cells, packed, longest = self._different
        column.kind, column.cells = _Kind.CODES, Spanned(cells)
        column.codes, column.packed = address(self._codes), address(packed)
        if longest < _PACKED:
            return len(self._codes) * longest
        return int(sizes(cells).take(self._codes).sum())


Written = Same | Numbers | Digits | Decimals | Texts | Codes


def spans_of(cells: list[str]) -> Spans:
    """Strings as spans of one content."""
    content = "\0".join(cells).encode()
    marks = np.flatnonzero(np.frombuffer(content, np.uint8) == 0)
    if len(marks) != len(cells) - 1:
        # A cell has a NUL.
        sizes_of = np.array([len(cell.encode()) for cell in cells])
        marks = np.cumsum(sizes_of + 1)[:-1] - 1
    begins = np.concatenate([[0], marks + 1]).astype(np.int64)
    ends = np.concatenate([marks, [len(content)]]).astype(np.int64)
    return Spans(content, _array(begins), _array(ends))


def _array(values: npt.NDArray[np.int64]) -> "array[int]":
    return array("q", values.tobytes())
