"""The terms of a word vectoriser: its words, and a trie of those of several words."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from scoring.words.utf8 import points_that_stay

Keys = npt.NDArray[np.uint64]
Numbers = npt.NDArray[np.intp]
#: Of bytes in a run of texts.
Positions = npt.NDArray[np.int64]

#: Bytes below this one stand for signs, each a token by itself; 0 is in no token.
SIGNS = 32


class Level(NamedTuple):
    """A level of the trie.

    Attributes:
        keys: the distinct `pairs` of a node above and a word, of each node; the first level, where
            a node is a word, has none.
        columns: the column of the term that ends at each node; -1, also behind the last, where
            there is none.
    """

    keys: Keys
    columns: Numbers


@dataclass(frozen=True)
class Terms:
    """What is to be found in texts.

    Attributes:
        words: every word of a term, and every stop word, as UTF-8 by `table`; distinct.
        stops: which of the words are stop words; false behind the last.
        levels: the trie, a level for each number of words.
        shortest: the characters of the shortest token.
        table: 256 bytes; what each byte becomes in a word, and 0 for one that is in none; a sign,
            which is a token by itself, becomes a byte below 32.
        stays: for each code point, whether it may be in a token; of use beyond ASCII.
        width: the columns that there are.
    """

    words: list[bytes]
    stops: npt.NDArray[np.bool_]
    levels: list[Level]
    shortest: int
    table: bytes
    stays: npt.NDArray[np.bool_]
    width: int

    @classmethod
    def of(
        cls,
        terms: dict[tuple[str, ...], int],
        stop_words: set[str],
        *,
        shortest: int,
        signs: str,
        lower: bool,
        width: int,
    ) -> "Terms":
        """Take terms, as their words, with their columns; stop words; and signs."""
        words = sorted(stop_words.union(*terms))
        table = _byte_table("".join(filter(str.isascii, signs)), lower=lower)
        return cls(
            words=[word.encode().translate(table) for word in words],
            stops=np.array([*(word in stop_words for word in words), False]),
            levels=_levels(terms, {word: n for n, word in enumerate(words)}),
            shortest=shortest,
            table=table,
            stays=points_that_stay("".join(sign for sign in signs if not sign.isascii())),
            width=width,
        )


def _levels(terms: dict[tuple[str, ...], int], numbers: dict[str, int]) -> list[Level]:
    """A trie of the terms, a level for each number of words.

    Args:
        terms: term, as its words -> column.
        numbers: word -> number; on the first level a node is a word.

    Returns:
        The levels; on the first a node is a word.
    """
    lengths = np.array([len(term) for term in terms], dtype=np.intp)
    columns = np.array(list(terms.values()), dtype=np.intp)
    words = np.array([numbers[word] for term in terms for word in term], dtype=np.intp)
    first = np.cumsum(lengths) - lengths
    nodes = words[first]  # of each term on the present level
    levels: list[Level] = []
    for length in range(1, lengths.max(initial=1) + 1):
        distinct, count = np.empty(0, dtype=np.uint64), len(numbers)
        if length > 1:
            longer = np.flatnonzero(lengths >= length)
            keys = pairs(nodes[longer], words[first[longer] + length - 1])
            distinct, nodes[longer] = np.unique(keys, return_inverse=True)
            count = len(distinct)
        of_node = np.full(count + 1, -1, dtype=np.intp)
        ends = lengths == length
        of_node[nodes[ends]] = columns[ends]
        levels.append(Level(distinct, of_node))
    return levels


def pairs(nodes: npt.NDArray[Any], words: npt.NDArray[Any]) -> npt.NDArray[np.uint64]:
    """The keys of pairs of a node, or -1, and a word; none is 0 where neither is -1."""
    keys: npt.NDArray[np.uint64] = nodes.astype(np.uint64)
    keys <<= np.uint64(32)
    keys += words.astype(np.uint64)
    keys += np.uint64(1)
    return keys


def _byte_table(signs: str, *, lower: bool) -> bytes:
    """For `bytes.translate`: a word's bytes stay, or become lower case; any other becomes 0.

    The signs, 31 at most as no more are in ASCII, become 1, 2 and so on.
    """
    table = bytearray(256)
    for byte in range(256):
        character = chr(byte)
        if byte >= 0x80:
            table[byte] = byte
        elif character.isalnum() or character == "_":
            table[byte] = ord(character.lower()) if lower else byte
    for number, sign in enumerate(signs):
        table[ord(sign)] = number + 1
    return bytes(table)
