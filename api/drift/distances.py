"""How far two distributions are from each other, each as counts in the same bins.

The formulas:

- The population stability index (PSI) of shares p and q: the sum over all bins of
  (p - q) * ln(p / q). It is the symmetric divergence of Jeffreys (1946), used for scorecards since
  Lewis, An Introduction to Credit Scoring (1992). An empty bin would make it infinite, so each bin
  gets half a row more before shares are formed, as Jeffreys' prior does.
- The distance of Kolmogorov and Smirnov: the greatest difference of the two cumulative shares. Of
  bins it is known at their edges alone, so it is a lower bound of that of the values.
- The total variation distance, for bins without an order: half the sum of |p - q|.

If both samples come from one distribution, PSI / (1 / n + 1 / m) has approximately a chi-squared
distribution with bins - 1 degrees of freedom, for n and m rows (Yurdakul, Statistical Properties of
Population Stability Index, Western Michigan University, 2018). `psi_by_chance` is its quantile.
"""

import math
from collections.abc import Sequence
from itertools import accumulate
from statistics import NormalDist

#: What each bin gets before shares are formed for the PSI, in rows.
HALF_A_ROW = 0.5

#: How often chance alone may exceed `psi_by_chance`.
_BY_CHANCE = 0.05


def psi(counts: Sequence[int], others: Sequence[int]) -> float:
    """The population stability index of two lists of counts in the same bins."""
    ours, theirs = _shares(counts, HALF_A_ROW), _shares(others, HALF_A_ROW)
    pairs = zip(ours, theirs, strict=True)
    return math.fsum((p - q) * math.log(p / q) for p, q in pairs)


def psi_by_chance(bins: int, rows: int, others: int, columns: int = 1) -> float:
    """The PSI that two samples of one distribution exceed once in twenty times, in any column.

    The quantile of the chi-squared distribution is that of Wilson and Hilferty (1931), which is off
    by less than 5 %. Of several columns each may
    exceed it by a part of the chance (Bonferroni).

    Args:
        bins: the number of bins.
        rows: the rows of one sample, at least one.
        others: those of the other one.
        columns: how many columns are compared.
    """
    normal = NormalDist().inv_cdf(1 - _BY_CHANCE / columns)
    freedom = max(bins - 1, 1)
    spread = 2 / (9 * freedom)
    quantile = freedom * (1 - spread + normal * math.sqrt(spread)) ** 3
    return quantile * (1 / rows + 1 / others)


def kolmogorov_smirnov(counts: Sequence[int], others: Sequence[int]) -> float:
    """The greatest difference of the cumulative shares; the bins are in order."""
    ours, theirs = accumulate(_shares(counts)), accumulate(_shares(others))
    return max(abs(p - q) for p, q in zip(ours, theirs, strict=True))


def total_variation(counts: Sequence[int], others: Sequence[int]) -> float:
    """Half the sum of the differences of shares: 0 for equal ones, 1 for no bin in common."""
    pairs = zip(_shares(counts), _shares(others), strict=True)
    return math.fsum(abs(p - q) for p, q in pairs) / 2


def joined(reference: Sequence[int], counts: Sequence[int], most: int) -> list[list[int]]:
    """Join neighbouring bins, so that each has about the same share of the reference.

    Args:
        reference: the counts that decide which bins are joined.
        counts: others in the same bins.
        most: the most bins that are left, such as ten.

    Returns:
        The two lists of counts.
    """
    share, found = sum(reference) / most, [[0], [0]]
    for ours, theirs in zip(reference, counts, strict=True):
        if found[0][-1] and found[0][-1] + ours / 2 > share:
            found[0].append(0)
            found[1].append(0)
        found[0][-1] += ours
        found[1][-1] += theirs
    return found


def _shares(counts: Sequence[int], more: float = 0.0) -> list[float]:
    total = sum(counts) + more * len(counts)
    return [(count + more) / total for count in counts]
