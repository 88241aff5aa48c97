"""The contract of the overview: what waits and runs in the whole service, and what it has done."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True)
class Workload:
    """What waits and what runs for one model version."""

    queued_jobs: int = 0  #: Bulk jobs that no worker has begun.
    running_jobs: int = 0  #: Bulk jobs that a worker has begun.
    waiting_rows: int = 0  #: Rows of bulk jobs that are neither done nor in work.
    running_rows: int = 0  #: Rows of bulk jobs in parts that a process has begun.
    waiting_small: int = 0  #: Small jobs and questions that no worker has taken.
    running_small: int = 0  #: Small jobs that a worker has taken.
    waiting_parts: int = 0  #: Messages in the queue of parts and splits.
    oldest_part_seconds: float = 0.0  #: How long the oldest of these has waited.
    oldest_small_seconds: float = 0.0  #: How long the oldest small job or question has waited.


@dataclass(frozen=True)
class Totals:
    """What the service has done since Redis last lost its data; each row counts once."""

    completed: dict[str, int] = field(default_factory=dict)  #: Rows with a score, by full name.
    failed: dict[str, int] = field(default_factory=dict)  #: Rows with an error, by full name.
    parts: dict[str, int] = field(default_factory=dict)  #: Completed parts, by full name.
    ended: dict[str, int] = field(default_factory=dict)  #: Jobs, by the state in which they ended.
    #: Rows of questions that were answered, by full name. A repeated question counts again.
    answered: dict[str, int] = field(default_factory=dict)
    #: Records of the level WARNING or above that the programs have logged, by level.
    logged: dict[str, int] = field(default_factory=dict)

    def errors(self) -> int:
        """How many errors the programs have logged, without warnings."""
        return self.logged.get("error", 0) + self.logged.get("critical", 0)

    def rows(self) -> Counter[str]:
        """All rows of jobs and questions that are done, by full name."""
        return Counter(self.completed) + Counter(self.failed) + Counter(self.answered)


class Overview(Protocol):
    """What waits and runs in the whole service, and what it has done."""

    def workloads(self, full_names: Collection[str]) -> dict[str, Workload]:
        """The workload of these models, and of all others for which there is work, by full name."""

    def totals(self) -> Totals:
        """What the service has done so far."""

    def used(self) -> dict[str, float]:
        """When each version of a model has last scored rows, by full name.

        Seconds since the epoch, by Redis's clock.
        """
