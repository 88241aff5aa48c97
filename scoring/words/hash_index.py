"""A hash table that looks up many 64-bit keys at once, exactly."""

import numpy as np
import numpy.typing as npt

Keys = npt.NDArray[np.uint64]

#: 2^64 divided by the golden ratio: spreads keys over the high bits (Fibonacci hashing; Knuth,
#: TAOCP vol. 3, section 6.4).
_SPREAD = np.uint64(0x9E3779B97F4A7C15)


class KeyCollision(ValueError):
    """The keys are not distinct, or one of them is 0."""


class HashIndex:
    """Finds the positions of keys in an array of distinct keys.

    Open addressing with linear probing (Knuth, TAOCP vol. 3, section 6.4); every step is an array
    operation. At most a quarter of the slots is taken, so the first probe settles most keys.
    """

    def __init__(self, keys: Keys) -> None:
        """Build the index.

        Args:
            keys: n distinct keys. 0 is not allowed, because it marks a free slot.

        Raises:
            KeyCollision: a key is 0, or occurs twice.
        """
        if not keys.all() or len(np.unique(keys)) != len(keys):
            raise KeyCollision("the keys are not distinct, or one of them is 0")
        bits = max(4 * len(keys), 2).bit_length()
        self._shift, self._last = np.uint64(64 - bits), (1 << bits) - 1
        self._keys = np.zeros(1 << bits, dtype=np.uint64)
        self._positions = np.full(1 << bits, -1, dtype=np.intp)
        waiting, slots = np.arange(len(keys)), self._slots(keys)
        while len(waiting):
            free = self._keys[slots] == 0
            # If several keys compete for a free slot, the first gets it; the others try the next.
            placed = np.flatnonzero(free)
            placed = placed[np.unique(slots[placed], return_index=True)[1]]
            self._keys[slots[placed]] = keys[waiting[placed]]
            self._positions[slots[placed]] = waiting[placed]
            left = np.ones(len(waiting), dtype=bool)
            left[placed] = False
            waiting, slots = waiting[left], (slots[left] + 1) & self._last

    def find(self, keys: Keys) -> npt.NDArray[np.intp]:
        """The positions of n keys; -1 for a key that is not in the index, and for 0."""
        slots = self._slots(keys)
        there = self._keys.take(slots)
        positions = self._positions.take(slots)
        other = np.flatnonzero(there != keys)
        positions[other] = -1
        other = other[there.take(other) != 0]
        slots = slots.take(other)
        while len(other):
            slots = (slots + 1) & self._last
            there = self._keys.take(slots)
            found = there == keys.take(other)
            positions[other[found]] = self._positions.take(slots[found])
            more = ~found & (there != 0)
            other, slots = other[more], slots[more]
        return positions

    def _slots(self, keys: Keys) -> npt.NDArray[np.int64]:
        return ((keys * _SPREAD) >> self._shift).view(np.int64)
