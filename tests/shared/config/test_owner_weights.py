"""The setting with the shares of owners."""

import pytest

from shared.config.owner_weights import weights_of


def test_owners_and_weights_are_read() -> None:
    """Each owner has a number above 0; blanks around the items do not matter."""
    assert weights_of("") == {}
    assert weights_of("alice=3, bob=0.5,") == {"alice": 3.0, "bob": 0.5}


@pytest.mark.parametrize("text", ["alice", "alice=0", "a=1,a=2", "alice=-1", "a b=1", "alice=1e9"])
def test_another_text_is_refused(text: str) -> None:
    """A share that cannot be meant is refused, and not taken for 1."""
    with pytest.raises(ValueError, match=r"alice=3,bob=0\.5"):
        weights_of(text)
