"""How far a job is: the parts that are done, and a summary of their rows."""

from collections.abc import Iterator

from pydantic import BaseModel, ConfigDict

from shared.jobs.summary import Summary


class Outcome(BaseModel):
    """The parts of a bulk job that are done, and a summary of their rows.

    Attributes:
        done: in hex, a bit for each part: whether it is done. The first part is the highest bit of
            the first byte.
        bad: in hex, a bit for each part: whether a row in it has an error.
        summary: the summary of the rows in the parts that are done.
    """

    model_config = ConfigDict(frozen=True)

    done: str = ""
    bad: str = ""
    summary: Summary = Summary()

    @property
    def parts_done(self) -> int:
        """The number of parts that are done."""
        return int(self.done or "0", 16).bit_count()

    def first_undone(self) -> int:
        """The number of the first part that is not done: all parts before it are."""
        bits = bytes.fromhex(self.done)
        whole = len(bits) - len(bits.lstrip(b"\xff"))
        left = bits[whole : whole + 1]
        return 8 * whole + (8 - (left[0] ^ 0xFF).bit_length() if left else 0)

    def done_parts(self) -> list[int]:
        """The numbers of the parts that are done."""
        return list(_numbers(self.done))

    def bad_parts(self) -> list[int]:
        """The numbers of the parts in which a row has an error."""
        return list(_numbers(self.bad))


def bits_of(numbers: set[int]) -> str:
    """Part numbers as bits in hex, in the form of `Outcome.done`."""
    bits = bytearray(max(numbers, default=-1) // 8 + 1)
    for number in numbers:
        bits[number // 8] |= 0x80 >> number % 8
    return bits.hex()


def _numbers(bits: str) -> Iterator[int]:
    for at, byte in enumerate(bytes.fromhex(bits)):
        if byte:
            yield from (8 * at + bit for bit in range(8) if byte & 0x80 >> bit)
