import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.networks.keras_network import Network


class Sums(Network):
    """Scores a row by the sum of its numbers, and keeps what it was given."""

    def __init__(self, *, skips_zeros, max_length=5, **options):
        super().__init__(None, 100, {"max_length": max_length, **options})
        self.skips_zeros = skips_zeros
        self.given = []

    def outputs(self, rows):
        self.given.append(rows)
        return (rows.sum(axis=1, keepdims=True) / 1000).astype(np.float32)


ROWS = st.lists(st.lists(st.integers(0, 99), max_size=5), max_size=40)


@pytest.mark.parametrize("skips_zeros", [True, False])
@given(ids=ROWS)
def test_each_row_gets_its_own_score(skips_zeros, ids):
    """Sorting, batching and leaving out zeros and repetitions change no row's score."""
    scores = Sums(skips_zeros=skips_zeros).scores(ids)
    np.testing.assert_allclose(scores, [sum(row) / 1000 for row in ids], atol=1e-7)


def test_equal_rows_are_scored_once():
    """A text that comes again, or differs by words that count for nothing, is no work."""
    network = Sums(skips_zeros=True)
    network.scores([[1, 2], [3], [1, 2], [0, 1, 0, 2], [3]])
    assert [rows.tolist() for rows in network.given] == [[[3, 0], [1, 2]]]


def test_rows_have_their_full_length_where_zeros_count():
    """Zeros inside a row stay, and the padding is on the side that the model was trained with."""
    network = Sums(skips_zeros=False, padding="pre")
    network.scores([[1, 0, 2], [3]])
    assert network.given[0].tolist() == [[0, 0, 0, 0, 3], [0, 0, 1, 0, 2]]


def test_long_rows_come_in_small_batches():
    """The words of a batch are bounded, so a model for long texts does not take all memory."""
    network = Sums(skips_zeros=False, max_length=4000)
    network.scores([[n] * 4000 for n in range(1, 11)])
    assert [len(rows) for rows in network.given] == [4, 4, 2]
