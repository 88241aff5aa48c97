"""Finds what comes twice among very many names, exactly, in a bounded memory."""

from collections.abc import Iterable

#: Bits for each name: of a hundred thousand different ones about twenty are then in doubt.
_BITS_EACH = 32

#: The most memory that it takes, in bytes; with more names more of them are in doubt.
_MOST_BYTES = 32 * 2**20

#: So many names in doubt are remembered at most.
MOST_IN_DOUBT = 20_000


class BloomFilter:
    """Sees names once, and keeps those that it may have seen before: a Bloom filter.

    What it keeps is in doubt, and to be looked for again, by name; what it does not keep came once.
    """

    def __init__(self, names: int) -> None:
        """Take about how many there will be, at most."""
        size = min(max(names * _BITS_EACH // 8, 1024), _MOST_BYTES)
        self._bits = bytearray(1 << (size - 1).bit_length())
        self._mask = len(self._bits) * 8 - 1
        self.in_doubt: set[str] = set()

    def see(self, name: str) -> None:
        """See a name."""
        # Python's own hash has a secret of the process in it: nobody can choose names that meet.
        code, new = hash(name), False
        step = (code >> 32) | 1
        for _ in range(4):
            at = code & self._mask
            bit = 1 << (at & 7)
            if not self._bits[at >> 3] & bit:
                self._bits[at >> 3] |= bit
                new = True
            code += step
        if not new and len(self.in_doubt) < MOST_IN_DOUBT:
            self.in_doubt.add(name)

    def twice(self, names: Iterable[tuple[int, str]]) -> Iterable[tuple[int, str]]:
        """Those of the numbered names that did come before, of which it was in doubt."""
        seen: set[str] = set()
        for number, name in names:
            if name in self.in_doubt:
                if name in seen:
                    yield number, name
                seen.add(name)
