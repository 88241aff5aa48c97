"""The contract of the monitor: what the service remembers of itself for its operators."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, Self

from shared.monitoring.logged import LoggedError
from shared.monitoring.sample import Sample


class RedisMemory(NamedTuple):
    """The memory of Redis, in bytes."""

    used: int
    most: int  #: Its `maxmemory`; 0: it has none.

    @classmethod
    def of(cls, info: Mapping[str, Any]) -> Self:
        """The memory in a reply to INFO."""
        return cls(int(info.get("used_memory", 0)), int(info.get("maxmemory", 0)))


@dataclass(frozen=True)
class ServerState:
    """What Redis says of itself, and how it answers."""

    info: dict[str, Any] | None  #: The reply to INFO; None: its user may not call that.
    call_seconds: float  #: The median time of a call.
    clock_ahead: float  #: The clock of the caller minus that of Redis, in seconds.
    #: Why Redis refuses to rewrite its append-only file, as a worker was told; None: it does not.
    rewrite_refusal: str | None

    @property
    def memory(self) -> RedisMemory | None:
        """The memory of Redis; None: its user may not ask for that."""
        return None if self.info is None else RedisMemory.of(self.info)


class Monitor(Protocol):
    """What the service remembers of itself for its operators."""

    def now(self) -> float:
        """Seconds since the epoch, by the clock of the samples."""

    def record(self, sample: Sample) -> None:
        """Add a sample to the history; the oldest one goes if there are `MOST_SAMPLES`."""

    def samples(self) -> list[Sample]:
        """The samples of the history in the order of their times."""

    def note(self, errors: list[LoggedError]) -> None:
        """Add to the errors that were logged; equal ones become one, with the sum of the counts.

        Their times are those of the caller's clock.
        """

    def errors(self) -> list[LoggedError]:
        """The errors of the last `ERROR_SECONDS`, at most `MOST_ERRORS`, the last one first."""

    def memory(self) -> RedisMemory | None:
        """The memory of Redis; None: its user may not ask for that."""

    def server(self, calls: int) -> ServerState:
        """What Redis says of itself, and how long `calls` calls take."""
