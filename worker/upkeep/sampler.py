"""Records the history of the service: one sample every ten seconds for the whole fleet."""

from collections.abc import Callable

from shared.fleet import Fleet
from shared.jobs.job_store import JobStore
from shared.monitoring.disk import DiskSpace
from shared.monitoring.monitor import Monitor
from shared.monitoring.overview import Overview
from shared.monitoring.sample import SAMPLE_SECONDS, Sample


class Sampler:
    """Takes the sample of each slot of `SAMPLE_SECONDS`, unless another worker has taken it.

    Slots are cut by Redis's clock. A worker asks Redis once in a slot whether the sample is due, so
    a sample costs the whole fleet one command for each worker and eight for the one that takes it.
    """

    def __init__(
        self,
        *,
        store: JobStore,
        overview: Overview,
        fleet: Fleet,
        monitor: Monitor,
        disk: Callable[[], DiskSpace | None],
    ) -> None:
        """Take what knows the state of the service; `disk` looks at the disk of the blob store."""
        self._store = store
        self._overview = overview
        self._fleet = fleet
        self._monitor = monitor
        self._disk = disk
        self._slot = 0

    def run(self) -> None:
        """Record a sample if this slot has none.

        Raises:
            redis.RedisError: Redis does not answer; the slot stays without a sample.
        """
        slot = int(self._monitor.now() // SAMPLE_SECONDS)
        if slot == self._slot:
            return
        self._slot = slot
        if not self._store.due(f"sample-{slot}", 3 * SAMPLE_SECONDS):
            return
        serving = self._fleet.serving()
        memory = self._monitor.memory()
        sample = Sample.of(
            self._monitor.now(),
            totals=self._overview.totals(),
            workloads=self._overview.workloads(serving).values(),
            workers=self._fleet.workers(),
            serving=serving,
            redis_memory=memory.used if memory else None,
            disk=self._disk(),
        )
        self._monitor.record(sample)
