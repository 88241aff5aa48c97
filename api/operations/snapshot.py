"""What `GET /service` reads once, for all its sections."""

from dataclasses import dataclass
from typing import Self

from api.services import Services
from shared.fleet import Worker
from shared.monitoring.monitor import ServerState
from shared.monitoring.sample import Sample

#: The number of calls whose median time is the latency of Redis.
CALLS = 3


@dataclass(frozen=True)
class Snapshot:
    """The state of the service at one time."""

    at: float  #: Seconds since the epoch, by Redis's clock.
    samples: list[Sample]  #: The history, in the order of its times.
    server: ServerState
    workers: list[Worker]
    serving: dict[str, int]  #: The number of live processes by the full name of a model.

    @classmethod
    def take(cls, services: Services) -> Self:
        """Read everything.

        Raises:
            redis.RedisError: Redis does not answer.
        """
        fleet, monitor = services.fleet, services.monitor
        server = monitor.server(CALLS)
        return cls(monitor.now(), monitor.samples(), server, fleet.workers(), fleet.serving())
