"""A sample of the service: what a worker notes of the whole fleet every ten seconds.

Everything that grows (rows, errors) is a counter since Redis last lost its data, so any worker can
take the next sample, and a reader makes rates of two neighbouring ones.
"""

import json
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from shared.fleet import Worker
from shared.monitoring.disk import DiskSpace
from shared.monitoring.overview import Totals, Workload

#: The seconds from one sample to the next, and for how long samples are kept.
SAMPLE_SECONDS, HISTORY_SECONDS = 10, 900

#: The most samples that are kept: one more than the time needs, for the rate of the first.
MOST_SAMPLES = HISTORY_SECONDS // SAMPLE_SECONDS + 2

#: The most models whose rows are counted one by one, so that a sample has at most 1 KB.
MOST_MODELS = 10


@dataclass(frozen=True)
class Sample:
    """The state of the service at one time. Sizes are in bytes."""

    at: float  #: Seconds since the epoch, by Redis's clock.
    rows: int  #: Rows of jobs and questions that are done, in all.
    waiting_rows: int  #: Rows of bulk jobs that are neither done nor being scored.
    waiting_jobs: int  #: Bulk jobs, small jobs and questions that no worker has started.
    worker_memory: int  #: Of the processes of all workers.
    errors: int  #: That the programs have logged, without warnings.
    redis_memory: int | None  #: None: Redis does not let its user ask for it.
    disk_free: int | None  #: Of the blob store's disk; None: it could not be read.
    #: Rows that are done by full name, of the served models that have done most, at most
    #: `MOST_MODELS`.
    by_model: dict[str, int]

    @classmethod
    def of(
        cls,
        at: float,
        *,
        totals: Totals,
        workloads: Collection[Workload],
        workers: Collection[Worker],
        serving: Collection[str],
        redis_memory: int | None,
        disk: DiskSpace | None,
    ) -> "Sample":
        """A sample of what the overview and the fleet say at the time `at`.

        Args:
            at: seconds since the epoch, by Redis's clock.
            totals: what the service has done.
            workloads: what waits, for each model.
            workers: the live workers.
            serving: the full names of the models that live processes serve.
            redis_memory: the memory that Redis uses, in bytes.
            disk: the space on the disk of the blob store.
        """
        rows = totals.rows()
        served = Counter({name: rows[name] for name in serving})
        return cls(
            at=round(at, 3),
            rows=rows.total(),
            waiting_rows=sum(one.waiting_rows for one in workloads),
            waiting_jobs=sum(one.queued_jobs + one.waiting_small for one in workloads),
            worker_memory=sum(one.memory for one in workers),
            errors=totals.errors(),
            redis_memory=redis_memory,
            disk_free=disk.free if disk else None,
            by_model=dict(served.most_common(MOST_MODELS)),
        )

    def text(self) -> str:
        """The sample as it is stored: a JSON array of the fields in their order."""
        return json.dumps(list(self.__dict__.values()), separators=(",", ":"))


def sample_of(text: str) -> Sample | None:
    """The sample in a stored text; None if the text is damaged or of another release."""
    try:
        found: Any = json.loads(text)
        at, rows, waiting_rows, waiting_jobs, worker_memory, errors, *rest = found
        redis_memory, disk_free, by_model = rest
        return Sample(
            at=float(at),
            rows=int(rows),
            waiting_rows=int(waiting_rows),
            waiting_jobs=int(waiting_jobs),
            worker_memory=int(worker_memory),
            errors=int(errors),
            redis_memory=None if redis_memory is None else int(redis_memory),
            disk_free=None if disk_free is None else int(disk_free),
            by_model={str(name): int(done) for name, done in by_model.items()},
        )
    except (ValueError, TypeError, AttributeError):
        return None
