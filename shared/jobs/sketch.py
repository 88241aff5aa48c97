"""How the numbers of an output are counted, so that the counts of parts can be added in any order.

An output whose least and largest possible values are known, such as a probability, is counted in
100 bins of equal width: a value taken from its bin is off by at most 0.5 % of the range.

Every other output is counted in a sketch: buckets whose width is proportional to their distance
from zero. With m buckets for each power of two, a value taken from its bucket has a relative error
of at most 1 / (2 m + 1); 64 make 0.78 %. This is DDSketch (Masson, Rim, Lee: DDSketch: A Fast and
Fully-Mergeable Quantile Sketch with Relative-Error Guarantees, VLDB 2019, arXiv:1908.10693) with
logarithms that are interpolated linearly between powers of two: the number of a bucket is the
leading bits of the double. The bits are the same for every program and library, where logarithms
may differ in the last digit. Values nearer to zero than 2.2e-308 count as zero.

Values of few magnitudes get narrow buckets: at first 4096 for each power of two. If too many are
in use, each two neighbours become one, in all of the sketch, until it is small enough. This is the
uniform collapse of UDDSketch (Epicoco, Melle, Cafaro, Pulimeno, Morleo: UDDSketch: Accurate
Tracking of Quantiles in Data Streams, IEEE Access 2020, arXiv:2004.08604). Whether the buckets of a
width suffice depends only on which values there are. So the counts depend neither on how the rows
are cut into parts nor on the order of the parts. `relative_error` is the bound that holds then.
"""

import math
import struct
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict

from shared.signature import Output

#: The bins of an output whose range is known, and those of the histogram that is shown of it.
BINS, SHOWN_BINS = 100, 10

#: Neighbouring buckets are stored together, as a block of this many counts.
BLOCK = 64

#: At first the number of a bucket is a double without its last 40 bits: 12 bits of the fraction
#: remain, so a power of two has 4096 buckets.
FINEST = 40

#: The bits of the fraction of a double.
_FRACTION = 52

#: The blocks of one sketch, and those of all sketches of a job together: merging a block takes
#: Redis some 10 microseconds. 64 blocks are 64 buckets for each of 64 powers of two.
_BLOCKS, _BLOCKS_OF_JOB, _LEAST_BLOCKS = 64, 512, 16


def finite(number: float | None) -> float | None:
    """The number; None in place of infinity and NaN, which JSON does not have."""
    return None if number is None or not math.isfinite(number) else number


class Numbers(BaseModel):
    """The values of a numeric output in some rows, as counts that can be added up.

    Attributes:
        shift: how many bits of a double the number of a bucket lacks; 0: bins of a known range.
        total: the sum of the values; None if it is beyond the range of a double.
        least: the least value, exact; None: there is no value.
        most: the largest value.
        blocks: the counts of neighbouring buckets, by the number of the block. Block `b` of a
            sketch has the buckets from `BLOCK * b`; bins of a known range are all in block 0.
    """

    model_config = ConfigDict(frozen=True)

    kind: Literal["numbers"] = "numbers"
    shift: int = 0
    total: Annotated[float | None, BeforeValidator(finite)] = 0.0
    least: int | float | None = None
    most: int | float | None = None
    blocks: dict[int, tuple[int, ...]] = {}

    @property
    def count(self) -> int:
        """The number of values."""
        return sum(map(sum, self.blocks.values()))


def has_range(output: Output) -> bool:
    """Whether bins of equal width from the output's least to its largest value can be made."""
    if output.minimum is None or output.maximum is None:
        return False
    return 0 < output.maximum - output.minimum < math.inf


def most_blocks(sketches: int) -> int:
    """The most blocks of one sketch in a job that has so many of them."""
    return max(_LEAST_BLOCKS, min(_BLOCKS, _BLOCKS_OF_JOB // max(sketches, 1)))


def bin_of(value: float, minimum: float, maximum: float) -> int:
    """The bin of a value in a known range; the first and last have what is outside of it.

    Ten bins in a row are exactly one of the ten bins that are shown.
    """
    tenths = min(max((value - minimum) / (maximum - minimum), 0), 1) * SHOWN_BINS
    shown = min(int(tenths), SHOWN_BINS - 1)
    wide = BINS // SHOWN_BINS
    return shown * wide + min(int((tenths - shown) * wide), wide - 1)


def bucket_of(value: float) -> int:
    """The bucket of a finite value, of those of the finest width.

    Buckets of negative values have negative numbers, `-1 - n` for the bucket `n` of the opposite:
    then halving, rounded down, joins the same neighbours on both sides. Bucket 0 has zero and the
    values nearer to it than the smallest normal double, 2.2e-308.
    """
    number: int = struct.unpack("<q", struct.pack("<d", abs(value)))[0] >> FINEST
    if number < 1 << (_FRACTION - FINEST):
        return 0
    return number if value > 0 else ~number


def bounds_of(bucket: int, shift: int) -> tuple[float, float]:
    """The values between which a bucket of a sketch lies, in ascending order."""
    if bucket < 0:
        below, above = bounds_of(~bucket, shift)
        return -above, -below
    below, above = _from_bits(bucket << shift), _from_bits((bucket + 1) << shift)
    return (below if bucket else 0.0), above


def relative_error(shift: int) -> float:
    """The bound on the relative error of a value that is taken from a bucket of a sketch."""
    if shift <= _FRACTION:
        return 1 / (2 * (1 << (_FRACTION - shift)) + 1)
    ratio = math.ldexp(1, 1 << (shift - _FRACTION))
    return (ratio - 1) / (ratio + 1)


def shift_for(buckets: Iterable[int], most: int) -> int:
    """The least shift at which the buckets, of the finest width, are in at most `most` blocks."""
    blocks, shift = {bucket // BLOCK for bucket in buckets}, FINEST
    while len(blocks) > most:
        blocks, shift = {block // 2 for block in blocks}, shift + 1
    return shift


def blocks_of(counts: Mapping[int, int], size: int = BLOCK) -> dict[int, tuple[int, ...]]:
    """The blocks that hold these counts, by the number of the bucket or bin."""
    blocks: dict[int, list[int]] = {}
    for bucket, count in counts.items():
        block, at = divmod(bucket, size)
        blocks.setdefault(block, [0] * size)[at] += count
    return {block: tuple(blocks[block]) for block in sorted(blocks)}


def empty_numbers(output: Output) -> Numbers:
    """The summary of no values of a numeric output."""
    return Numbers(shift=0 if has_range(output) else FINEST)


def numbers_of(output: Output, values: Sequence[int | float], most: int) -> Numbers:
    """Count the values of a numeric output.

    Args:
        output: the output.
        values: its finite values, in any order.
        most: the most blocks of a sketch.
    """
    if not values:
        return empty_numbers(output)
    floats = [float(value) for value in values]
    shift = 0
    if has_range(output):
        lowest, highest = float(output.minimum or 0), float(output.maximum or 0)
        counts = Counter(bin_of(value, lowest, highest) for value in floats)
        blocks = blocks_of(counts, BINS)
    else:
        counts = Counter(map(bucket_of, floats))
        shift = shift_for(counts, most)
        coarse: Counter[int] = Counter()
        for bucket, count in counts.items():
            coarse[bucket >> (shift - FINEST)] += count
        blocks = blocks_of(coarse)
    exact = int if output.type == "long" else float
    return Numbers(
        shift=shift,
        total=sum(floats),
        least=exact(min(values)),
        most=exact(max(values)),
        blocks=blocks,
    )


def _from_bits(bits: int) -> float:
    # The last bucket ends at infinity; its bits and those after them are no finite double.
    found: float = struct.unpack("<d", struct.pack("<q", min(bits, 0x7FF << _FRACTION)))[0]
    return found
