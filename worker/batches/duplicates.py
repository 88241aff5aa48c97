"""Finds duplicates among very many names, exactly, in a bounded memory and two passes."""

from collections.abc import Iterable

#: Bits of the filter for each name: of 100,000 different names about 20 are taken for duplicates.
_BITS_PER_NAME = 32

#: The most memory that the filter takes, in bytes. With more names than fit, it takes more of them
#: for duplicates.
_MAX_BYTES = 32 * 2**20

#: The most possible duplicates that are remembered.
MAX_CANDIDATES = 20_000


class BloomFilter:
    """Takes each name once, and remembers those that it may have seen before.

    A name that is not among the candidates came once. A candidate may have come once or more often:
    `duplicates` tells, in a second pass over the names.

    Attributes:
        candidates: the names that may be duplicates, up to `MAX_CANDIDATES`.
    """

    def __init__(self, names: int) -> None:
        """Take an upper estimate of the number of names."""
        size = min(max(names * _BITS_PER_NAME // 8, 1024), _MAX_BYTES)
        self._bits = bytearray(1 << (size - 1).bit_length())
        self._mask = len(self._bits) * 8 - 1
        self.candidates: set[str] = set()

    def add(self, name: str) -> None:
        """Add a name; if it may have been added before, it becomes a candidate."""
        # Python's hash is salted for each process, so nobody can choose names that collide.
        code, is_new = hash(name), False
        step = (code >> 32) | 1
        for _ in range(4):
            at = code & self._mask
            bit = 1 << (at & 7)
            if not self._bits[at >> 3] & bit:
                self._bits[at >> 3] |= bit
                is_new = True
            code += step
        if not is_new and len(self.candidates) < MAX_CANDIDATES:
            self.candidates.add(name)

    def duplicates(self, names: Iterable[tuple[int, str]]) -> Iterable[tuple[int, str]]:
        """Find the names that came before, among the candidates.

        Args:
            names: all names again, each with a number.

        Yields:
            Each name but its first occurrence, with its number.
        """
        seen: set[str] = set()
        for number, name in names:
            if name in self.candidates:
                if name in seen:
                    yield number, name
                seen.add(name)
