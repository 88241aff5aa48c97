"""The tolerance of a comparison follows from the digits of the file."""

import numpy as np
import pytest

from training.proof.digits import allowed_differences


@pytest.mark.parametrize(
    "write",
    [
        lambda value: f"{value:.3f}",
        lambda value: str(round(value, 2)),
        lambda value: f"{value:.6g}",
        lambda value: f"{value:.3e}",
        repr,
        lambda value: str(np.float32(value)),
    ],
    ids=["3 decimals", "2 decimals, zeros cut", "6 digits", "exponents", "repr", "float32"],
)
@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e6])
def test_a_rounded_number_is_within_its_tolerance(write, scale):
    """However a column was printed, the exact numbers are never farther than is allowed."""
    exact = np.random.default_rng(1).normal(size=500) * scale
    cells = [write(float(value)) for value in exact]
    numbers = np.array([float(cell) for cell in cells])
    assert (np.abs(exact - numbers) <= allowed_differences(cells, numbers)).all()


def test_all_digits_allow_a_millionth():
    """A column with all digits hides nothing larger; large numbers may be off in proportion."""
    cells = ["0.1234567890123", "1234567.890123456"]
    numbers = np.array([float(cell) for cell in cells])
    assert allowed_differences(cells, numbers) == pytest.approx([1e-6, 1.23456789])


def test_decimal_commas_are_digits():
    """`0,25` has two decimals, as `0.25` has."""
    found = allowed_differences(["0,25", "0,5"], np.array([0.25, 0.5]), decimal=",")
    assert found == pytest.approx([0.005, 0.005])
