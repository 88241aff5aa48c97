"""The quantiles and the histogram of an output, from its counts; see `shared.jobs.sketch`."""

import math
import sys
from collections.abc import Iterator
from fractions import Fraction
from itertools import accumulate, count
from typing import NamedTuple

from shared.jobs.sketch import BLOCK, SHOWN_BINS, Numbers, bounds_of, relative_error
from shared.signature import Output

#: The most bins of a histogram whose range was not known.
MOST_BINS = 20

#: The largest double, at which the last bin of a histogram ends.
_LARGEST = Fraction(sys.float_info.max)


class Bucket(NamedTuple):
    """A bucket that has rows: its bounds, the value that stands for all of its values, its rows."""

    below: float
    above: float
    value: float
    rows: int


class HistogramBin(NamedTuple):
    """A bin of a histogram: from `begin` to below `end`; the last may include its end."""

    begin: float
    end: float
    rows: int


class Distribution:
    """The distribution of a numeric output that has at least one value.

    Attributes:
        relative_error: the bound on the relative error of a quantile; None: `absolute_error` is.
        absolute_error: the bound on the absolute error of a quantile; None: `relative_error` is.
    """

    def __init__(self, output: Output, numbers: Numbers) -> None:
        """Take the output, and the counts of its values."""
        self._whole = output.type == "long"
        self._least, self._most = numbers.least or 0, numbers.most or 0
        self.relative_error = relative_error(numbers.shift) if numbers.shift else None
        self.absolute_error: float | None = None
        self._range: tuple[float, float] | None = None
        self._bins: tuple[int, ...] = ()
        if not numbers.shift:
            lowest, highest = float(output.minimum or 0), float(output.maximum or 0)
            self._range, self._bins = (lowest, highest), numbers.blocks[0]
            self.absolute_error = (highest - lowest) / (2 * len(self._bins))
        self._buckets = list(self._found(numbers))
        self._until = list(accumulate(bucket.rows for bucket in self._buckets))

    def quantile(self, share: float) -> float:
        """The value at the rank `share * (rows - 1)`, rounded down, of the values in order."""
        rank = math.floor(share * (self._until[-1] - 1))
        at = next(at for at, until in enumerate(self._until) if until > rank)
        return self._buckets[at].value

    def histogram(self) -> list[HistogramBin]:
        """Bins of equal width.

        Those of a known range are ten, and exact. Others are at most `MOST_BINS`, and begin and end
        at round numbers. Their rows are exact up to the bound on the relative error: a value that
        is so near to the end of a bin may be counted in the next one.
        """
        if self._range:
            (lowest, highest), wide = self._range, len(self._bins) // SHOWN_BINS
            edges = [lowest + (highest - lowest) * at / SHOWN_BINS for at in range(SHOWN_BINS + 1)]
            rows = [sum(self._bins[at * wide : (at + 1) * wide]) for at in range(SHOWN_BINS)]
            return list(map(HistogramBin, edges, edges[1:], rows))
        if self._least == self._most:
            return [HistogramBin(self._least, self._most, self._until[-1])]
        return self._round_bins()

    def _round_bins(self) -> list[HistogramBin]:
        # No finer than the buckets: bins of less than a bucket would show gaps that are not there.
        widest = max(
            Fraction(min(one.above, self._most)) - Fraction(max(one.below, self._least))
            for one in self._buckets
        )
        for step in _round_steps(Fraction(self._most) - Fraction(self._least)):
            if step < widest or (self._whole and step.denominator != 1):
                continue
            first, last = Fraction(self._least) // step, Fraction(self._most) // step
            if last > first and not self._whole and last * step == Fraction(self._most):
                # The last bin includes its end.
                last -= 1
            if last - first < MOST_BINS:
                break
        rows = [0] * (last - first + 1)
        for bucket in self._buckets:
            rows[min(Fraction(bucket.value) // step, last) - first] += bucket.rows
        edges = [_float(step * at) for at in range(first, last + 2)]
        return list(map(HistogramBin, edges, edges[1:], rows))

    def _found(self, numbers: Numbers) -> Iterator[Bucket]:
        for block, counts in sorted(numbers.blocks.items()):
            for at, rows in enumerate(counts):
                if not rows:
                    continue
                if self._range:
                    yield self._bin(at, len(counts), rows)
                else:
                    below, above = bounds_of(block * BLOCK + at, numbers.shift)
                    value = self._clip(_middle(below, above, self._whole))
                    yield Bucket(below, above, value, rows)

    def _bin(self, at: int, bins: int, rows: int) -> Bucket:
        lowest, highest = self._range or (0.0, 0.0)
        width = (highest - lowest) / bins
        value = lowest + width * (at + 0.5)
        # A whole number in the bin, or at its end: a little more, because of rounding.
        if self._whole and width < 1 and abs(round(value) - value) <= width * 0.500_001:
            value = round(value)
        value = self._clip(value)
        return Bucket(lowest + width * at, lowest + width * (at + 1), value, rows)

    def _clip(self, value: float) -> float:
        return min(max(value, self._least), self._most)


def _middle(below: float, above: float, whole: bool) -> float:
    """The value with the least relative error to all between two: their harmonic mean."""
    if below < 0:
        return -_middle(-above, -below, whole)
    if whole and math.isfinite(above) and math.ceil(below) == math.ceil(above) - 1:
        # The bucket has a single whole number.
        return math.ceil(below)
    return 2 * below / (1 + below / above)


def _round_steps(span: Fraction) -> Iterator[Fraction]:
    """Steps of 1, 2 and 5 times the powers of ten, ascending, from about a hundredth of a span."""
    # The number of digits is the logarithm to the base ten, rounded up: of any fraction.
    begin = len(str(span.numerator)) - len(str(span.denominator)) - 3
    for power in count(begin):
        for times in (1, 2, 5):
            yield times * Fraction(10) ** power


def _float(value: Fraction) -> float:
    return float(min(max(value, -_LARGEST), _LARGEST))
