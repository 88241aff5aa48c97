"""Stores the tables of `CompiledWords` as arrays, and makes one that reads them where they are."""

import ctypes
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from scoring.words.addresses import address
from scoring.words.compiled_words import CUTS_CHARACTERS, LIBRARY, CompiledWords
from scoring.words.gram_bytes import Grams
from scoring.words.links import Link

#: Whether the library can do both; one that an older release compiled cannot.
STORES = LIBRARY is not None and hasattr(LIBRARY, "counter_mapped")

#: The entries of the tables, as `word` and `node` in `terms.h`.
_WORD = np.dtype([("head", "<u8"), ("tail", "<u8"), ("number", "<i4"), ("column", "<i4")])
_NODE = np.dtype([("key", "<u8"), ("number", "<i4"), ("column", "<i4")])

Arrays = Mapping[str, npt.NDArray[Any]]


class Stored(NamedTuple):
    """A word pipeline as `scoring.mapped` stores it, without scikit-learn's objects.

    Attributes:
        texts: how texts are prepared.
        words: the numbers of `stored`.
        weights: how the counts of a text become weights.
        link: how decisions become probabilities; None if no classifier is known.
        arrays: all arrays, by name.
    """

    texts: dict[str, Any]
    words: dict[str, int]
    weights: dict[str, Any]
    link: Link | None
    arrays: Arrays


class _Table(ctypes.Structure):
    """`stored_table` of `stored_terms.h`."""

    _fields_ = (
        ("entries", ctypes.c_void_p),
        ("moves", ctypes.c_void_p),
        ("entry_count", ctypes.c_int64),
        ("move_count", ctypes.c_int64),
    )


def stored(words: CompiledWords, *, shortest: int, width: int) -> tuple[dict[str, int], Arrays]:
    """The tables of a counter: numbers and arrays, for `words_of`. The arrays are copies.

    Args:
        words: the counter.
        shortest: the minimum number of characters of a token.
        width: the number of columns.
    """
    tables = (_Table * words.levels)()
    stops = LIBRARY.counter_tables(words.counter, tables)
    arrays = dict(words.arrays)
    for at, table in enumerate(tables):
        arrays[f"entries_{at}"] = _copied(table.entries, table.entry_count, _NODE if at else _WORD)
        arrays[f"moves_{at}"] = _copied(table.moves, table.move_count, np.dtype("<u2"))
    about = {"levels": words.levels, "stops": stops, "shortest": shortest, "width": width}
    return about, arrays


def words_of(about: Mapping[str, int], arrays: Arrays, grams: Grams | None) -> CompiledWords:
    """The counter that `stored` has stored; it reads the arrays where they are.

    Args:
        about: the numbers.
        arrays: the arrays.
        grams: how texts are cut into terms of characters; None: terms are words.

    Raises:
        ValueError: the arrays are not those of a counter.
        KeyError: one is missing.
        MemoryError: there is too little memory.
    """
    if grams and not CUTS_CHARACTERS:
        raise ValueError("the compiled library here does not know terms of characters")
    tables = (_Table * about["levels"])()
    used = {
        name: _checked(arrays[name], np.dtype(np.uint8)) for name in ("bytes", "lower", "stays")
    }
    used["ends"] = _checked(arrays["ends"], np.dtype("<i8"))
    for at, table in enumerate(tables):
        entries = _checked(arrays[f"entries_{at}"], _NODE if at else _WORD)
        moves = _checked(arrays[f"moves_{at}"], np.dtype("<u2"))
        for array in (entries, moves):
            if len(array) < 2 or len(array) & (len(array) - 1):
                raise ValueError("the size of a table is no power of two")
        used |= {f"entries_{at}": entries, f"moves_{at}": moves}
        table.entries, table.entry_count = entries.ctypes.data, len(entries)
        table.moves, table.move_count = moves.ctypes.data, len(moves)
    end = int(used["ends"][-1]) if len(used["ends"]) else 0
    if len(used["lower"]) != 256 or len(used["bytes"]) != end + 16:
        raise ValueError("the words have another size")
    counter = ctypes.c_void_p()
    outcome = LIBRARY.counter_mapped(
        ctypes.byref(counter),
        address(used["bytes"]),
        address(used["ends"]),
        ctypes.c_int(about["stops"]),
        ctypes.c_int(about["levels"]),
        tables,
        address(used["lower"]),
        address(used["stays"]),
        ctypes.c_int64(about["shortest"]),
        ctypes.c_int64(about["width"]),
    )
    if outcome:
        raise MemoryError
    return CompiledWords.of_counter(counter, about["levels"], used, grams)


def _copied(pointer: int, count: int, dtype: np.dtype[Any]) -> npt.NDArray[Any]:
    content = ctypes.string_at(pointer, count * dtype.itemsize)
    return np.frombuffer(content, dtype)


def _checked(array: npt.NDArray[Any], dtype: np.dtype[Any]) -> npt.NDArray[Any]:
    """The array, if its numbers are of this type and one after the other.

    Raises:
        ValueError: they are not.
    """
    if array.dtype != dtype or array.ndim != 1 or not array.flags.c_contiguous:
        raise ValueError("an array has another type")
    return array
