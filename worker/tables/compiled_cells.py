"""Calls `cells_read` of `read_cells.c`, which reads the cells of a CSV into arrays."""

import ctypes
import itertools
from array import array
from collections import Counter
from collections.abc import Sequence
from enum import IntEnum
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from shared.tables.spans import Spans
from shared.tables.utf8 import check_utf8
from worker.tables.libraries import READING, address


class Kind(IntEnum):
    """What a column is read as: `enum kind` in `read_cells.c`."""

    SPAN = 0
    DOUBLE = 1
    LONG = 2
    WHOLE = 3  #: Integers that are exact as a double.
    BOOLEAN = 4


#: The type codes of the arrays, for `array` and NumPy.
_CODES = {Kind.SPAN: "q", Kind.DOUBLE: "d", Kind.LONG: "q", Kind.WHOLE: "d", Kind.BOOLEAN: "b"}

#: The number of rows for which there is room at first.
_FIRST_ROOM = 2048

#: The number of odd cells that are taken at once.
_ODD_ROOM = 4096

#: `read_cells.c` compares words as numbers of this many bytes. Longer ones are not plain.
_WORD_BYTES = 8


class Wanted(NamedTuple):
    """A column that is to be read.

    Attributes:
        at: the index of its cell in a record.
        kind: what it is read as.
        words: words that have a value, such as those for a missing one, with that value.
    """

    at: int
    kind: Kind
    words: tuple[tuple[str, float], ...] = ()


class OddCell(NamedTuple):
    """A cell that is not plainly of its column's kind.

    Attributes:
        row: the number of its row among those that were read.
        column: the number of its column among those that were wanted.
        text: the cell.
    """

    row: int
    column: int
    text: str


class Found(NamedTuple):
    """What was read.

    Attributes:
        end: the offset of the first record that was not read.
        rows: the number of rows.
        columns: for each column that was wanted its spans, or its values as an array; the value of
            an odd cell means nothing.
        odd: the cells that are not plain.
    """

    end: int
    rows: int
    columns: list[Any]
    odd: list[OddCell]


class _Word(ctypes.Structure):
    _fields_ = (("cell", ctypes.c_uint64), ("value", ctypes.c_double))


class _Column(ctypes.Structure):
    _fields_ = (
        ("index", ctypes.c_int64),
        ("kind", ctypes.c_int64),
        ("words", ctypes.c_int64),
        ("word", ctypes.c_void_p),
        ("values", ctypes.c_void_p),
        ("ends", ctypes.c_void_p),
    )


def read_columns(
    content: bytes,
    begin: int,
    wanted: Sequence[Wanted],
    *,
    width: int,
    delimiter: str,
    decimal: str,
    max_bytes: int,
) -> Found:
    """Read the records of a UTF-8 CSV from `begin` on, up to the first that is not ordinary.

    A record is ordinary if it has `width` cells and at most `max_bytes`, ends with a line break,
    has quotes only where RFC 4180 allows them, and no NUL. Blank lines are passed over.

    Raises:
        UnicodeDecodeError: the records are not UTF-8.
        MemoryError: there is too little memory.
    """
    reader = _Reader(content, begin, width, wanted)
    nul = content.find(b"\0", begin)
    while reader.read_on(
        ctypes.c_int64(len(content) if nul < 0 else nul),
        ord(delimiter),
        ord(decimal),
        ctypes.c_int64(max_bytes),
        ctypes.c_int64(width),
    ):
        pass
    # Cells are decoded when somebody asks for them: too late to find damage.
    check_utf8(content, begin, reader.end)
    return reader.found()


class _Reader:
    """Reads records until the first that is not ordinary.

    Attributes:
        end: the offset after the last record that was read.
    """

    def __init__(self, content: bytes, begin: int, width: int, wanted: Sequence[Wanted]) -> None:
        self.end = begin
        self._content = content
        self._wanted = wanted
        self._rows = 0
        self._room = 0
        # A record has a byte for each cell at least, and a line break.
        self._most = (len(content) - begin) // width + 1
        self._columns = [
            [array(_CODES[one.kind]) for _ in range(1 + (one.kind is Kind.SPAN))] for one in wanted
        ]
        self._odd: list[array[int]] = [array("q") for _ in range(4)]
        self._odd_room = np.empty((max(_ODD_ROOM, 64 * len(wanted)), 4), np.int64)
        most = max(Counter(one.at for one in wanted).values())
        # Memory that is not written to costs nothing.
        self._extra = np.empty(len(content) * most, np.uint8)
        self._extra_length = ctypes.c_int64()

    def read_on(self, *form: Any) -> bool:
        """Read on; returns whether it ended only because there was no room for more.

        Args:
            form: the arguments of `cells_read` from `stop` to `width`.

        Raises:
            MemoryError: there is too little memory.
        """
        if self._rows == self._room:
            self._grow()
        described = (_Column * len(self._wanted))()
        all_words = [_words(one.words) for one in self._wanted]
        for to, one, words, arrays in zip(
            described, self._wanted, all_words, self._columns, strict=True
        ):
            to.index, to.kind, to.words = one.at, one.kind, len(words)
            to.word = ctypes.addressof(words)
            places = [
                kept.buffer_info()[0] + self._rows * kept.itemsize
                for kept in (arrays[0], arrays[-1])
            ]
            to.values, to.ends = places
        rows = ctypes.c_int64(self._room - self._rows)
        odds = ctypes.c_int64(len(self._odd_room))
        end = READING.cells_read(
            self._content,
            ctypes.c_int64(len(self._content)),
            ctypes.c_int64(self.end),
            *form,
            described,
            ctypes.c_int64(len(described)),
            ctypes.byref(rows),
            ctypes.c_void_p(address(self._extra)),
            ctypes.byref(self._extra_length),
            ctypes.c_void_p(address(self._odd_room)),
            ctypes.byref(odds),
        )
        if end < 0:
            raise MemoryError
        odd = self._odd_room[: odds.value]
        odd[:, 0] += self._rows
        for kept, part in zip(self._odd, odd.T, strict=True):
            kept.frombytes(part.tobytes())
        self.end = end
        self._rows += rows.value
        is_full = self._rows == self._room < self._most
        return is_full or len(odd) + len(described) > len(self._odd_room)

    def _grow(self) -> None:
        """Make room for more rows: first for a few, because an odd record may follow soon."""
        room = min(_FIRST_ROOM, self._most)
        if self._room:
            room = self._most = self._room + READING.cells_lines(
                self._content, ctypes.c_int64(len(self._content)), ctypes.c_int64(self.end)
            )
        for arrays in self._columns:
            for kept in arrays:
                kept.extend(array(kept.typecode, [0]) * (room - self._room))
        self._room = room

    def found(self) -> Found:
        """What was read."""
        extra = self._extra[: self._extra_length.value].tobytes()
        columns: list[Any] = []
        for one, arrays in zip(self._wanted, self._columns, strict=True):
            for kept in arrays:
                del kept[self._rows :]
            is_span = one.kind is Kind.SPAN
            columns.append(
                Spans(self._content, arrays[0], arrays[1], extra) if is_span else arrays[0]
            )
        rows, numbers, begins, ends = self._odd
        cells = zip(rows, numbers, Spans(self._content, begins, ends, extra), strict=True)
        return Found(self.end, self._rows, columns, [OddCell(*cell) for cell in cells])


@lru_cache
def _words(words: tuple[tuple[str, float], ...]) -> "ctypes.Array[_Word]":
    """The words that are short enough, as `read_cells.c` takes them."""
    short = [
        (int.from_bytes(cell, "little"), value)
        for word, value in words
        if len(cell := word.encode()) <= _WORD_BYTES
    ]
    return (_Word * len(short))(*itertools.starmap(_Word, short))
