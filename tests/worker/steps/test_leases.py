"""The lease of what is under way is kept."""

from itertools import count
from threading import Event

from redis.exceptions import ConnectionError as RedisAway

from worker.steps.leases import LeaseRenewer


def test_a_lease_is_renewed_as_long_as_the_work_goes_on() -> None:
    """Time and again, also when a renewal failed; and not any more when the work is done."""
    lease_renewer, renewed, times = LeaseRenewer(0.001), [Event(), Event(), Event()], count()

    def renew() -> None:
        # It may be called more often, before the keeper hears that it is to stop.
        time = next(times)
        if time < len(renewed):
            renewed[time].set()
        if time == 0:
            raise RedisAway
        if time == 1:
            raise ValueError("as nobody foresaw")

    lease_renewer.start()
    with lease_renewer.renewing(renew):
        assert all(event.wait(10) for event in renewed)
        lease_renewer.stop()
        lease_renewer.join()
    assert lease_renewer._renewals == []
