"""Makes strings of many spans at once, and numbers those that are different."""

import ctypes
from array import array

import numpy as np
import numpy.typing as npt

from shared.tables.spans import Spans
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


def strings(cells: Spans) -> list[str]:
    """All cells as strings: many in one step, because each step of Python takes longer than C's."""
    found: list[str] = []
    for at in range(0, len(cells), _CELLS_AT_ONCE):
        run = cells[at : at + _CELLS_AT_ONCE]
        content = np.empty(int(sizes(run).sum()) + len(run), np.uint8)
        size = READING.cells_gather(
            ctypes.byref(Spanned(run)),
            ctypes.c_int64(len(run)),
            ctypes.c_void_p(address(content)),
        )
        found += content[:size].tobytes().decode().split("\0")
    return found


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
