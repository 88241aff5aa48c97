"""The lease of what is under way is kept."""

from threading import Event

from redis.exceptions import ConnectionError as RedisAway

from worker.lease import Keeper


def test_a_lease_is_renewed_as_long_as_the_work_goes_on() -> None:
    """Time and again, also when Redis was away once; and not any more when the work is done."""
    keeper, renewed = Keeper(0.001), [Event() for _ in range(3)]
    waiting = iter(renewed)

    def renew() -> None:
        event = next(waiting)
        event.set()
        if event is renewed[0]:
            raise RedisAway

    keeper.start()
    with keeper.keeping(renew):
        assert all(event.wait(10) for event in renewed[:2])
        keeper.stop()
        keeper.join()
    assert keeper._renewals == []
