"""Finds where the records of a CSV end, in compiled code.

`records.c` finds the same as `shared.tables.csv_blocks.record_ends` in a tenth of the time. That
matters because a process scores nothing while it cuts an upload. `hatch_build.py` compiles it; if
there was no C compiler, `record_ends` is used.
"""

import ctypes
from functools import partial
from pathlib import Path

import numpy as np

from shared.compiled import library
from shared.tables.csv_blocks import Look, RecordEnds, by_blocks, record_ends

LIBRARY = library(Path(__file__).with_name("records.so"), ["records_look"])


def _look(content: bytes, offset: int, _row: int, delimiter: str) -> tuple[int, RecordEnds | None]:
    """Find the records of a block; see `shared.tables.csv_blocks.Look`."""
    size, count, last = _search(content, delimiter, None)
    if count < 0 or not size:
        return size, None
    return size, RecordEnds(count, offset + last, partial(_ends, content, offset, delimiter, count))


def _ends(content: bytes, offset: int, delimiter: str, count: int) -> list[int]:
    """Find all ends, in a second pass; most blocks are only asked for their last one."""
    ends = np.empty(count, dtype=np.int64)
    _search(content, delimiter, ctypes.c_void_p(ends.ctypes.data))
    found: list[int] = (ends + offset).tolist()
    return found


def _search(content: bytes, delimiter: str, ends: ctypes.c_void_p | None) -> tuple[int, int, int]:
    """Call `records_look` of `records.c`.

    Returns:
        The size of the complete records in bytes, their number, and the end of the last one.
    """
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
