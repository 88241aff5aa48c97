"""Looks at a running service, for who operates it: one at a time, and what has changed since."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from prometheus_client.parser import text_string_to_metric_families

from scorelane.client.client import Client
from scorelane.client.retries import Retries

#: Jobs that are shown.
MOST_JOBS = 10

#: At most so long a worker that scores is silent, in seconds.
_HEARTBEAT = 3.0

Labels = tuple[str, ...]


@dataclass(frozen=True)
class ServiceSnapshot:
    """A service as it was at one moment.

    Attributes:
        at: seconds, by a clock that only goes forward.
        numbers: of `/metrics`, by name and by the values of the labels.
        workers: of `/workers`.
        jobs: of `/jobs`: those that run or wait, the newest first.
        rates: rows a second of each worker since the last look at which it had changed.
        rows_per_second: of the service since the last look.
        requests_per_second: of the replica that was asked, since the last look.
    """

    at: float
    numbers: Mapping[str, Mapping[Labels, float]]
    workers: list[dict[str, Any]]
    jobs: list[dict[str, Any]]
    rows_per_second: float | None = None
    requests_per_second: float | None = None
    rates: Mapping[str, float] = field(default_factory=dict)

    def of(self, name: str, *labels: str) -> float:
        """The sum of the numbers of a name that have these labels."""
        values = self.numbers.get(name, {})
        return sum(value for have, value in values.items() if set(labels) <= set(have))

    @property
    def models(self) -> list[Labels]:
        """Name and version of every model that is served, or waited for."""
        found = {have[:2] for have in self.numbers.get("scorelane_waiting_rows", {})}
        return sorted(found)

    def as_json(self) -> dict[str, Any]:
        """All of it, for programs."""
        return {
            "rows_per_second": self.rows_per_second,
            "requests_per_second": self.requests_per_second,
            "workers": [
                one | {"rows_per_second": self.rates.get(one["name"])} for one in self.workers
            ],
            "models": [
                {
                    "model": "@".join(model),
                    "processes": int(self.of("scorelane_model_processes", *model)),
                    "process_rows_per_second": self.of("scorelane_model_rows_per_second", *model),
                    "waiting_rows": int(self.of("scorelane_waiting_rows", *model)),
                    "running_rows": int(self.of("scorelane_running_rows", *model)),
                    "waiting_parts": int(self.of("scorelane_waiting_parts", *model)),
                    "waiting_small": int(self.of("scorelane_waiting_jobs", *model, "small")),
                    "queue_age_seconds": self.queue_age(*model),
                }
                for model in self.models
            ],
            "jobs": self.jobs,
        }

    def queue_age(self, *labels: str) -> float:
        """How long the first that waits has waited, in seconds."""
        values = self.numbers.get("scorelane_queue_age_seconds", {})
        return max((age for have, age in values.items() if set(labels) <= set(have)), default=0.0)


class SnapshotReader:
    """A service by its address, looked at again and again."""

    def __init__(self, url: str, *, transport: Any = None) -> None:
        """Name the service; the key is that of SCORELANE_API_KEY, of the scope `admin`."""
        # Not again: who watches wants to see that it is away.
        self._client = Client(url, timeout=10.0, retries=Retries(seconds=0), transport=transport)
        self.url = self._client.url
        self._last: ServiceSnapshot | None = None
        #: Of each worker: how many rows it had, and since when, at the last look that saw a change.
        self._seen: dict[str, tuple[int, float]] = {}
        self._rates: dict[str, float] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def look(self) -> ServiceSnapshot:
        """The service now.

        Raises:
            scorelane.client.errors.Unreachable: nothing answers.
            scorelane.client.errors.ApiError: the key may not look, or the service lost its Redis.
        """
        page, workers = self._client.metrics(), self._client.workers()
        jobs = [dict(job.representation) for job in self._client.at_work(MOST_JOBS)]
        now = time.monotonic()
        numbers: dict[str, dict[Labels, float]] = {}
        for family in text_string_to_metric_families(page):
            for sample in family.samples:
                numbers.setdefault(sample.name, {})[tuple(sample.labels.values())] = sample.value
        found = ServiceSnapshot(now, numbers, workers, jobs, rates=self._note(workers, now))
        if self._last:
            found = ServiceSnapshot(
                now,
                numbers,
                workers,
                jobs,
                rows_per_second=self._rate(found, "scorelane_rows_total"),
                requests_per_second=self._rate(found, "scorelane_http_requests_total"),
                rates=found.rates,
            )
        self._last = found
        return found

    def _rate(self, found: ServiceSnapshot, name: str) -> float:
        last = self._last or found
        # A total begins anew when its program does.
        return max(found.of(name) - last.of(name), 0.0) / max(found.at - last.at, 1e-3)

    def _note(self, workers: list[dict[str, Any]], now: float) -> dict[str, float]:
        """The rates of workers; they say their rows at each heartbeat, and not between."""
        for one in workers:
            name, rows = one["name"], one["rows"]
            before, since = self._seen.get(name, (rows, now))
            if name not in self._seen or rows != before:
                if rows > before:
                    self._rates[name] = (rows - before) / max(now - since, 1e-3)
                self._seen[name] = rows, now
            elif now - since > 2 * _HEARTBEAT:
                self._rates[name] = 0.0
        return {
            one["name"]: self._rates[one["name"]] for one in workers if one["name"] in self._rates
        }
