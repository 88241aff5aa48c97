"""The status of a worker: for its `/metrics`, and by Redis for `scorelane top` and `doctor`."""

import socket
import time
from collections.abc import Iterator

from prometheus_client.core import Metric

from shared.fleet import Worker
from shared.library_fit import Rule
from shared.machine_memory import memory_bytes, resident_bytes
from shared.redis.fleet import RedisFleet
from shared.redis.link import RedisLink
from shared.telemetry.prometheus import MODEL, counted, gauge, labels_of
from worker.library_versions import SERVICES, library_versions, version_of
from worker.models.served_models import ServedModels
from worker.telemetry.measures import MEASURES, ROWS, counters


class WorkerStatus:
    """The status of one worker, as its main process knows it."""

    def __init__(
        self,
        node: str,
        pid: int,
        models: ServedModels,
        *,
        fleet: RedisFleet,
        link: RedisLink,
        blobs: str,
        accepts: Rule = "proven",
    ) -> None:
        """Take what describes the worker.

        Args:
            node: the name of the worker.
            pid: its main process.
            models: the models that it serves.
            fleet: knows its scoring processes, and gets its description.
            link: Redis, for its clock.
            blobs: the identity of the blob store that it sees.
            accepts: which versions of libraries it accepts; see `shared.library_fit`.
        """
        self._fleet = fleet
        self._link = link
        self._pid = pid
        self._about = {
            "name": node,
            "host": socket.gethostname(),
            "release": version_of(SERVICES) or "0",
            "libraries": library_versions(),
            "blobs": blobs,
            "accepts": accepts,
        }
        self._models = models
        self._started_at: float | None = None

    def keep_references(self) -> None:
        """Store the references of the models again that Redis has lost."""
        self._fleet.keep_references(one.card for one in self._models.versions.values())

    def describe(self) -> None:
        """Publish the description of the worker."""
        now = self._link.now()
        self._started_at = self._started_at or now
        processes = [resident_bytes(pid) for pid in self._fleet.announced()]
        self._fleet.describe(
            Worker.model_validate(
                {
                    **self._about,
                    "models": self._models.consumed(),
                    "failed": self._models.failed(),
                    "declined": self._models.declined(),
                    "processes": processes,
                    "memory": sum(processes) + resident_bytes(self._pid),
                    "memory_limit": memory_bytes(),
                    "started_at": self._started_at,
                    "clock_ahead": round(time.time() - now, 3),
                    "rows": round(sum(numbers[0] for numbers in counters.totals(ROWS).values())),
                }
            )
        )

    def metrics(self) -> Iterator[Metric]:
        """Yield the metrics of this worker; without a call to Redis."""
        yield from counted(counters, MEASURES)
        announced = self._fleet.announced()
        served = [one for models in announced.values() for one in models]
        rates = {labels_of(one.card.full_name): one.rate for one in served}
        loaded = [labels_of(one.card.full_name) for one in served]
        yield gauge(
            "scorelane_worker_processes",
            "Scoring processes of this worker that are ready.",
            (),
            {(): float(len(announced))},
        )
        yield gauge(
            "scorelane_worker_model_processes",
            "Scoring processes of this worker that have loaded a version of a model.",
            MODEL,
            {model: float(loaded.count(model)) for model in loaded},
        )
        yield gauge(
            "scorelane_worker_model_rows_per_second",
            "Rows per second of one process, as measured when it loaded the model.",
            MODEL,
            rates,
        )
        memory = {("main",): float(resident_bytes(self._pid))}
        memory["scoring",] = float(sum(map(resident_bytes, announced)))
        yield gauge(
            "scorelane_worker_resident_memory_bytes",
            "Memory of the main process of this worker, and of its scoring processes together.",
            ("process",),
            memory,
        )
