"""The terms of a word vectoriser: its words, and a trie of its word n-grams."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from scoring.words.token_patterns import TokenPattern

Keys = npt.NDArray[np.uint64]
Numbers = npt.NDArray[np.intp]
#: Positions of bytes in the joined texts.
Positions = npt.NDArray[np.int64]
#: For each of n texts the number of its words, and of those that the model knows; n x 2.
Reach = npt.NDArray[np.int32]

#: Bytes 1 .. SIGNS - 1 stand for signs, each a token by itself; 0 is in no token.
SIGNS = 32

#: Maps the capitals A to Z to letters that never occur in a lower-cased text (Deseret capitals).
PROTECTED = {ord("A") + at: 0x10400 + at for at in range(26)}


class Level(NamedTuple):
    """One level of the trie: the nodes of terms of one length.

    Attributes:
        keys: for each node the key of its parent node and its word, as `pairs` makes it. Empty on
            the first level, where a node is a word.
        columns: for each node the column of the term that ends there, or -1; one more -1 at the
            end, for "no node".
    """

    keys: Keys
    columns: Numbers


@dataclass(frozen=True)
class Terms:
    """The terms to find in texts.

    Attributes:
        words: the distinct words of all terms and all stop words, as UTF-8 translated by `table`.
        stops: for each word, whether it is a stop word; one more False at the end, for "no word".
        levels: the trie, with one level per number of words.
        shortest: the minimum number of characters of a token.
        table: 256 bytes, for `bytes.translate`: what each byte becomes in a word; 0 for a byte that
            is in no word; a byte below 32 for a sign, which is a token by itself.
        stays: for each code point, whether it may be in a token; used only beyond ASCII.
        width: the number of columns.
    """

    words: list[bytes]
    stops: npt.NDArray[np.bool_]
    levels: list[Level]
    shortest: int
    table: bytes
    stays: npt.NDArray[np.bool_]
    width: int

    @classmethod
    def build(
        cls,
        terms: dict[tuple[str, ...], int],
        stop_words: set[str],
        *,
        tokens: TokenPattern,
        lower: bool,
        width: int,
    ) -> "Terms":
        """Build the tables.

        Args:
            terms: the words of a term -> its column.
            stop_words: words that are dropped before n-grams are formed.
            tokens: the tokens of a text.
            lower: lower-case ASCII letters.
            width: the number of columns.
        """
        words = sorted(stop_words.union(*terms))
        table = _byte_table(tokens, lower=lower)
        return cls(
            words=[word.encode().translate(table) for word in words],
            stops=np.array([*(word in stop_words for word in words), False]),
            levels=_levels(terms, {word: n for n, word in enumerate(words)}),
            shortest=tokens.shortest,
            table=table,
            stays=_points_that_stay(tokens, lower=lower),
            width=width,
        )


def _levels(terms: dict[tuple[str, ...], int], numbers: dict[str, int]) -> list[Level]:
    """Build the trie, with one level per number of words.

    Args:
        terms: the words of a term -> its column.
        numbers: word -> number.

    Returns:
        The levels. On the first one a node is a word, and its number that of the word.
    """
    lengths = np.array([len(term) for term in terms], dtype=np.intp)
    columns = np.array(list(terms.values()), dtype=np.intp)
    words = np.array([numbers[word] for term in terms for word in term], dtype=np.intp)
    first = np.cumsum(lengths) - lengths
    nodes = words[first]  # the node of each term on the current level
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
    """The keys of pairs of a node and a word, each >= -1; never 0 if neither is -1."""
    keys: npt.NDArray[np.uint64] = nodes.astype(np.uint64)
    keys <<= np.uint64(32)
    keys += words.astype(np.uint64)
    keys += np.uint64(1)
    return keys


def _byte_table(tokens: TokenPattern, *, lower: bool) -> bytes:
    """The table for `bytes.translate`: bytes of words stay or become lower case; others become 0.

    The ASCII signs become 1, 2 and so on. There are at most 31, because ASCII has no more.
    """
    table = bytearray(256)
    for byte in range(256):
        becomes = ord(chr(byte).lower()) if lower and byte < 0x80 else byte
        if byte >= 0x80 or tokens.runs[becomes]:
            table[byte] = becomes
    for number, sign in enumerate(filter(str.isascii, tokens.signs)):
        table[ord(sign)] = number + 1
    return bytes(table)


def _points_that_stay(tokens: TokenPattern, *, lower: bool) -> npt.NDArray[np.bool_]:
    """For each code point, whether it may be in a token; right only beyond ASCII."""
    stays = tokens.runs.copy()
    stays[[ord(sign) for sign in tokens.signs if not sign.isascii()]] = True
    if lower:
        stays[list(PROTECTED.values())] = [tokens.runs[capital] for capital in PROTECTED]
    return stays
