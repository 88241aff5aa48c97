"""The history of the service in a real Redis."""

import uuid

from support.doctor import of

from shared.config.settings import Settings
from shared.monitoring.findings import Severity
from shared.monitoring.redis_findings import redis_findings
from shared.monitoring.sample import MOST_SAMPLES, Sample
from shared.redis.link import RedisLink
from shared.redis.monitor import RedisMonitor


def a_sample(at: float) -> Sample:
    return Sample(at, 1, 2, 3, 4, 5, None, {"fast@1": 1})


def test_the_history_is_bounded_and_in_order(link: RedisLink) -> None:
    """The latest samples are kept, in the order of their times; what cannot be read is left out."""
    monitor = RedisMonitor(link)
    assert monitor.samples() == []
    for at in range(MOST_SAMPLES + 5):
        monitor.record(a_sample(float(at)))
    monitor.record(a_sample(20.5))
    link.client.rpush(link.key("history"), "no sample")
    times = [sample.at for sample in monitor.samples()]
    assert link.client.llen(link.key("history")) == MOST_SAMPLES + 1
    assert times == sorted(times)
    assert 20.5 in times
    assert times[-1] == MOST_SAMPLES + 4


def test_a_full_redis_keeps_its_history(link: RedisLink) -> None:
    """Samples are recorded while Redis refuses what is new: an operator wants to see that time."""
    monitor = RedisMonitor(link)
    link.client.config_set("maxmemory", 1)
    try:
        monitor.record(a_sample(1.0))
        memory = monitor.memory()
    finally:
        link.client.config_set("maxmemory", 0)
    assert [sample.at for sample in monitor.samples()] == [1.0]
    assert memory is not None
    assert memory.used > memory.most == 1


def test_a_user_who_may_not_call_info(link: RedisLink, redis_settings: Settings) -> None:
    """Where INFO is forbidden the service runs on, and a finding says what nobody can see."""
    user, password = uuid.uuid4().hex, "hidden"
    link.client.acl_setuser(
        user,
        enabled=True,
        keys="*",
        passwords=[f"+{password}"],
        categories=["+@all", "-@dangerous"],
    )
    address = redis_settings.redis_url.replace("unix://", f"unix://{user}:{password}@")
    settings = redis_settings.model_copy(update={"redis_url": address})
    other = RedisLink(settings)
    try:
        monitor = RedisMonitor(other)
        state = monitor.server(3)
        assert (monitor.memory(), state.memory, state.info) == (None, None, None)
        found = list(redis_findings(settings, state))
        assert of(found, "redis", "does not let its user call INFO").severity is Severity.WARNING
        monitor.record(Sample(1.0, 0, 0, 0, 0, None, None, {}))
        assert [sample.redis_memory for sample in monitor.samples()] == [None]
    finally:
        other.close()
        link.client.acl_deluser(user)
