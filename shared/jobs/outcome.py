"""What became of the rows of a job so far: which parts are done, and what their scores come to."""

from collections import Counter
from collections.abc import Iterator
from typing import Self

from pydantic import BaseModel, ConfigDict, Field

from shared.jobs.row_error_kinds import kind_of

#: Scores are counted in so many bins of one width, from 0 to 1; 1 itself is in the last.
BINS = 10

_NONE = (0,) * BINS


class Summary(BaseModel):
    """What the scores of some rows come to, and what is wrong with the others."""

    model_config = ConfigDict(frozen=True)

    bins: tuple[int, ...] = Field(_NONE, description="Rows with a score in each bin.")
    total: float = Field(0.0, description="The sum of the scores.")
    least: float | None = Field(None, description="The least score; None where there is none.")
    most: float | None = None
    errors: dict[str, int] = Field({}, description="Rows with an error, by its kind.")

    @property
    def scored(self) -> int:
        """Rows with a score."""
        return sum(self.bins)

    @property
    def rows(self) -> int:
        """All rows that were counted."""
        return self.scored + sum(self.errors.values())

    @classmethod
    def of(cls, scores: list[float | None], errors: list[str | None]) -> Self:
        """The summary of a few rows, each of which has a score or an error."""
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
    """How many rows have an error of each kind."""
    kinds: Counter[str] = Counter()
    # Thousands of rows may have the same one.
    for error, rows in Counter(error for error in errors if error is not None).items():
        kinds[kind_of(error)] += rows
    return dict(kinds)


class Outcome(BaseModel):
    """The parts of a bulk job that are done, those in which a row has an error, and a summary.

    Attributes:
        done: a bit for each part, the first one the highest of the first byte; in hex.
        bad: the same for the parts with an error.
        summary: of the rows of the parts that are done.
    """

    model_config = ConfigDict(frozen=True)

    done: str = ""
    bad: str = ""
    summary: Summary = Summary()

    @property
    def parts_done(self) -> int:
        """How many parts are done."""
        return int(self.done or "0", 16).bit_count()

    def first_undone(self) -> int:
        """How many parts are done from the first one on, without a gap."""
        bits = bytes.fromhex(self.done)
        whole = len(bits) - len(bits.lstrip(b"\xff"))
        left = bits[whole : whole + 1]
        return 8 * whole + (8 - (left[0] ^ 0xFF).bit_length() if left else 0)

    def done_parts(self) -> list[int]:
        """The numbers of the parts that are done."""
        return list(_numbers(self.done))

    def bad_parts(self) -> list[int]:
        """The numbers of the parts that are done and in which a row has an error."""
        return list(_numbers(self.bad))


def bits_of(numbers: set[int]) -> str:
    """These numbers as bits, as `Outcome` has them."""
    bits = bytearray(max(numbers, default=-1) // 8 + 1)
    for number in numbers:
        bits[number // 8] |= 0x80 >> number % 8
    return bits.hex()


def _numbers(bits: str) -> Iterator[int]:
    for at, byte in enumerate(bytes.fromhex(bits)):
        if byte:
            yield from (8 * at + bit for bit in range(8) if byte & 0x80 >> bit)
