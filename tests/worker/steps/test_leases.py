"""The lease of work under way is renewed."""

from itertools import count
from threading import Event

from redis.exceptions import ConnectionError as RedisAway

from worker.steps.leases import LeaseRenewer


def test_a_lease_is_renewed_while_the_work_goes_on() -> None:
    """A failed renewal stops nothing; after the work there are no more renewals."""
    lease_renewer, renewed, times = LeaseRenewer(0.001), [Event(), Event(), Event()], count()

    def renew() -> None:
        # It may be called more often, before the thread notices `stop`.
        time = next(times)
        if time < len(renewed):
            renewed[time].set()
        if time == 0:
            raise RedisAway
        if time == 1:
            raise ValueError("a bug")

    lease_renewer.start()
    with lease_renewer.renewing(renew):
        assert all(event.wait(10) for event in renewed)
        lease_renewer.stop()
        lease_renewer.join()
    assert lease_renewer._renewals == []
