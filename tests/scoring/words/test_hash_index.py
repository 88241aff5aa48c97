import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.words.hash_index import HashIndex

KEYS = st.integers(1, 2**64 - 1)


@given(st.lists(KEYS, unique=True, max_size=300), st.lists(KEYS, max_size=100))
def test_finds_every_key_at_its_position_and_no_other(keys: list[int], others: list[int]) -> None:
    """Each key is found at its position; other keys and 0 are not found."""
    index = HashIndex(np.array(keys, dtype=np.uint64))
    looked_up = [*keys, *others, 0]
    expected = [keys.index(key) if key in keys else -1 for key in looked_up]
    assert index.find(np.array(looked_up, dtype=np.uint64)).tolist() == expected


def test_colliding_keys_are_all_found() -> None:
    """Colliding keys are found in consecutive slots, also across the end of the table."""
    spread_back = pow(0x9E3779B97F4A7C15, -1, 2**64)
    # The high bits choose the slot, so these keys fall into the last slots of a table of any size.
    keys = [(2**64 - 1 - n) * spread_back % 2**64 for n in range(50)]
    index = HashIndex(np.array(keys, dtype=np.uint64))
    assert index.find(np.array(keys, dtype=np.uint64)).tolist() == list(range(50))


@pytest.mark.parametrize("keys", [[1, 0], [7, 8, 7]])
def test_refuses_equal_keys_and_zero(keys: list[int]) -> None:
    """Equal keys, and 0, which marks a free slot, are refused."""
    with pytest.raises(ValueError, match="not distinct"):
        HashIndex(np.array(keys, dtype=np.uint64))
