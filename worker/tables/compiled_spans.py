"""Makes strings of many spans at once, measures texts, and numbers cells that are different."""

import ctypes
from array import array
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
from typing_extensions import override

from shared.tables.spans import Spans, Texts
from worker.tables.libraries import READING, address

#: The number of cells that are made strings at once. With this many, memory is used again. With a
#: whole part, half of the time was taken by the kernel, which fills new memory with zeros.
_CELLS_AT_ONCE = 2048

#: The most different cells that `cells_code` numbers: half of `SLOTS`.
_MOST_CODES = 1024


class Spanned(ctypes.Structure):
    """Spans, in the memory layout of `spans.h`. Whoever makes one must keep the spans."""

    _fields_ = (
        ("content", ctypes.c_void_p),
        ("length", ctypes.c_int64),
        ("extra", ctypes.c_void_p),
        ("begins", ctypes.c_void_p),
        ("ends", ctypes.c_void_p),
    )

    def __init__(self, cells: Spans) -> None:
        """Take the addresses of spans."""
        super().__init__(
            address(np.frombuffer(cells.content, np.uint8)),
            len(cells.content),
            address(np.frombuffer(cells.extra, np.uint8)),
            cells.begins.buffer_info()[0],
            cells.ends.buffer_info()[0],
        )


#: A text that may be blank: `PERHAPS_BLANK` in `read_cells.c`.
_PERHAPS_BLANK = 2


class CompiledTexts(Texts):
    """Texts that compiled code gathers, many in one step."""

    __slots__ = ()

    @override
    def __iter__(self) -> Iterator[str]:
        return iter(strings(self))

    @override
    def gathered(self) -> bytes:
        return _gathered(self)


def strings(cells: Spans) -> list[str]:
    """All cells as strings: many in one step, because each step of Python takes longer than C's."""
    found: list[str] = []
    for at in range(0, len(cells), _CELLS_AT_ONCE):
        found += _gathered(cells[at : at + _CELLS_AT_ONCE]).decode().split("\0")
    return found


def texts_of(cells: Spans, most: int) -> Texts | None:
    """Cells as texts to score; None if one is empty, blank, or has over `most` characters.

    Args:
        cells: n cells, n >= 1, without a NUL.
        most: the maximum characters of a text.
    """
    characters, kinds = np.empty(len(cells), np.int32), np.empty(len(cells), np.uint8)
    longest = READING.texts_measure(
        ctypes.byref(Spanned(cells)),
        ctypes.c_int64(len(cells)),
        ctypes.c_void_p(address(characters)),
        ctypes.c_void_p(address(kinds)),
    )
    if longest > most:
        return None
    perhaps = (cells[row] for row in np.flatnonzero(kinds == _PERHAPS_BLANK).tolist())
    if any(not text or text.isspace() for text in perhaps):
        return None
    return CompiledTexts(cells, array("i", characters.tobytes()))


def _gathered(cells: Spans) -> bytes:
    """The bytes of all cells, with a NUL between two."""
    content = np.empty(int(sizes(cells).sum()) + len(cells), np.uint8)
    size = READING.cells_gather(
        ctypes.byref(Spanned(cells)),
        ctypes.c_int64(len(cells)),
        ctypes.c_void_p(address(content)),
    )
    return content[:size].tobytes()


def different(cells: Spans) -> tuple["array[int]", list[str]] | None:
    """Number the different cells.

    Returns:
        The number of each row's cell, and the cells by their numbers; None if they are too many.
    """
    codes = np.empty(len(cells), np.int32)
    firsts = np.empty(_MOST_CODES, np.int64)
    count = READING.cells_code(
        ctypes.byref(Spanned(cells)),
        ctypes.c_int64(len(cells)),
        ctypes.c_void_p(address(codes)),
        ctypes.c_void_p(address(firsts)),
    )
    if count < 0:
        return None
    return array("i", codes.tobytes()), [cells[row] for row in firsts[:count].tolist()]


def sizes(cells: Spans) -> npt.NDArray[np.int64]:
    """The number of bytes of each cell."""
    begins, ends = (np.frombuffer(all_, np.int64) for all_ in (cells.begins, cells.ends))
    return ends - begins
