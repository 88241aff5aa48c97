import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.networks.keras_network import Network


class Sums(Network):
    """A network that scores a row by the sum of its numbers, and records its inputs."""

    def __init__(self, *, skips_zeros, max_length=5, **options):
        super().__init__(None, 100, {"max_length": max_length, **options})
        self.skips_zeros = skips_zeros
        self.inputs = []

    def outputs(self, rows):
        self.inputs.append(rows)
        return (rows.sum(axis=1, keepdims=True) / 1000).astype(np.float32)


ROWS = st.lists(st.lists(st.integers(0, 99), max_size=5), max_size=40)


@pytest.mark.parametrize("skips_zeros", [True, False])
@given(ids=ROWS)
def test_each_row_gets_its_own_score(skips_zeros, ids):
    """Sorting, batching and skipping zeros and repetitions change no score."""
    scores = Sums(skips_zeros=skips_zeros).scores(ids)
    np.testing.assert_allclose(scores, [sum(row) / 1000 for row in ids], atol=1e-7)


def test_equal_rows_are_scored_once():
    """Rows that are equal, or equal without zeros, are scored once."""
    network = Sums(skips_zeros=True)
    network.scores([[1, 2], [3], [1, 2], [0, 1, 0, 2], [3]])
    assert [rows.tolist() for rows in network.inputs] == [[[3, 0], [1, 2]]]


def test_rows_have_their_full_length_where_zeros_count():
    """Without skipping, zeros inside a row stay, and padding is on the configured side."""
    network = Sums(skips_zeros=False, padding="pre")
    network.scores([[1, 0, 2], [3]])
    assert network.inputs[0].tolist() == [[0, 0, 0, 0, 3], [0, 0, 1, 0, 2]]


def test_long_rows_come_in_small_batches():
    """The number of words of a batch is bounded, so that models for long texts save memory."""
    network = Sums(skips_zeros=False, max_length=4000)
    network.scores([[n] * 4000 for n in range(1, 11)])
    assert [len(rows) for rows in network.inputs] == [4, 4, 2]
