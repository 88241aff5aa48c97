"""Finds the numbers of many words that lie in one run of bytes."""

import numpy as np
import numpy.typing as npt

from scoring.words.hash_index import HashIndex
from scoring.words.word_terms import Positions

Chunks = npt.NDArray[np.uint64]

_CHUNK = 8  # bytes that are looked at in one step

#: What leaves n bytes of an eight-byte number, for n = 0 .. 8.
_MASKS = np.array([(1 << (8 * n)) - 1 for n in range(_CHUNK + 1)], dtype=np.uint64)

#: No byte of UTF-8 is 0xFF, so the key of a long word is never that of a short one.
_LONG = np.uint64(0xFF << 56)

_MIX = np.uint64(0x9FB21C651E98DF25)  # odd, with bits all over


class WordIndex:
    """Words by their bytes, exactly.

    The key of a word of up to eight bytes is the word; longer ones are mixed into a key, and
    compared in full where a key was found.
    """

    def __init__(self, words: list[bytes]) -> None:
        """Index n distinct words; their numbers are their positions.

        Raises:
            scoring.words.hash_index.SameKeys: two words have one key; of a million words, once in a
                hundred thousand vocabularies. Their pipeline is then run by scikit-learn.
        """
        joined = b"".join(words)
        lengths = np.array([len(word) for word in words], dtype=np.int64)
        starts = np.cumsum(lengths) - lengths
        self._lengths = lengths
        self._longest = max(map(len, words), default=0)
        self._index = HashIndex(self._keys(self._view(joined), starts, lengths)[0])
        self._tails = [
            _chunk(self._view(joined), starts, lengths, at)
            for at in range(0, self._longest, _CHUNK)
        ]

    def find(self, joined: bytes, starts: Positions, lengths: Positions) -> npt.NDArray[np.intp]:
        """The numbers of t words.

        Args:
            joined: bytes that hold the words.
            starts: where each word begins.
            lengths: its bytes.

        Returns:
            t numbers; -1 for a word that is not among those of the index.
        """
        view = self._view(joined)
        keys, long = self._keys(view, starts, lengths)
        words = self._index.find(keys)
        long = long[words.take(long) >= 0]
        found, starts, lengths = words.take(long), starts.take(long), lengths.take(long)
        same = self._lengths.take(found) == lengths
        for n, tails in enumerate(self._tails):
            with_tail = np.flatnonzero(lengths > n * _CHUNK)
            there = _chunk(view, starts.take(with_tail), lengths.take(with_tail), n * _CHUNK)
            same[with_tail] &= tails.take(found.take(with_tail)) == there
        words[long[~same]] = -1
        return words

    def _keys(
        self, view: Chunks, starts: Positions, lengths: Positions
    ) -> tuple[Chunks, npt.NDArray[np.intp]]:
        """The keys of words, and which of the words are longer than theirs."""
        keys = _chunk(view, starts, lengths, 0)
        long = longer = np.flatnonzero(lengths > _CHUNK)
        for at in range(_CHUNK, self._longest, _CHUNK):
            if at > _CHUNK:
                longer = longer[lengths.take(longer) > at]
            mixed = keys.take(longer)
            mixed ^= mixed >> np.uint64(29)
            mixed *= _MIX
            mixed += _chunk(view, starts.take(longer), lengths.take(longer), at)
            keys[longer] = mixed
        # Once more behind the last chunk: its highest byte would make room for the mark, and a word
        # of 15 bytes would have the key of one with an "s" behind it.
        mixed = keys.take(long)
        mixed ^= mixed >> np.uint64(32)
        mixed *= _MIX
        keys[long] = mixed >> np.uint64(8) | _LONG
        keys[long[lengths.take(long) > self._longest]] = 0
        return keys, long

    def _view(self, joined: bytes) -> Chunks:
        """At each position the eight bytes from there on, as one number."""
        # So many bytes more, because the last word is looked at as if it were a longest one.
        padded = joined + bytes(self._longest + _CHUNK)
        return np.ndarray(len(padded) - _CHUNK + 1, dtype="<u8", buffer=padded, strides=(1,))


def _chunk(view: Chunks, starts: Positions, lengths: Positions, at: int) -> Chunks:
    """The bytes at .. at + 8 of each word; 0 for those that it does not have."""
    # Not `take`: it would first copy the view, eight times the bytes below it.
    chunk = view[starts + at if at else starts]
    left = np.maximum(lengths - at, 0) if at else lengths
    chunk &= _MASKS.take(np.minimum(left, _CHUNK))
    return chunk
