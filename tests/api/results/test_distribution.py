"""Quantiles and histograms from counts, against those of numpy from the values themselves."""

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.results.distribution import MOST_BINS, Distribution
from api.results.output_summary import QUANTILES
from shared.jobs.sketch import Numbers
from shared.jobs.summary import Summary
from shared.signature import Output
from worker.steps.score_summary import summary_of

ROWS = 50_000

Values = npt.NDArray[np.float64]

DISTRIBUTIONS: dict[str, Callable[[np.random.Generator], Values]] = {
    "normal": lambda random: random.normal(0, 1, ROWS),
    "prices": lambda random: random.lognormal(12, 0.6, ROWS),
    "heavy tails": lambda random: random.standard_cauchy(ROWS) * 1e6,
    "pareto": lambda random: random.pareto(0.3, ROWS),
    "negative": lambda random: -random.exponential(3, ROWS),
    "zeros": lambda random: np.where(random.random(ROWS) < 0.6, 0, random.normal(0, 1, ROWS)),
    "far from zero": lambda random: random.uniform(1e6, 1e6 + 10, ROWS),
    "years": lambda random: random.integers(1950, 2030, ROWS).astype(float),
    "two heaps": lambda random: np.where(
        random.random(ROWS) < 0.3, random.normal(-1e-9, 1e-10, ROWS), random.normal(1e9, 1e8, ROWS)
    ),
    "uniform": lambda random: random.uniform(-5, 5, ROWS),
    "two values": lambda random: random.choice([-1.5, 2.5], ROWS),
}


def numbers_of(output: Output, values: Values) -> Numbers:
    (found,) = summary_of((output,), [values], [None] * len(values), 0).outputs  # type: ignore[arg-type,list-item]
    assert isinstance(found, Numbers)
    return found


@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_quantiles_of_a_sketch(name: str) -> None:
    """Each is within the stated bound, which is below 1 %, of the exact one; extremes are exact."""
    values = DISTRIBUTIONS[name](np.random.default_rng(3))
    output = Output(name="prediction")
    found = Distribution(output, numbers_of(output, values))
    assert found.relative_error is not None
    assert found.relative_error < 0.01
    for share in (0, *QUANTILES, 0.999, 1):
        exact = np.quantile(values, share, method="lower")
        bound = found.relative_error * abs(exact)
        assert abs(found.quantile(share) - exact) <= bound * (1 + 1e-12)
    assert abs(found.quantile(0) - values.min()) <= found.relative_error * abs(values.min())


def test_quantiles_of_all_magnitudes() -> None:
    """From 1e-300 to 1e300 on both sides the bound grows, and still holds."""
    random = np.random.default_rng(5)
    values = 10 ** random.uniform(-300, 300, ROWS) * random.choice([-1, 1], ROWS)
    output = Output(name="prediction")
    found = Distribution(output, numbers_of(output, values))
    assert found.relative_error is not None
    assert found.relative_error <= 1 / 3
    for share in QUANTILES:
        exact = np.quantile(values, share, method="lower")
        assert found.quantile(share) == pytest.approx(exact, rel=found.relative_error)


@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_the_histogram_of_an_unknown_range(name: str) -> None:
    """At most 20 bins from least to most, of equal width, each within the bound of the exact."""
    values = DISTRIBUTIONS[name](np.random.default_rng(4))
    output = Output(name="prediction")
    found = Distribution(output, numbers_of(output, values))
    bins = found.histogram()
    assert 1 <= len(bins) <= MOST_BINS
    assert sum(one.rows for one in bins) == len(values)
    assert bins[0].begin <= values.min()
    assert bins[-1].end >= values.max()
    widths = [one.end - one.begin for one in bins]
    assert widths == pytest.approx([widths[0]] * len(bins))
    assert [one.end for one in bins[:-1]] == [one.begin for one in bins[1:]]
    assert found.relative_error is not None
    slack = 1 + 2 * found.relative_error
    for one in bins:
        below, above = sorted((one.begin / slack, one.begin * slack))
        narrow_from = above
        wide_from = below
        below, above = sorted((one.end / slack, one.end * slack))
        least = np.count_nonzero((values > narrow_from) & (values < below))
        most = np.count_nonzero((values >= wide_from) & (values <= above))
        assert least <= one.rows <= most


def test_whole_numbers() -> None:
    """Few whole numbers have bins of whole width, and exact quantiles."""
    output = Output(name="stars", type="long")
    values = [1, 2, 2, 3, 3, 3, 5, 9]
    found = Distribution(output, _summed_up(output, values))
    assert [found.quantile(share) for share in (0, 0.25, 0.5, 1)] == [1, 2, 3, 9]
    bins = {one.begin: one.rows for one in found.histogram()}
    assert bins == {1: 1, 2: 2, 3: 3, 4: 0, 5: 1, 6: 0, 7: 0, 8: 0, 9: 1}


@pytest.mark.parametrize(("lowest", "highest"), [(1, 5), (0, 7), (-3, 60)])
def test_whole_numbers_of_a_known_range(lowest: int, highest: int) -> None:
    """Bins narrower than one have at most one whole number, which is the quantile."""
    output = Output(name="stars", type="long", minimum=lowest, maximum=highest)
    values = [*range(lowest, highest + 1)] * 7
    found = Distribution(output, _summed_up(output, values))
    for share in (0, *QUANTILES, 1):
        assert found.quantile(share) == np.quantile(values, share, method="lower")


def test_years_are_exact() -> None:
    """The buckets of some decades are narrower than a year."""
    output = Output(name="year", type="long")
    years = [*range(1950, 2030)] * 3
    found = Distribution(output, _summed_up(output, years))
    for share in QUANTILES:
        assert found.quantile(share) == np.quantile(years, share, method="lower")


@pytest.mark.parametrize("value", [0.0, -0.0, 5e-324, -3.7, 1e300, -1.7976931348623157e308])
def test_a_constant(value: float) -> None:
    """All quantiles are the value itself, and the histogram has one bin."""
    output = Output(name="prediction")
    found = Distribution(output, _summed_up(output, [value] * 7))
    assert {found.quantile(share) for share in QUANTILES} == {value}
    assert found.histogram() == [(value, value, 7)]


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1))
def test_any_values_have_a_histogram(values: list[float]) -> None:
    """Whatever the values: bins hold all rows, and quantiles are between least and most."""
    output = Output(name="prediction")
    found = Distribution(output, _summed_up(output, values))
    bins = found.histogram()
    assert 1 <= len(bins) <= MOST_BINS
    assert sum(one.rows for one in bins) == len(values)
    assert all(math.isfinite(one.begin) and math.isfinite(one.end) for one in bins)
    assert all(min(values) <= found.quantile(share) <= max(values) for share in (0, *QUANTILES, 1))


@pytest.mark.parametrize(("lowest", "highest"), [(0, 1), (-1, 1), (1, 5), (0.0, 1e300)])
def test_a_known_range(lowest: float, highest: float) -> None:
    """Quantiles are within half a percent of the range; the ten bins are exact."""
    random = np.random.default_rng(6)
    values = lowest + random.beta(0.5, 2, ROWS) * (highest - lowest)
    output = Output(name="probability", minimum=lowest, maximum=highest)
    found = Distribution(output, numbers_of(output, values))
    error = found.absolute_error
    assert error == pytest.approx((highest - lowest) / 200)
    assert error is not None
    for share in QUANTILES:
        exact = np.quantile(values, share, method="lower")
        assert abs(found.quantile(share) - exact) <= error * (1 + 1e-9)
    bins = found.histogram()
    edges = [one.begin for one in bins] + [bins[-1].end]
    assert edges[0] == lowest
    assert edges[-1] == highest
    expected = np.clip((values - lowest) / (highest - lowest) * 10, 0, 9).astype(int)
    assert [one.rows for one in bins] == np.bincount(expected, minlength=10).tolist()


def _summed_up(output: Output, values: list[float] | list[int]) -> Numbers:
    (found,) = Summary.of((output,), [values], [None] * len(values)).outputs
    assert isinstance(found, Numbers)
    return found
