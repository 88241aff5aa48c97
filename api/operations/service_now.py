"""The present state of the service: what works, what waits, and how much room is left."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from api.operations.service_history import rows_per_second
from api.operations.snapshot import Snapshot
from api.process.measures import BODY_MEMORY, counters
from api.process.memory import replica_bytes
from api.release import release
from api.services import Services
from shared.fleet import Worker
from shared.machine_memory import memory_bytes
from shared.monitoring.disk import disk_space
from shared.monitoring.monitor import RedisMemory
from shared.monitoring.overview import Workload
from shared.monitoring.sample import Sample

#: The share of a limit from which on it is near.
NEAR = 0.8

#: A rate is made over at least this time, in seconds.
LEAST_SECONDS = 5.0


class JobCountJson(TypedDict):
    """A number of jobs."""

    waiting: Annotated[int, Field(description="No worker has started them.")]
    running: int


class JobsJson(TypedDict):
    """The jobs that have not ended, by their kind."""

    bulk: JobCountJson
    small: Annotated[JobCountJson, Field(description="`waiting` includes questions.")]


class WorkJson(TypedDict):
    """What waits and what runs."""

    waiting_rows: Annotated[
        int, Field(description="Rows of bulk jobs that are neither done nor being scored.")
    ]
    running_rows: Annotated[int, Field(description="Rows of bulk jobs that are being scored.")]
    jobs: JobsJson
    queue_age_seconds: Annotated[
        float, Field(description="How long the first part, small job or question has waited.")
    ]


class ModelWorkJson(WorkJson):
    """What waits and what runs for a version of a model."""

    model: Annotated[str, Field(description="As `name@version`.")]
    processes: Annotated[int, Field(description="The live processes that serve it.")]


class UsedJson(TypedDict):
    """Memory, in bytes."""

    used: int
    most: Annotated[int | None, Field(description="What may be used; null: not known, or no limit")]


class MemoryJson(TypedDict):
    """The memory of the programs."""

    workers: Annotated[
        UsedJson,
        Field(description="All processes of all workers, of the memory of their hosts together."),
    ]
    api: Annotated[
        UsedJson, Field(description="All processes of the replica that answers, of its host's.")
    ]
    redis: Annotated[
        UsedJson | None, Field(description="Null: it does not let its user ask for it.")
    ]


class DiskJson(TypedDict):
    """The disk of the blob store, in bytes."""

    free: int
    total: int


class LimitJson(TypedDict):
    """A limit of the service: how much of it is used."""

    limit: Annotated[str, Field(description="The setting, or `maxmemory` of Redis.")]
    used: int
    most: int
    near: Annotated[bool, Field(description=f"Whether {NEAR:.0%} of it is used.")]


class ReleasesJson(TypedDict):
    """The releases of Scorelane in use."""

    api: Annotated[str, Field(description="Of the replica that answers.")]
    workers: Annotated[dict[str, int], Field(description="The number of workers of each.")]


class NowJson(WorkJson):
    """The present state of the whole service."""

    releases: ReleasesJson
    workers: int
    processes: Annotated[int, Field(description="The processes that score, of all workers.")]
    rows_per_second: Annotated[
        float | None,
        Field(
            description="Rows of jobs and questions that were done in the last 5 to 25 seconds; "
            "null if there is no sample of that time."
        ),
    ]
    models: list[ModelWorkJson]
    memory: MemoryJson
    disk: Annotated[
        DiskJson | None, Field(description="Null: it could not be read, or object storage.")
    ]
    limits: Annotated[list[LimitJson], Field(description="Beyond them new work is refused.")]


def now_json(services: Services, snapshot: Snapshot) -> NowJson:
    """The present state.

    Raises:
        redis.RedisError: Redis does not answer.
    """
    workers, serving, memory = snapshot.workers, snapshot.serving, snapshot.server.memory
    workloads = services.overview.workloads(serving)
    disk = disk_space(services.settings)
    present = Sample.of(
        snapshot.at,
        totals=services.overview.totals(),
        workloads=workloads.values(),
        workers=workers,
        serving=serving,
        redis_memory=memory.used if memory else None,
        disk=disk,
    )
    earlier = [one for one in snapshot.samples if snapshot.at - one.at >= LEAST_SECONDS]
    return {
        "releases": {
            "api": release(),
            "workers": dict(Counter(worker.release for worker in workers)),
        },
        "workers": len(workers),
        "processes": sum(len(worker.processes) for worker in workers),
        "rows_per_second": rows_per_second(earlier[-1] if earlier else None, present),
        **_work_json(workloads.values()),
        "models": [
            {"model": name, "processes": serving.get(name, 0), **_work_json([one])}
            for name, one in sorted(workloads.items())
        ],
        "memory": {
            "workers": {"used": present.worker_memory, "most": _memory_of_hosts(workers)},
            "api": {"used": replica_bytes(), "most": memory_bytes()},
            "redis": {"used": memory.used, "most": memory.most or None} if memory else None,
        },
        "disk": {"free": disk.free, "total": disk.total} if disk else None,
        "limits": list(_limits(services, workloads, memory)),
    }


def _work_json(workloads: Collection[Workload]) -> WorkJson:
    ages = [max(one.oldest_part_seconds, one.oldest_small_seconds) for one in workloads]
    return {
        "waiting_rows": sum(one.waiting_rows for one in workloads),
        "running_rows": sum(one.running_rows for one in workloads),
        "jobs": {
            "bulk": {
                "waiting": sum(one.queued_jobs for one in workloads),
                "running": sum(one.running_jobs for one in workloads),
            },
            "small": {
                "waiting": sum(one.waiting_small for one in workloads),
                "running": sum(one.running_small for one in workloads),
            },
        },
        "queue_age_seconds": round(max(ages, default=0.0), 3),
    }


def _memory_of_hosts(workers: Collection[Worker]) -> int | None:
    """The memory of all hosts of workers together; None if a worker does not say."""
    hosts = {worker.host: worker.memory_limit for worker in workers}
    return sum(hosts.values()) if hosts and all(hosts.values()) else None


def _limits(
    services: Services, workloads: Mapping[str, Workload], memory: RedisMemory | None
) -> Iterator[LimitJson]:
    """How much is used of each limit beyond which the service refuses new work."""
    settings, load = services.settings, services.store.load("")
    longest = max((one.waiting_small for one in workloads.values()), default=0)
    [bodies] = counters.totals(BODY_MEMORY).get((), [0.0])
    uses = {
        "SCORELANE_MAX_WAITING_JOBS": (load.jobs, settings.max_waiting_jobs),
        "SCORELANE_MAX_WAITING_ROWS": (load.rows, settings.max_waiting_rows),
        "SCORELANE_MAX_WAITING_BYTES": (load.held, settings.max_waiting_bytes),
        "SCORELANE_MAX_WAITING_SMALL": (longest, settings.max_waiting_small),
        "SCORELANE_BODY_MEMORY_BYTES": (round(bodies), settings.body_memory_bytes),
        "maxmemory": memory or (0, 0),
    }
    for limit, (used, most) in uses.items():
        if most:
            yield {"limit": limit, "used": used, "most": most, "near": used >= NEAR * most}
