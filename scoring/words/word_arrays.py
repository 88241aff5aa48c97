"""Finds the terms of many texts by array operations, without compiled code."""

from typing import Any

import numpy as np

from scoring.words.hash_index import HashIndex
from scoring.words.utf8 import blank_symbols, character_counts
from scoring.words.word_index import WordIndex
from scoring.words.word_terms import SIGNS, Numbers, Positions, Reach, Terms, pairs


class WordArrays:
    """Finds the same terms as `compiled_words.CompiledWords`, for systems without a C compiler."""

    def __init__(self, terms: Terms) -> None:
        self._terms = terms
        self._words = WordIndex(terms.words)
        self._levels = [
            (HashIndex(level.keys) if above else None, level.columns)
            for above, level in enumerate(terms.levels)
        ]

    def text_starts(self, content: bytes, texts: int) -> Positions | None:
        """The start of each of n texts, and one past the end of the last.

        Args:
            content: the UTF-8 of all texts, separated by zero bytes.
            texts: the number of texts, n.

        Returns:
            n + 1 positions, or None if there are not n - 1 zero bytes: a text itself holds one.
        """
        zeros = np.flatnonzero(np.frombuffer(content, dtype=np.uint8) == 0)
        if len(zeros) != texts - 1:
            return None
        return np.concatenate([[0], zeros + 1, [len(content) + 1]])

    def cells(self, content: bytes, text_starts: Positions) -> tuple[Numbers, Numbers, Numbers]:
        """Count the terms of n texts.

        Args:
            content: the UTF-8 of all texts, separated by zero bytes.
            text_starts: n + 1 positions, as `text_starts` returns them.

        Returns:
            Three arrays with one entry per text and term in it, sorted by both: the index of the
            text, the column of the term, and its count.
        """
        joined = self._translated(content)
        starts, lengths = self._tokens(joined, needed=len(self._levels) > 1)
        words = self._words.find(joined, starts, lengths)
        if self._terms.stops.any():
            others = np.flatnonzero(~self._terms.stops.take(words))
            starts, words = starts.take(others), words.take(others)
        # Text n has the words first[n] .. first[n + 1] - 1.
        first = np.searchsorted(starts, text_starts)
        return self._counted(self._columns(words, first[1:-1]), first)

    def reach(self, content: bytes, text_starts: Positions) -> Reach:
        """Count the words of n texts, and those that are in the vocabulary.

        Stop words are known: they are left out on purpose. Signs are no words.

        Args:
            content: the UTF-8 of all texts, separated by zero bytes.
            text_starts: n + 1 positions, as `text_starts` returns them.
        """
        joined = self._translated(content)
        starts, lengths = self._tokens(joined, needed=True)
        is_word = np.frombuffer(joined, dtype=np.uint8).take(starts) >= SIGNS
        starts, lengths = starts[is_word], lengths[is_word]
        known = np.append(0, np.cumsum(self._words.find(joined, starts, lengths) >= 0))
        first = np.searchsorted(starts, text_starts)
        return np.stack([np.diff(first), np.diff(known.take(first))], axis=1).astype(np.int32)

    def _translated(self, content: bytes) -> bytes:
        if not content.isascii():
            array = np.frombuffer(content, dtype=np.uint8)
            content = blank_symbols(array, self._terms.stays).tobytes()
        return content.translate(self._terms.table)

    def _tokens(self, joined: bytes, *, needed: bool) -> tuple[Positions, Positions]:
        """The start of each token, and its length in bytes.

        Args:
            joined: the translated bytes of all texts.
            needed: whether runs that are too short to be tokens must be left out. They are in no
                vocabulary, so they matter only where tokens are counted, and for n-grams: they must
                not separate their neighbours.
        """
        starts, lengths = _runs(joined)
        if self._terms.shortest > 1 and needed:
            characters = lengths
            if not joined.isascii():
                content = np.frombuffer(joined, dtype=np.uint8)
                characters = character_counts(content, starts, lengths)
            long_enough = np.flatnonzero(characters >= self._terms.shortest)
            starts, lengths = starts.take(long_enough), lengths.take(long_enough)
        return starts, lengths

    def _columns(self, words: Numbers, borders: Positions) -> Numbers:
        """The columns of the terms that start at each word.

        Args:
            words: the numbers of t words, of all texts in their order; -1 for a word in no term.
            borders: the positions in `words` at which a new text starts.

        Returns:
            An array of t x levels: in column k the column of the term of k + 1 words, or -1.
        """
        columns = np.empty((len(words), len(self._levels)), dtype=np.intp)
        nodes = words
        for level, (index, of_node) in enumerate(self._levels):
            if index is not None:
                following = words[level:]
                nodes = nodes[: len(following)]
                keys = pairs(nodes, following)
                keys[(nodes | following) < 0] = 0
                # A term must not reach from one text into the next.
                last = borders - level
                keys[last[(last >= 0) & (last < len(keys))]] = 0
                nodes = index.find(keys)
            columns[: len(nodes), level] = of_node.take(nodes)
            columns[len(nodes) :, level] = -1
        return columns

    def _counted(self, columns: Numbers, first: Positions) -> tuple[Numbers, Numbers, Numbers]:
        texts, levels = len(first) - 1, columns.shape[1]
        flat = columns.ravel()
        at = np.flatnonzero(flat >= 0)
        # Text and column go into one number of 32 bits where possible, which halves the sorting
        # time.
        bits = max(self._terms.width - 1, 1).bit_length()
        kind: Any = np.uint32 if bits + texts.bit_length() <= 32 else np.uint64
        cells = np.repeat(np.arange(texts, dtype=kind) << kind(bits), np.diff(first) * levels)
        cells = cells.take(at)
        cells |= flat.take(at).astype(kind)
        cells.sort()
        new = np.ones(len(cells), dtype=bool)
        np.not_equal(cells[1:], cells[:-1], out=new[1:])
        at = np.flatnonzero(new)
        times = np.diff(at, append=len(cells))
        cells = cells.take(at)
        rows = (cells >> kind(bits)).astype(np.intp)
        return rows, (cells & kind((1 << bits) - 1)).astype(np.intp), times


def _runs(joined: bytes) -> tuple[Positions, Positions]:
    """The starts and lengths of the words and signs."""
    content = np.frombuffer(joined, dtype=np.uint8)
    inside = np.zeros(len(joined) + 2, dtype=bool)
    np.greater_equal(content, SIGNS, out=inside[1:-1])
    edges = np.flatnonzero(inside[1:] != inside[:-1])
    starts, ends = edges[::2], edges[1::2]
    signs = np.flatnonzero((content > 0) & (content < SIGNS))
    if len(signs):
        starts, ends = np.append(starts, signs), np.append(ends, signs + 1)
        order = np.argsort(starts)
        starts, ends = starts.take(order), ends.take(order)
    return starts, ends - starts
