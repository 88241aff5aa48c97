"""The scripts in which texts are written: Latin, Cyrillic, Han and others.

The script of a letter is the first word of its name in Unicode, such as GREEK in GREEK SMALL LETTER
ALPHA (The Unicode Standard, section 4.8). Python's standard library has these names, and not the
property Script. The scripts of Japanese are one here, because its texts mix them.
"""

import unicodedata
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt

#: The number of a letter in none of `SCRIPTS`, and of a character that is no letter.
OTHER, NO_LETTER = 0, 255

#: The numbers of scripts, by the first word of the names of their letters.
LATIN = 1
SCRIPTS = {
    "LATIN": LATIN,
    "FULLWIDTH": LATIN,
    "GREEK": 2,
    "CYRILLIC": 3,
    "ARMENIAN": 4,
    "HEBREW": 5,
    "ARABIC": 6,
    "DEVANAGARI": 7,
    "BENGALI": 8,
    "GURMUKHI": 9,
    "GUJARATI": 10,
    "TAMIL": 11,
    "TELUGU": 12,
    "KANNADA": 13,
    "MALAYALAM": 14,
    "SINHALA": 15,
    "THAI": 16,
    "LAO": 17,
    "MYANMAR": 18,
    "GEORGIAN": 19,
    "ETHIOPIC": 20,
    "KHMER": 21,
    "HANGUL": 22,
    "CJK": 23,
    "HIRAGANA": 23,
    "KATAKANA": 23,
    "HALFWIDTH": 23,
}

#: The number of different scripts, with `OTHER`.
COUNT = max(SCRIPTS.values()) + 1

#: Beyond it there are private characters, and no letters.
_POINTS = 0x40000


def letters_by_script(text: str) -> npt.NDArray[np.int64]:
    """The number of letters of each script in a text; an array of `COUNT`."""
    scripts = _table().take(_points(text))
    return np.bincount(scripts[scripts != NO_LETTER], minlength=COUNT)


def letters_among(texts: Sequence[str], wanted: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    """The number of letters of some scripts in each of n texts, none of which is empty.

    Args:
        texts: n texts, n >= 1.
        wanted: for each of `COUNT` scripts, whether its letters count.
    """
    is_wanted = np.append(wanted, np.zeros(256 - COUNT, dtype=bool)).take(_table())
    lengths = np.fromiter(map(len, texts), dtype=np.intp, count=len(texts))
    found = is_wanted.take(_points("".join(texts)))
    counts: npt.NDArray[np.int64] = np.add.reduceat(
        found, np.cumsum(lengths) - lengths, dtype=np.int64
    )
    return counts


def _points(text: str) -> npt.NDArray[np.uint32]:
    points = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    return np.minimum(points, _POINTS - 1)


@lru_cache(maxsize=1)
def _table() -> npt.NDArray[np.uint8]:
    """The script of each character; made when it is first needed, in a tenth of a second."""
    table = np.full(_POINTS, NO_LETTER, dtype=np.uint8)
    for point in range(_POINTS - 1):
        character = chr(point)
        if character.isalpha():
            first = unicodedata.name(character, "").partition(" ")[0]
            table[point] = SCRIPTS.get(first, OTHER)
    return table
