"""Finds the terms of many texts in one pass over their bytes, with the compiled `words.c`.

The installation compiles `words.c` if it finds a C compiler (`hatch_build.py`).
"""

import ctypes
import weakref
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np
import numpy.typing as npt

from scoring.words.addresses import address as _address
from scoring.words.gram_bytes import Grams
from scoring.words.hash_index import KeyCollision
from scoring.words.word_terms import Numbers, Positions, Reach, Terms
from shared.compiled import library

LIBRARY = library(
    Path(__file__).with_name("words.so"),
    ["counter_begins", "counter_count", "counter_decide", "counter_explain", "counter_reach"],
)
#: Whether the library finds terms of characters; one that an older release compiled does not.
CUTS_CHARACTERS = LIBRARY is not None and hasattr(LIBRARY, "counter_grams")
#: Whether it hashes words.
HASHES = LIBRARY is not None and hasattr(LIBRARY, "counter_hashes")

if LIBRARY:
    LIBRARY.counter_free.argtypes = [ctypes.c_void_p]

#: The exceptions for the failures in `enum outcome` of `slots.h`.
_ERRORS = {1: MemoryError, 2: KeyCollision}


class Hashes(NamedTuple):
    """How words are hashed to columns.

    Attributes:
        least: the minimum number of words of a term.
        most: the maximum.
        alternate: half of the terms count -1.
        binary: each column that is hit counts 1.
    """

    least: int
    most: int
    alternate: bool
    binary: bool


class CompiledWords:
    """Finds terms with the compiled library; usable only if `LIBRARY` is not None.

    Attributes:
        arrays: the words and what the library reads of characters: their bytes (`bytes`), the end
            of each word (`ends`), what each byte becomes (`lower`), and one bit for each code point
            (`stays`). `scoring.mapped` stores them.
    """

    _counter: ctypes.c_void_p
    _levels: int
    #: The most cells of a byte of a text.
    _per_byte: int
    arrays: dict[str, npt.NDArray[Any]]

    def __init__(self, terms: Terms, kind: Grams | Hashes | None = None) -> None:
        """Copy the terms into the library's own tables.

        Args:
            terms: the terms to find; of hashed words only those that are left out.
            kind: how texts are cut into terms of characters, or how words are hashed; None: words
                are looked up.

        Raises:
            MemoryError: there is too little memory for the tables.
            scoring.words.hash_index.KeyCollision: two of the words have the same hash.
        """
        # The library reads sixteen bytes at once, also from the last word on.
        joined = b"".join(terms.words) + bytes(16)
        arrays: dict[str, npt.NDArray[Any]] = {
            "bytes": np.frombuffer(joined, dtype=np.uint8),
            "ends": np.cumsum([len(word) for word in terms.words], dtype=np.int64),
            "lower": np.frombuffer(terms.table, dtype=np.uint8),
            "stays": np.packbits(terms.stays, bitorder="little"),
        }
        stops = terms.stops.astype(np.uint8)
        levels = [
            (np.ascontiguousarray(level.keys), level.columns.astype(np.int64))
            for level in terms.levels
        ]
        sizes = np.array([len(keys) for keys, _ in levels], dtype=np.int64)
        pointers = ctypes.c_void_p * len(levels)
        counter = ctypes.c_void_p()
        outcome = LIBRARY.counter_new(
            ctypes.byref(counter),
            ctypes.c_int64(len(terms.words)),
            _address(arrays["bytes"]),
            _address(arrays["ends"]),
            _address(stops),
            ctypes.c_int(len(levels)),
            _address(sizes),
            pointers(*(keys.ctypes.data for keys, _ in levels)),
            pointers(*(columns.ctypes.data for _, columns in levels)),
            _address(arrays["lower"]),
            _address(arrays["stays"]),
            ctypes.c_int64(terms.shortest),
            ctypes.c_int64(terms.width),
            *map(ctypes.c_int, kind if isinstance(kind, Grams) else (0, 0, 0)),
        )
        if outcome:
            raise _ERRORS[outcome]
        self._keep(counter, len(terms.levels), arrays)
        if isinstance(kind, Hashes):
            LIBRARY.counter_hashes(self._counter, *map(ctypes.c_int, kind))
        if kind:
            self._per_byte = _per_byte(kind)

    @classmethod
    def of_counter(
        cls,
        counter: ctypes.c_void_p,
        levels: int,
        arrays: dict[str, npt.NDArray[Any]],
        grams: Grams | None = None,
    ) -> Self:
        """Use a counter of the library, which is freed with this object.

        Args:
            counter: the counter.
            levels: the number of words of its longest term.
            arrays: the arrays that it reads, by name.
            grams: how texts are cut into terms of characters; None: terms are words.
        """
        made = cls.__new__(cls)
        made._keep(counter, levels, arrays)
        if grams:
            LIBRARY.counter_grams(counter, *map(ctypes.c_int, grams))
            made._per_byte = _per_byte(grams)
        return made

    def _keep(
        self, counter: ctypes.c_void_p, levels: int, arrays: dict[str, npt.NDArray[Any]]
    ) -> None:
        self._counter, self._levels, self.arrays = counter, levels, arrays
        self._per_byte = levels
        weakref.finalize(self, LIBRARY.counter_free, counter)

    @property
    def counter(self) -> ctypes.c_void_p:
        """The library's counter, and `levels` the number of words of its longest term."""
        return self._counter

    @property
    def levels(self) -> int:
        """The number of words of the longest term."""
        return self._levels

    def text_starts(self, content: bytes, texts: int) -> Positions | None:
        """The start of each of n texts; see `scoring.words.word_arrays.WordArrays.text_starts`."""
        starts = np.empty(texts + 1, dtype=np.int64)
        count = LIBRARY.counter_begins(
            ctypes.c_char_p(content),
            ctypes.c_int64(len(content)),
            ctypes.c_int64(texts),
            _address(starts),
        )
        return starts if count == texts else None

    def cells(self, content: bytes, starts: Positions) -> tuple[Numbers, Numbers, Numbers]:
        """Count the terms of n texts; see `scoring.words.word_arrays.WordArrays.cells`.

        Raises:
            MemoryError: there is too little memory for the tokens of a text.
        """
        # A token has at least one byte, so this bounds the number of cells. A word's space before
        # and after it may make twice as many of characters.
        room = (len(content) + 1) * self._per_byte
        rows, columns, times = (np.empty(room, dtype=np.int64) for _ in range(3))
        found = LIBRARY.counter_count(
            self._counter,
            ctypes.c_char_p(content),
            _address(starts),
            ctypes.c_int64(len(starts) - 1),
            ctypes.c_int64(room),
            _address(rows),
            _address(columns),
            _address(times),
        )
        if found < 0:
            raise MemoryError
        return rows[:found], columns[:found], times[:found]

    def reach(self, content: bytes, starts: Positions) -> Reach:
        """Count the words of n texts; see `scoring.words.word_arrays.WordArrays.reach`.

        Raises:
            MemoryError: there is too little memory for the tokens of a text.
        """
        found = np.empty((len(starts) - 1, 2), dtype=np.int32)
        if LIBRARY.counter_reach(
            self._counter,
            ctypes.c_char_p(content),
            _address(starts),
            ctypes.c_int64(len(found)),
            _address(found),
        ):
            raise MemoryError
        return found

    def some_words(self, most: int) -> list[str]:
        """Words that the library knows; at most about `most` of them."""
        content, ends = self.arrays["bytes"].tobytes(), self.arrays["ends"].tolist()
        chosen = range(0, len(ends), len(ends) // most + 1)
        words = (content[ends[at - 1] if at else 0 : ends[at]] for at in chosen)
        return [word.decode("utf-8", "replace") for word in words]


def _per_byte(kind: Grams | Hashes) -> int:
    """The most terms that begin at a byte; a space on both sides of a word may double it."""
    return 2 * (kind.most - kind.least + 1)
