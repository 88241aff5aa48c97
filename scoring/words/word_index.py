"""Looks up the numbers of many words in one byte string."""

import numpy as np
import numpy.typing as npt

from scoring.words.hash_index import HashIndex
from scoring.words.word_terms import Positions

Chunks = npt.NDArray[np.uint64]

_CHUNK = 8  # bytes that are compared in one step

#: The masks that keep the first n bytes of an eight-byte number, for n = 0 .. 8.
_MASKS = np.array([(1 << (8 * n)) - 1 for n in range(_CHUNK + 1)], dtype=np.uint64)

#: Marks the key of a long word. UTF-8 has no byte 0xFF, so no short word has such a key.
_LONG = np.uint64(0xFF << 56)

_MIX = np.uint64(0x9FB21C651E98DF25)  # an odd multiplier with evenly spread bits


class WordIndex:
    """An exact index of words by their bytes.

    The key of a word of up to eight bytes is the word itself. A longer word is hashed to a key, and
    compared byte by byte when its key is found.
    """

    def __init__(self, words: list[bytes]) -> None:
        """Index n distinct words; the number of a word is its position in the list.

        Raises:
            scoring.words.hash_index.KeyCollision: two words have the same key. With a million words
                this happens once in a hundred thousand vocabularies; scikit-learn then runs the
                pipeline.
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
        """Look up t words.

        Args:
            joined: the bytes that hold the words.
            starts: the start of each word.
            lengths: the length of each word in bytes.

        Returns:
            t numbers; -1 for a word that is not in the index.
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
        """The keys of words, and the positions of the words that are longer than a key."""
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
        # Mix again after the last chunk. Otherwise the mark would overwrite the highest byte of it,
        # and a word of 15 bytes would get the same key as the word with an "s" appended.
        mixed = keys.take(long)
        mixed ^= mixed >> np.uint64(32)
        mixed *= _MIX
        keys[long] = mixed >> np.uint64(8) | _LONG
        keys[long[lengths.take(long) > self._longest]] = 0
        return keys, long

    def _view(self, joined: bytes) -> Chunks:
        """For each position, the eight bytes from there on as one number."""
        # Padded, because the last word is read as if it had the maximum length.
        padded = joined + bytes(self._longest + _CHUNK)
        return np.ndarray(len(padded) - _CHUNK + 1, dtype="<u8", buffer=padded, strides=(1,))


def _chunk(view: Chunks, starts: Positions, lengths: Positions, at: int) -> Chunks:
    """The bytes at .. at + 7 of each word as one number; 0 for bytes beyond its end."""
    # Not `take`: it would first copy the view, which is eight times the size of the bytes.
    chunk = view[starts + at if at else starts]
    left = np.maximum(lengths - at, 0) if at else lengths
    chunk &= _MASKS.take(np.minimum(left, _CHUNK))
    return chunk
