"""How far a job is: the parts that are done, and a summary of the scores and errors in them."""

from collections import Counter
from collections.abc import Iterator
from typing import Self

from pydantic import BaseModel, ConfigDict, Field

from shared.jobs.row_error_kinds import kind_of

#: The number of bins of equal width, from 0 to 1, in which scores are counted; the last includes 1.
BINS = 10

_NONE = (0,) * BINS


class Summary(BaseModel):
    """The distribution of the scores of some rows, and the kinds of their errors."""

    model_config = ConfigDict(frozen=True)

    bins: tuple[int, ...] = Field(_NONE, description="Rows with a score in each bin.")
    total: float = Field(0.0, description="The sum of the scores.")
    least: float | None = Field(None, description="The least score; None: there is no score.")
    most: float | None = Field(None, description="The largest score.")
    errors: dict[str, int] = Field({}, description="Rows with an error, by the kind of the error.")

    @property
    def scored(self) -> int:
        """The number of rows with a score."""
        return sum(self.bins)

    @property
    def rows(self) -> int:
        """The number of all rows."""
        return self.scored + sum(self.errors.values())

    @classmethod
    def of(cls, scores: list[float | None], errors: list[str | None]) -> Self:
        """Sum up rows, each of which has a score or an error."""
        found = [score for score in scores if score is not None]
        bins = Counter(min(max(int(score * BINS), 0), BINS - 1) for score in found)
        return cls(
            bins=tuple(bins[at] for at in range(BINS)),
            total=sum(found),
            least=min(found, default=None),
            most=max(found, default=None),
            errors=kinds_of(errors),
        )


def kinds_of(errors: list[str | None]) -> dict[str, int]:
    """The number of rows with an error of each kind."""
    kinds: Counter[str] = Counter()
    # Count first: thousands of rows may have the same error.
    for error, rows in Counter(error for error in errors if error is not None).items():
        kinds[kind_of(error)] += rows
    return dict(kinds)


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
