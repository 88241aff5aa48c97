"""The history of the service is recorded once for the whole fleet, in a real Redis."""

import pytest
from support.doctor import a_worker

from shared.config.settings import Settings
from shared.monitoring.disk import DiskSpace
from shared.monitoring.sample import SAMPLE_SECONDS
from shared.redis.fleet import RedisFleet
from shared.redis.job_store import RedisJobStore
from shared.redis.link import RedisLink
from shared.redis.monitor import RedisMonitor
from shared.redis.overview import RedisOverview
from worker.upkeep.sampler import Sampler


@pytest.fixture
def clock(link: RedisLink, monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time by Redis's clock, which a test can move."""
    times = [1_700_000_000.0]
    monkeypatch.setattr(link, "now", lambda: times[0])
    return times


@pytest.fixture
def samplers(link: RedisLink, redis_settings: Settings) -> list[Sampler]:
    """Those of two workers of one service."""
    fleet = RedisFleet(link, redis_settings)
    fleet.describe(a_worker("a", memory=100))
    return [
        Sampler(
            store=RedisJobStore(link, redis_settings),
            overview=RedisOverview(link),
            fleet=fleet,
            monitor=RedisMonitor(link),
            disk=lambda: DiskSpace(1_000, 2_000),
        )
        for _ in range(2)
    ]


def test_one_worker_takes_the_sample_of_a_slot(
    samplers: list[Sampler], clock: list[float], link: RedisLink
) -> None:
    """Two workers with heartbeats at different times record one sample in each slot."""
    for _ in range(40):
        for sampler in samplers:
            sampler.run()
            clock[0] += 0.7
    samples = RedisMonitor(link).samples()
    slots = [int(sample.at // SAMPLE_SECONDS) for sample in samples]
    first = int(1_700_000_000 // SAMPLE_SECONDS)
    assert slots == list(range(first, first + 6))
    assert {sample.worker_memory for sample in samples} == {100}
    assert all(sample.redis_memory and sample.disk_free for sample in samples)


def test_while_no_worker_lives_there_is_a_gap(
    samplers: list[Sampler], clock: list[float], link: RedisLink
) -> None:
    """Nothing is made up for the time in which nobody took samples."""
    samplers[0].run()
    clock[0] += 100
    samplers[1].run()
    first, second = RedisMonitor(link).samples()
    assert second.at - first.at == 100


def test_a_sample_costs_few_commands(
    samplers: list[Sampler], link: RedisLink, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worker that takes the sample sends about ten commands, and none until the next slot."""
    commands: list[str] = []
    send = link.client.execute_command
    monkeypatch.setattr(
        link.client,
        "execute_command",
        lambda *words, **options: [commands.append(words[0]), send(*words, **options)][1],
    )
    samplers[0].run()
    taken = len(commands)
    assert taken <= 12
    samplers[0].run()
    assert len(commands) == taken or len(RedisMonitor(link).samples()) == 2
