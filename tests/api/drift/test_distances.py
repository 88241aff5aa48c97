"""The distances of two distributions are those of SciPy."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from scipy.spatial.distance import cityblock

from api.drift.distances import (
    HALF_A_ROW,
    joined,
    kolmogorov_smirnov,
    psi,
    psi_by_chance,
    total_variation,
)

COUNTS = st.integers(2, 12).flatmap(
    lambda size: st.tuples(
        *(st.lists(st.integers(0, 500), min_size=size, max_size=size) for _ in range(2))
    )
)


def values_of(counts: list[int]) -> np.ndarray:
    """A sample with these counts of the values 0, 1 and so on."""
    return np.repeat(np.arange(len(counts)), counts)


@given(COUNTS)
def test_psi_is_the_symmetric_divergence(pair: tuple[list[int], list[int]]) -> None:
    """It is the sum of both Kullback-Leibler divergences; each bin has half a row more."""
    p, q = (np.array(counts) + HALF_A_ROW for counts in pair)
    expected = stats.entropy(p, q) + stats.entropy(q, p)
    assert math.isclose(psi(*pair), expected, rel_tol=1e-9, abs_tol=1e-12)


@given(COUNTS)
def test_the_distance_of_kolmogorov_and_smirnov(pair: tuple[list[int], list[int]]) -> None:
    """Of values in bins it is that of SciPy for samples with one value in each bin."""
    if not (sum(pair[0]) and sum(pair[1])):
        return
    expected = stats.ks_2samp(*map(values_of, pair), method="asymp").statistic
    assert math.isclose(kolmogorov_smirnov(*pair), expected, abs_tol=1e-9)


@given(COUNTS)
def test_the_total_variation_distance(pair: tuple[list[int], list[int]]) -> None:
    """It is half the city-block distance of the shares."""
    if not (sum(pair[0]) and sum(pair[1])):
        return
    p, q = (np.array(counts) / sum(counts) for counts in pair)
    assert math.isclose(total_variation(*pair), cityblock(p, q) / 2, abs_tol=1e-9)


@pytest.mark.parametrize("bins", [2, 3, 5, 10, 12])
@pytest.mark.parametrize("columns", [1, 3, 100])
def test_the_psi_that_chance_alone_gives(bins: int, columns: int) -> None:
    """It is the quantile of the chi-squared distribution, within 5 %."""
    expected = stats.chi2.ppf(1 - 0.05 / columns, bins - 1) * (1 / 300 + 1 / 2000)
    assert math.isclose(psi_by_chance(bins, 300, 2000, columns), expected, rel_tol=0.05)


def test_samples_of_one_distribution_rarely_exceed_it() -> None:
    """Of 2,000 pairs of samples of one distribution about 5 % do."""
    random = np.random.default_rng(0)
    shares = random.dirichlet(np.full(10, 5.0))
    exceed = 0
    for _ in range(2000):
        ours, theirs = random.multinomial(500, shares), random.multinomial(2000, shares)
        exceed += psi(ours.tolist(), theirs.tolist()) > psi_by_chance(10, 500, 2000)
    assert 0.03 < exceed / 2000 < 0.07


@given(COUNTS, st.integers(1, 10))
def test_joined_bins_have_all_rows(pair: tuple[list[int], list[int]], most: int) -> None:
    """Neighbouring bins are joined to at most about as many as asked for; no row is lost."""
    ours, theirs = joined(*pair, most)
    assert (sum(ours), sum(theirs)) == (sum(pair[0]), sum(pair[1]))
    assert len(ours) == len(theirs) <= 2 * most
