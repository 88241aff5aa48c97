"""The counts of words and word n-grams in many texts at once, by array operations.

What `sklearn.feature_extraction.text.CountVectorizer.transform` does word by word in Python, which
is where a word TF-IDF pipeline spends nine tenths of its time, is done here on the bytes of
thousands of texts together: cut by one comparison of neighbours, looked up by one gather a step.
"""

import re
from collections.abc import Sequence
from typing import Any, NamedTuple, Self

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer

from scoring.hash_index import HashIndex
from scoring.utf8 import blank_symbols, character_counts
from scoring.word_index import WordIndex

Positions = npt.NDArray[np.int64]
Numbers = npt.NDArray[np.intp]

#: The token patterns that mean: runs of word characters, from so many on.
_RUN = re.compile(r"(?:\(\?u\))?(?:\\b)?((?:\\w)*)\\w\+(?:\\b)?")


class Counts(NamedTuple):
    """Which terms n texts hold; c cells, sorted by text and then by column.

    Attributes:
        rows: the numbers of c texts.
        columns: the columns of c terms.
        values: how often the text has the term, or what weight it has there.
        texts: n.
        width: the columns that there are.
    """

    rows: Numbers
    columns: Numbers
    values: npt.NDArray[Any]
    texts: int
    width: int

    def matrix(self) -> csr_matrix:
        """The same as a sparse matrix of n rows."""
        row_ends = np.cumsum(np.bincount(self.rows, minlength=self.texts))
        indptr = np.append(0, row_ends).astype(np.int32)
        cells = (self.values, self.columns.astype(np.int32), indptr)
        matrix = csr_matrix(cells, shape=(self.texts, self.width))
        matrix.has_canonical_format = True
        return matrix


class WordCounter:
    """Counts as a fitted vectoriser does; made by `WordCounter.like`."""

    def __init__(self, vectoriser: CountVectorizer, shortest: int) -> None:
        """Take over a vectoriser.

        Args:
            vectoriser: fitted; its tokens are runs of word characters.
            shortest: the characters of the shortest run that is a token.
        """
        self._dtype = np.dtype(vectoriser.dtype)
        self._binary = vectoriser.binary
        self._width = len(vectoriser.vocabulary_)
        self._shortest = shortest
        self._preprocess = vectoriser.build_preprocessor()
        self._table = _byte_table(lower=vectoriser.lowercase)

        least, most = vectoriser.ngram_range
        is_word = re.compile(rf"\w{{{shortest},}}").fullmatch
        terms = {tuple(term.split(" ")): n for term, n in vectoriser.vocabulary_.items()}
        known = set(filter(is_word, set[str]().union(*terms)))
        # A vocabulary that was given may hold others: no text has them.
        terms = {
            term: n
            for term, n in terms.items()
            if least <= len(term) <= most and known.issuperset(term)
        }
        stop_words = set(filter(is_word, vectoriser.get_stop_words() or ()))
        words = sorted(known | stop_words)
        self._words = WordIndex([word.encode() for word in words])
        self._stops = np.array([*(word in stop_words for word in words), False])
        self._levels = _levels(terms, {word: n for n, word in enumerate(words)})

    @classmethod
    def like(cls, vectoriser: Any) -> Self | None:
        """A counter that gives what this vectoriser counts, or None where it may cut otherwise.

        Subclasses, an `analyzer`, a `tokenizer` or a `preprocessor` of somebody's own, and any
        `token_pattern` but runs of word characters are left to the vectoriser.
        """
        if type(vectoriser) not in (CountVectorizer, TfidfVectorizer):
            return None
        usual = {"input": "content", "analyzer": "word", "tokenizer": None, "preprocessor": None}
        run = _RUN.fullmatch(vectoriser.token_pattern or "")
        if run is None or any(getattr(vectoriser, name) != usual[name] for name in usual):
            return None
        return cls(vectoriser, shortest=len(run[1]) // len(r"\w") + 1)

    def counts(self, texts: Sequence[str]) -> Counts:
        """What `CountVectorizer.transform` counts in n texts, n >= 1."""
        joined, begins = self._joined(texts)
        starts, lengths = self._tokens(joined)
        words = self._words.find(joined, starts, lengths)
        if self._stops.any():
            kept = np.flatnonzero(~self._stops.take(words))
            starts, words = starts.take(kept), words.take(kept)
        # Text n has the words from first[n] on, up to first[n + 1].
        first = np.append(np.searchsorted(starts, begins), len(starts))
        return self._cells(self._columns(words, first[1:-1]), first)

    def _joined(self, texts: Sequence[str]) -> tuple[bytes, Positions]:
        """The bytes of all texts, 0 for what is in no word; and where each text begins."""
        plain = [text if text.isascii() else self._narrow(text) for text in texts]
        joined = "\0".join(plain).encode("latin-1")
        content = np.frombuffer(joined, dtype=np.uint8)
        borders = np.flatnonzero(content == 0)
        if len(borders) != len(texts) - 1:
            return self._joined([text.replace("\0", " ") for text in texts])
        if not joined.isascii():
            joined = blank_symbols(content).tobytes()
        return joined.translate(self._table), np.append(0, borders + 1)

    def _narrow(self, text: str) -> str:
        # Each byte of UTF-8 as a character: one wide text would make all of them wide when joined.
        preprocessed: str = self._preprocess(text)
        return preprocessed.encode("utf-8", "surrogatepass").decode("latin-1")

    def _tokens(self, joined: bytes) -> tuple[Positions, Positions]:
        """Where the tokens begin, and the bytes that they have."""
        starts, lengths = _runs(joined)
        # Shorter runs are in no vocabulary: they matter only in between, where they are left out.
        if self._shortest > 1 and len(self._levels) > 1:
            characters = lengths
            if not joined.isascii():
                content = np.frombuffer(joined, dtype=np.uint8)
                characters = character_counts(content, starts, lengths)
            long_enough = np.flatnonzero(characters >= self._shortest)
            starts, lengths = starts.take(long_enough), lengths.take(long_enough)
        return starts, lengths

    def _columns(self, words: Numbers, borders: Positions) -> Numbers:
        """The columns of the terms that begin with each word.

        Args:
            words: the numbers of t words, of all texts in their order; -1: a word in no term.
            borders: the positions in `words` at which another text begins.

        Returns:
            t rows; in column k that of the term of k + 1 words, or -1.
        """
        columns = np.empty((len(words), len(self._levels)), dtype=np.intp)
        nodes = words
        for level, (index, of_node) in enumerate(self._levels):
            if index:
                following = words[level:]
                nodes = nodes[: len(following)]
                keys = _pairs(nodes, following)
                keys[(nodes | following) < 0] = 0
                # No term reaches from one text into the next.
                last = borders - level
                keys[last[(last >= 0) & (last < len(keys))]] = 0
                nodes = index.find(keys)
            columns[: len(nodes), level] = of_node.take(nodes)
            columns[len(nodes) :, level] = -1
        return columns

    def _cells(self, columns: Numbers, first: Positions) -> Counts:
        texts, levels = len(first) - 1, columns.shape[1]
        flat = columns.ravel()
        at = np.flatnonzero(flat >= 0)
        # A cell is one number, and as narrow a one as will do: they are sorted twice as fast.
        bits = max(self._width - 1, 1).bit_length()
        kind: Any = np.uint32 if bits + texts.bit_length() <= 32 else np.uint64
        cells = np.repeat(np.arange(texts, dtype=kind) << kind(bits), np.diff(first) * levels)
        cells = cells.take(at)
        cells |= flat.take(at).astype(kind)
        cells.sort()
        new = np.ones(len(cells), dtype=bool)
        np.not_equal(cells[1:], cells[:-1], out=new[1:])
        at = np.flatnonzero(new)
        times = np.ones(len(at)) if self._binary else np.diff(at, append=len(cells))
        cells = cells.take(at)
        rows = (cells >> kind(bits)).astype(np.intp)
        columns = (cells & kind((1 << bits) - 1)).astype(np.intp)
        return Counts(rows, columns, times.astype(self._dtype), texts, self._width)


def _byte_table(*, lower: bool) -> bytes:
    """For `bytes.translate`: a word's bytes stay, or become lower case; any other becomes 0."""
    table = bytearray(256)
    for byte in range(256):
        character = chr(byte)
        if byte >= 0x80:
            table[byte] = byte
        elif character.isalnum() or character == "_":
            table[byte] = ord(character.lower()) if lower else byte
    return bytes(table)


def _runs(joined: bytes) -> tuple[Positions, Positions]:
    """Where the runs of bytes other than 0 begin, and how long they are."""
    inside = np.zeros(len(joined) + 2, dtype=bool)
    np.not_equal(np.frombuffer(joined, dtype=np.uint8), 0, out=inside[1:-1])
    edges = np.flatnonzero(inside[1:] != inside[:-1])
    starts = edges[::2]
    return starts, edges[1::2] - starts


def _levels(
    terms: dict[tuple[str, ...], int], numbers: dict[str, int]
) -> list[tuple[HashIndex | None, Numbers]]:
    """A trie of the terms, a level for each number of words.

    Args:
        terms: term, as its words -> column.
        numbers: word -> number; on the first level a node is a word.

    Returns:
        For each level the index that finds its nodes by a pair of node above and word, and the
        column of each node; -1, also behind the last, where there is none.
    """
    lengths = np.array([len(term) for term in terms], dtype=np.intp)
    columns = np.array(list(terms.values()), dtype=np.intp)
    words = np.array([numbers[word] for term in terms for word in term], dtype=np.intp)
    first = np.cumsum(lengths) - lengths
    nodes = words[first]  # of each term on the present level
    levels: list[tuple[HashIndex | None, Numbers]] = []
    for length in range(1, lengths.max(initial=1) + 1):
        index, count = None, len(numbers)
        if length > 1:
            longer = np.flatnonzero(lengths >= length)
            pairs = _pairs(nodes[longer], words[first[longer] + length - 1])
            distinct, nodes[longer] = np.unique(pairs, return_inverse=True)
            index, count = HashIndex(distinct), len(distinct)
        of_node = np.full(count + 1, -1, dtype=np.intp)
        ends = lengths == length
        of_node[nodes[ends]] = columns[ends]
        levels.append((index, of_node))
    return levels


def _pairs(nodes: npt.NDArray[Any], words: npt.NDArray[Any]) -> npt.NDArray[np.uint64]:
    keys: npt.NDArray[np.uint64] = nodes.astype(np.uint64)
    keys <<= np.uint64(32)
    keys += words.astype(np.uint64)
    keys += np.uint64(1)
    return keys
