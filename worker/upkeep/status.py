"""How a worker is: for its heartbeat, for its `/metrics`, and for `scorelane top` and `doctor`."""

import platform
import socket
import time
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version

from prometheus_client.core import Metric

from shared.fleet import Worker
from shared.redis.fleet import RedisFleet
from shared.redis.link import RedisLink
from shared.telemetry.prometheus import MODEL, counted, gauge, labels_of
from worker.memory import resident_bytes
from worker.telemetry.measures import MEASURES, ROWS, counters

#: What scores depend on.
_LIBRARIES = ("numpy", "pandas", "scikit-learn", "onnxruntime", "tensorflow-cpu", "tensorflow")


class WorkerStatus:
    """Of one worker, seen from its main process."""

    def __init__(
        self,
        node: str,
        pid: int,
        full_names: list[str],
        *,
        fleet: RedisFleet,
        link: RedisLink,
        blobs: str,
    ) -> None:
        """Take the worker's name, its main process, its models, and the folder of its blobs."""
        self._fleet = fleet
        self._link = link
        self._pid = pid
        self._about = {
            "name": node,
            "host": socket.gethostname(),
            "release": _version("scorelane-server") or "0",
            "libraries": {"python": platform.python_version()}
            | {name: found for name in _LIBRARIES if (found := _version(name))},
            "models": full_names,
            "blobs": blobs,
        }
        self._started_at: float | None = None

    def describe(self) -> None:
        """Have the fleet know it."""
        now = self._link.now()
        self._started_at = self._started_at or now
        processes = [resident_bytes(pid) for pid in self._fleet.announced()]
        self._fleet.describe(
            Worker.model_validate(
                {
                    **self._about,
                    "processes": processes,
                    "memory": sum(processes) + resident_bytes(self._pid),
                    "started_at": self._started_at,
                    "clock_ahead": round(time.time() - now, 3),
                    "rows": round(sum(numbers[0] for numbers in counters.totals(ROWS).values())),
                }
            )
        )

    def numbers(self) -> Iterator[Metric]:
        """What this worker says at a scrape; it asks Redis nothing."""
        yield from counted(counters, MEASURES)
        announced = self._fleet.announced()
        rates = {labels_of(one.card.full_name): one.rate for of in announced.values() for one in of}
        loaded = [labels_of(one.card.full_name) for of in announced.values() for one in of]
        yield gauge(
            "scorelane_worker_processes",
            "Scoring processes that are ready. Of this worker.",
            (),
            {(): float(len(announced))},
        )
        yield gauge(
            "scorelane_worker_model_processes",
            "Scoring processes that have loaded a version of a model. Of this worker.",
            MODEL,
            {model: float(loaded.count(model)) for model in loaded},
        )
        yield gauge(
            "scorelane_worker_model_rows_per_second",
            "What a process scores in a second, as measured when it loaded the model.",
            MODEL,
            rates,
        )
        memory = {("main",): float(resident_bytes(self._pid))}
        memory["scoring",] = float(sum(map(resident_bytes, announced)))
        yield gauge(
            "scorelane_worker_resident_memory_bytes",
            "Memory of the main process, and of the scoring processes together. Of this worker.",
            ("process",),
            memory,
        )


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
