"""What waits and runs in the whole service, and what it has done, from Redis."""

import json
from collections.abc import Collection
from contextlib import suppress

from typing_extensions import override

from shared.dispatch import bulk_queue
from shared.monitoring.overview import Overview, Totals, Workload
from shared.redis.link import RedisLink


class RedisOverview(Overview):
    """`Overview` on Redis: from the job records, the queues, and the totals that scripts count."""

    def __init__(self, link: RedisLink) -> None:
        self._link = link

    @override
    def workloads(self, full_names: Collection[str]) -> dict[str, Workload]:
        found = json.loads(
            self._link.run("workloads", self._link.prefix + bulk_queue(""), *full_names)
        )
        return {name: Workload(**fields) for name, fields in found.items()}

    @override
    def totals(self) -> Totals:
        totals = Totals()
        for name, value in self._link.client.hgetall(self._link.key("totals")).items():
            what, _, label = name.partition(":")
            # Neither a damaged field nor one of another release may hide the others.
            with suppress(AttributeError, ValueError):
                getattr(totals, what)[label] = int(value)
        return totals

    @override
    def used(self) -> dict[str, float]:
        found = {}
        for name, value in self._link.client.hgetall(self._link.key("used")).items():
            with suppress(ValueError):
                found[name] = float(value)
        return found
