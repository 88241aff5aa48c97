"""Finds the terms of many texts by array operations.

They are cut by one comparison of neighbours, and looked up by one gather a step.
"""

from typing import Any

import numpy as np

from scoring.words.hash_index import HashIndex
from scoring.words.utf8 import blank_symbols, character_counts
from scoring.words.word_index import WordIndex
from scoring.words.word_terms import SIGNS, Numbers, Positions, Terms, pairs


class WordArrays:
    """Finds what `compiled_words.CompiledWords` finds, where nothing could be compiled."""

    def __init__(self, terms: Terms) -> None:
        self._terms = terms
        self._words = WordIndex(terms.words)
        self._levels = [
            (HashIndex(level.keys) if above else None, level.columns)
            for above, level in enumerate(terms.levels)
        ]

    def begins(self, content: bytes, texts: int) -> Positions | None:
        """Where each of n texts begins, and where one behind the last would; None if not so many.

        Args:
            content: the UTF-8 of all texts, a 0 between two.
            texts: n.
        """
        zeros = np.flatnonzero(np.frombuffer(content, dtype=np.uint8) == 0)
        if len(zeros) != texts - 1:
            return None
        return np.concatenate([[0], zeros + 1, [len(content) + 1]])

    def cells(self, content: bytes, begins: Positions) -> tuple[Numbers, Numbers, Numbers]:
        """The terms of n texts.

        Args:
            content: the UTF-8 of all texts, a 0 between two.
            begins: as `begins` gives them.

        Returns:
            For each text and each term in it, sorted by both: the number of the text, the column
            of the term, and how often it is there.
        """
        if not content.isascii():
            known = np.frombuffer(content, dtype=np.uint8)
            content = blank_symbols(known, self._terms.stays).tobytes()
        joined = content.translate(self._terms.table)
        starts, lengths = self._tokens(joined)
        words = self._words.find(joined, starts, lengths)
        if self._terms.stops.any():
            kept = np.flatnonzero(~self._terms.stops.take(words))
            starts, words = starts.take(kept), words.take(kept)
        # Text n has the words from first[n] on, up to first[n + 1].
        first = np.searchsorted(starts, begins)
        return self._counted(self._columns(words, first[1:-1]), first)

    def _tokens(self, joined: bytes) -> tuple[Positions, Positions]:
        """Where the tokens begin, and the bytes that they have."""
        starts, lengths = _runs(joined)
        # Shorter runs are in no vocabulary: they matter only in between, where they are left out.
        if self._terms.shortest > 1 and len(self._levels) > 1:
            characters = lengths
            if not joined.isascii():
                content = np.frombuffer(joined, dtype=np.uint8)
                characters = character_counts(content, starts, lengths)
            long_enough = np.flatnonzero(characters >= self._terms.shortest)
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
            if index is not None:
                following = words[level:]
                nodes = nodes[: len(following)]
                keys = pairs(nodes, following)
                keys[(nodes | following) < 0] = 0
                # No term reaches from one text into the next.
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
        # A cell is one number, and as narrow a one as will do: they are sorted twice as fast.
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
    """Where the words and the signs begin, and how long they are."""
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
