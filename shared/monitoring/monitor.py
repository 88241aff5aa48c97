"""The contract of the monitor: what the service remembers of itself for its operators."""

from typing import NamedTuple, Protocol

from shared.monitoring.sample import Sample


class RedisMemory(NamedTuple):
    """The memory of Redis, in bytes."""

    used: int
    most: int  #: Its `maxmemory`; 0: it has none.


class Monitor(Protocol):
    """What the service remembers of itself for its operators."""

    def now(self) -> float:
        """Seconds since the epoch, by the clock of the samples."""

    def record(self, sample: Sample) -> None:
        """Add a sample to the history; the oldest one goes if there are `MOST_SAMPLES`."""

    def samples(self) -> list[Sample]:
        """The samples of the history in the order of their times."""

    def memory(self) -> RedisMemory:
        """The memory of Redis."""
