"""The canary outside of a request."""

import pytest

from api.canary import Canary
from shared.no_waiting import WouldWait, no_waiting


def test_the_event_loop_draws_no_request() -> None:
    """A request that the event loop repeats by its head has no key: the app must draw it."""
    canary = Canary(lambda: "alice")
    with no_waiting(), pytest.raises(WouldWait):
        canary._key(())
    assert canary._key(("traffic:mine",)) == "mine"
