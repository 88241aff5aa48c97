"""Where the records of a CSV end: what `shared.tables.csv_blocks.record_ends` finds, compiled.

In a tenth of the time: while a process cuts an upload it scores nothing. `hatch_build.py` compiles
`records.c` where there is a C compiler; else it is left to `record_ends`.
"""

import ctypes
from functools import partial
from pathlib import Path

import numpy as np

from shared.compiled import library
from shared.tables.csv_blocks import Look, RecordEnds, by_blocks, record_ends

LIBRARY = library(Path(__file__).with_name("records.so"), ["records_look"])


def _look(content: bytes, offset: int, _row: int, delimiter: str) -> tuple[int, RecordEnds | None]:
    """See `shared.tables.csv_blocks.Look`."""
    size, count, last = _found(content, delimiter, None)
    if count < 0 or not size:
        return size, None
    return size, RecordEnds(count, offset + last, partial(_ends, content, offset, delimiter, count))


def _ends(content: bytes, offset: int, delimiter: str, count: int) -> list[int]:
    """Look once more: few blocks are asked for more than their last end."""
    ends = np.empty(count, dtype=np.int64)
    _found(content, delimiter, ctypes.c_void_p(ends.ctypes.data))
    found: list[int] = (ends + offset).tolist()
    return found


def _found(content: bytes, delimiter: str, ends: ctypes.c_void_p | None) -> tuple[int, int, int]:
    """The size of the whole records, their number, and where the last ends; see `records.c`."""
    count, last = ctypes.c_int64(), ctypes.c_int64()
    size = LIBRARY.records_look(
        content,
        ctypes.c_int64(len(content)),
        ord(delimiter),
        ctypes.byref(count),
        ctypes.byref(last),
        ends,
    )
    return size, count.value, last.value


look: Look[RecordEnds] = _look if LIBRARY else by_blocks(record_ends)
