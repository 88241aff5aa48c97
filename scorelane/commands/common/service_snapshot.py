"""Snapshots of a running service for `scorelane top`, and the rates between two of them."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

from scorelane.client.client import Client
from scorelane.client.retries import Retries
from scorelane.commands.common.exposition import Labels, samples_of

#: The largest number of jobs that are shown.
MOST_JOBS = 10

#: A worker that scores reports its rows at least this often, in seconds.
_HEARTBEAT = 3.0


@dataclass(frozen=True)
class ServiceSnapshot:
    """A service as it was at one moment.

    Attributes:
        at: when, in seconds of a monotonic clock.
        samples: of `/metrics`: metric name -> values of the labels -> value.
        workers: of `/workers`.
        jobs: of `/jobs`: those that run or wait, the newest first.
        rates: worker's name -> rows per second, at the last snapshot that saw its rows change.
        rows_per_second: of the service since the previous snapshot; None: there was none.
        requests_per_second: of the API replica that answered, since the previous snapshot.
    """

    at: float
    samples: Mapping[str, Mapping[Labels, float]]
    workers: list[dict[str, Any]]
    jobs: list[dict[str, Any]]
    rows_per_second: float | None = None
    requests_per_second: float | None = None
    rates: Mapping[str, float] = field(default_factory=dict)

    def total(self, metric: str, *labels: str) -> float:
        """The sum of a metric's samples that have all of these label values."""
        samples = self.samples.get(metric, {})
        return sum(value for values, value in samples.items() if set(labels) <= set(values))

    @property
    def models(self) -> list[Labels]:
        """Name and version of every model that is served, or that jobs wait for."""
        found = {values[:2] for values in self.samples.get("scorelane_waiting_rows", {})}
        return sorted(found)

    def as_json(self) -> dict[str, Any]:
        """The snapshot for `scorelane top --json`."""
        return {
            "rows_per_second": self.rows_per_second,
            "requests_per_second": self.requests_per_second,
            "workers": [
                worker | {"rows_per_second": self.rates.get(worker["name"])}
                for worker in self.workers
            ],
            "models": [
                {
                    "model": "@".join(model),
                    "processes": int(self.total("scorelane_model_processes", *model)),
                    "process_rows_per_second": self.total(
                        "scorelane_model_rows_per_second", *model
                    ),
                    "waiting_rows": int(self.total("scorelane_waiting_rows", *model)),
                    "running_rows": int(self.total("scorelane_running_rows", *model)),
                    "waiting_parts": int(self.total("scorelane_waiting_parts", *model)),
                    "waiting_small": int(self.total("scorelane_waiting_jobs", *model, "small")),
                    "queue_age_seconds": self.queue_age(*model),
                }
                for model in self.models
            ],
            "jobs": self.jobs,
        }

    def queue_age(self, *labels: str) -> float:
        """How long the oldest waiting entry of a queue has waited, in seconds."""
        samples = self.samples.get("scorelane_queue_age_seconds", {})
        return max(
            (age for values, age in samples.items() if set(labels) <= set(values)), default=0.0
        )


class SnapshotReader:
    """Reads snapshots of a service, and computes the rates between them."""

    def __init__(self, url: str, *, transport: Any = None) -> None:
        """Choose the service.

        Args:
            url: the address of the service. Its API key, if it needs one, is SCORELANE_API_KEY,
                which must have the scope `admin`.
            transport: one of httpx's; None: the network.
        """
        # No retries: a user who watches a service wants to see that it does not answer.
        self._client = Client(url, timeout=10.0, retries=Retries(seconds=0), transport=transport)
        self.url = self._client.url
        self._last: ServiceSnapshot | None = None
        #: Worker's name -> its rows, and the time of the snapshot that first saw this number.
        self._seen: dict[str, tuple[int, float]] = {}
        self._rates: dict[str, float] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def read(self) -> ServiceSnapshot:
        """Read a snapshot.

        Raises:
            scorelane.client.errors.Unreachable: nothing answers.
            scorelane.client.errors.ApiError: the key lacks the scope, or the service has no Redis.
        """
        page, workers = self._client.metrics(), self._client.workers()
        jobs = [dict(job.representation) for job in self._client.at_work(MOST_JOBS)]
        now = time.monotonic()
        snapshot = ServiceSnapshot(
            now, samples_of(page), workers, jobs, rates=self._worker_rates(workers, now)
        )
        if self._last:
            snapshot = replace(
                snapshot,
                rows_per_second=_rate(self._last, snapshot, "scorelane_rows_total"),
                requests_per_second=_rate(self._last, snapshot, "scorelane_http_requests_total"),
            )
        self._last = snapshot
        return snapshot

    def _worker_rates(self, workers: list[dict[str, Any]], now: float) -> dict[str, float]:
        """The rows per second of the workers that have scored since the first snapshot.

        A worker reports its rows with its heartbeats, so between two of them they do not change.
        """
        for worker in workers:
            name, rows = worker["name"], worker["rows"]
            rows_before, since = self._seen.get(name, (rows, now))
            if name not in self._seen or rows != rows_before:
                if rows > rows_before:
                    self._rates[name] = (rows - rows_before) / max(now - since, 1e-3)
                self._seen[name] = rows, now
            elif now - since > 2 * _HEARTBEAT:
                self._rates[name] = 0.0
        names = [worker["name"] for worker in workers]
        return {name: self._rates[name] for name in names if name in self._rates}


def _rate(before: ServiceSnapshot, after: ServiceSnapshot, counter: str) -> float:
    """The increase of a counter per second."""
    # A counter restarts at 0 with its program; a negative rate would be shown then.
    increase = max(after.total(counter) - before.total(counter), 0.0)
    return increase / max(after.at - before.at, 1e-3)
