import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from scoring.networks.sequences import length_batches, padded


@given(st.lists(st.integers(0, 60), max_size=200), st.integers(1, 50), st.integers(1, 999))
def test_every_row_is_in_one_batch_that_it_fits(lengths, batch_rows, batch_words):
    """Each row is in one batch; batches keep to their limits and fit their longest row."""
    seen = []
    for rows, width in length_batches(lengths, batch_rows, batch_words):
        assert 1 <= len(rows) <= batch_rows
        assert len(rows) == 1 or len(rows) * width <= max(batch_words, len(rows))
        assert width == max(1, *(lengths[row] for row in rows))
        seen += rows.tolist()
    assert sorted(seen) == list(range(len(lengths)))


def test_rows_are_filled_up_after_or_before_their_numbers():
    """Rows are padded with zeros after or before their numbers."""
    rows = [[1, 2], [], [3, 4, 5]]
    np.testing.assert_array_equal(padded(rows, 3), [[1, 2, 0], [0, 0, 0], [3, 4, 5]])
    np.testing.assert_array_equal(padded(rows, 3, "pre"), [[0, 1, 2], [0, 0, 0], [3, 4, 5]])


@given(st.lists(st.lists(st.integers(1, 99), max_size=7), max_size=20), st.integers(7, 9))
def test_rows_keep_their_numbers(rows, width):
    """Each row is unchanged except for the zeros."""
    assert padded(rows, width).tolist() == [row + [0] * (width - len(row)) for row in rows]
    assert padded(rows, width, "pre").tolist() == [[0] * (width - len(row)) + row for row in rows]
