"""The compiled libraries of this folder; None if there was no C compiler (`hatch_build.py`)."""

from pathlib import Path
from typing import Any

import numpy.typing as npt

from shared.compiled import library

_FOLDER = Path(__file__).parent

READING = library(
    _FOLDER / "read_cells.so",
    ["cells_lines", "cells_read", "cells_gather", "cells_code", "texts_measure"],
)
WRITING = library(_FOLDER / "write_rows.so", ["rows_mark", "rows_write", "numbers_scale"])


def address(values: npt.NDArray[Any]) -> int:
    """The address of an array. The caller must keep a reference, or the array may be freed."""
    return int(values.ctypes.data)
