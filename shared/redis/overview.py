"""How the service stands as a whole, for whoever operates it."""

import json
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Protocol

from typing_extensions import override

from shared.dispatch import bulk_queue
from shared.redis.link import RedisLink


@dataclass(frozen=True)
class Workload:
    """What there is to do for one version of a model, and what is being done."""

    queued_jobs: int = 0  #: Bulk jobs that no worker has taken up.
    running_jobs: int = 0
    waiting_rows: int = 0  #: Of bulk jobs: accepted, not done and not in work.
    running_rows: int = 0  #: Of bulk jobs: in parts that a process has taken up.
    waiting_small: int = 0  #: Small jobs and questions that no worker has taken.
    running_small: int = 0  #: Small jobs that a worker has taken.
    waiting_parts: int = 0  #: Messages in the queue of parts and splits.
    oldest_part_seconds: float = 0.0  #: How long the first of them has waited.
    oldest_small_seconds: float = 0.0


@dataclass(frozen=True)
class Totals:
    """What the service has done since Redis has its data; each row, part and job counted once."""

    completed: dict[str, int] = field(default_factory=dict)  #: Rows with a score, by full name.
    failed: dict[str, int] = field(default_factory=dict)  #: Rows with an error, by full name.
    parts: dict[str, int] = field(default_factory=dict)  #: By full name.
    ended: dict[str, int] = field(default_factory=dict)  #: Jobs, by the state they ended in.


class Overview(Protocol):
    """How the service stands as a whole."""

    def workloads(self, full_names: Collection[str]) -> dict[str, Workload]:
        """By full name: these models, and all others for which there is something to do."""

    def totals(self) -> Totals:
        """What was done so far."""


class RedisOverview(Overview):
    """`Overview` on Redis: the job records, the queues, and `totals`, which scripts add to."""

    def __init__(self, link: RedisLink) -> None:
        self._link = link

    @override
    def workloads(self, full_names: Collection[str]) -> dict[str, Workload]:
        found = json.loads(
            self._link.run("workloads", self._link.prefix + bulk_queue(""), *full_names)
        )
        return {name: Workload(**of) for name, of in found.items()}

    @override
    def totals(self) -> Totals:
        totals = Totals()
        for name, value in self._link.client.hgetall(self._link.key("totals")).items():
            what, _, of = name.partition(":")
            getattr(totals, what)[of] = int(value)
        return totals
