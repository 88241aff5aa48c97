"""Finds the terms of many texts in one pass over their bytes, by the compiled `words.c`.

The installation compiles it where there is a C compiler (`hatch_build.py`).
"""

import ctypes
import logging
import weakref
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from scoring.word_terms import Numbers, Positions, Terms

logger = logging.getLogger(__name__)


def _load() -> Any:
    """The library, or None where it was not compiled, or not for this machine."""
    path = Path(__file__).with_name("words.so")
    if not path.is_file():
        return None
    try:
        # PyDLL keeps Python's lock: a counter has one scratch memory, for one text at a time.
        library = ctypes.PyDLL(str(path))
    except OSError as error:
        logger.warning("words are counted by NumPy: %s cannot be loaded (%s)", path, error)
        return None
    library.counter_new.restype = ctypes.c_void_p
    library.counter_free.argtypes = [ctypes.c_void_p]
    library.counter_count.restype = ctypes.c_int64
    return library


LIBRARY = _load()


class CompiledWords:
    """Finds terms; for `LIBRARY`s that there are."""

    def __init__(self, terms: Terms) -> None:
        """Take the terms over into the library's own tables.

        Raises:
            MemoryError: there is no room for them.
        """
        self._terms = terms
        # It reads eight bytes at once.
        joined = b"".join(terms.words) + bytes(8)
        ends = np.cumsum([len(word) for word in terms.words], dtype=np.int64)
        stops = terms.stops.astype(np.uint8)
        levels = [
            (np.ascontiguousarray(level.keys), level.columns.astype(np.int64))
            for level in terms.levels
        ]
        self._kept = (joined, ends, stops)
        sizes = np.array([len(keys) for keys, _ in levels], dtype=np.int64)
        pointers = ctypes.c_void_p * len(levels)
        self._counter = ctypes.c_void_p(
            LIBRARY.counter_new(
                ctypes.c_int64(len(terms.words)),
                ctypes.c_char_p(joined),
                _address(ends),
                _address(stops),
                ctypes.c_int(len(levels)),
                _address(sizes),
                pointers(*(keys.ctypes.data for keys, _ in levels)),
                pointers(*(columns.ctypes.data for _, columns in levels)),
            )
        )
        if not self._counter:
            raise MemoryError
        weakref.finalize(self, LIBRARY.counter_free, self._counter)

    def cells(self, content: bytes, begins: Positions) -> tuple[Numbers, Numbers, Numbers]:
        """The terms of n texts; see `scoring.word_arrays.WordArrays.cells`.

        Raises:
            MemoryError: there is no room for the tokens of a text.
        """
        borders = np.append(begins, len(content) + 1)
        # A token has a byte at least.
        room = (len(content) + 1) * len(self._terms.levels)
        rows, columns, times = (np.empty(room, dtype=np.int64) for _ in range(3))
        found = LIBRARY.counter_count(
            self._counter,
            ctypes.c_char_p(content),
            _address(borders),
            ctypes.c_int64(len(begins)),
            ctypes.c_char_p(self._terms.table),
            ctypes.c_int64(self._terms.shortest),
            ctypes.c_int64(room),
            _address(rows),
            _address(columns),
            _address(times),
        )
        if found < 0:
            raise MemoryError
        return rows[:found], columns[:found], times[:found]


def _address(array: npt.NDArray[Any]) -> ctypes.c_void_p:
    """Where an array is; whoever asks must have a name for it, or it is gone by the call."""
    return ctypes.c_void_p(array.ctypes.data)
