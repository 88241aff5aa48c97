"""What operators see of the service, on Redis: the history, and the memory of Redis."""

from typing_extensions import override

from shared.monitoring.monitor import Monitor, RedisMemory
from shared.monitoring.sample import MOST_SAMPLES, Sample, sample_of
from shared.redis.link import RedisLink


class RedisMonitor(Monitor):
    """`Monitor` on Redis."""

    def __init__(self, link: RedisLink) -> None:
        self._link = link
        self._history = link.key("history")

    @override
    def now(self) -> float:
        return self._link.now()

    @override
    def record(self, sample: Sample) -> None:
        # Also while the memory of Redis is full: an operator wants to see that time most.
        self._link.at_once(
            ("RPUSH", self._history, sample.text()), ("LTRIM", self._history, -MOST_SAMPLES, -1)
        )

    @override
    def samples(self) -> list[Sample]:
        texts = self._link.client.lrange(self._history, 0, -1)
        found = [sample for text in texts if (sample := sample_of(text))]
        # A worker may have been held up between the reading and the writing of its sample.
        return sorted(found, key=lambda sample: sample.at)

    @override
    def memory(self) -> RedisMemory:
        info = self._link.client.info("memory")
        return RedisMemory(int(info.get("used_memory", 0)), int(info.get("maxmemory", 0)))
