"""The history of the service: rates between samples, and the gaps without any."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from shared.monitoring.sample import HISTORY_SECONDS, SAMPLE_SECONDS, Sample
from shared.telemetry.timestamps import rfc3339

#: Samples that are further apart than this have a gap between them, and no rate, in seconds.
GAP_SECONDS = 2.5 * SAMPLE_SECONDS


class SampleJson(TypedDict):
    """The state of the whole service at one time. Sizes are in bytes."""

    time: str
    rows_per_second: Annotated[
        float | None,
        Field(
            description="Rows of jobs and questions that were done since the sample before; null "
            "after a gap, or if Redis has lost its counters."
        ),
    ]
    models: Annotated[
        dict[str, float],
        Field(
            description="The same by `name@version`, for the ten served models with most rows; a "
            "model that has no such rate is left out."
        ),
    ]
    waiting_rows: Annotated[
        int, Field(description="Rows of bulk jobs that are neither done nor being scored.")
    ]
    waiting_jobs: Annotated[
        int, Field(description="Jobs and questions that no worker has started.")
    ]
    errors: Annotated[
        int | None,
        Field(
            description="Errors that the programs have logged since the sample before; null as for "
            "`rows_per_second`."
        ),
    ]
    worker_memory: Annotated[int, Field(description="Of the processes of all workers.")]
    redis_memory: Annotated[
        int | None, Field(description="Null: Redis does not let its user ask for it.")
    ]
    disk_free: Annotated[int | None, Field(description="Null: the disk could not be read.")]


class GapJson(TypedDict):
    """A time without samples: no worker was alive, or Redis was away."""

    start: str
    end: str


class HistoryJson(TypedDict):
    """The last minutes of the whole service; every replica of the API gives the same."""

    seconds: Annotated[int, Field(description="How far it goes back.")]
    every: Annotated[int, Field(description="The seconds from one sample to the next.")]
    samples: Annotated[list[SampleJson], Field(description="In the order of their times.")]
    gaps: list[GapJson]


def history_json(samples: Sequence[Sample], now: float) -> HistoryJson:
    """The history up to `now`.

    Args:
        samples: in the order of their times; those before the history only give rates.
        now: seconds since the epoch, by the clock of the samples.
    """
    start = now - HISTORY_SECONDS
    before = [None, *samples]
    return {
        "seconds": HISTORY_SECONDS,
        "every": SAMPLE_SECONDS,
        "samples": [
            _sample_json(former, sample)
            for former, sample in zip(before, samples, strict=False)
            if sample.at >= start
        ],
        "gaps": list(_gaps([sample.at for sample in samples if sample.at >= start], start, now)),
    }


def rows_per_second(before: Sample | None, after: Sample) -> float | None:
    """The rate between two samples; None if there is a gap, or a counter began again."""
    if before is None:
        return None
    return _rate(before.rows, after.rows, after.at - before.at)


def _rate(before: int, after: int, seconds: float) -> float | None:
    grown = _grown(before, after, seconds)
    return None if grown is None else round(grown / seconds, 2)


def _grown(before: int, after: int, seconds: float) -> int | None:
    """What a counter has grown by; None across a gap, or if it began again."""
    return after - before if 0 < seconds <= GAP_SECONDS and after >= before else None


def _sample_json(before: Sample | None, sample: Sample) -> SampleJson:
    seconds = sample.at - before.at if before else 0.0
    known = before.by_model if before else {}
    rates = {
        name: _rate(known[name], rows, seconds)
        for name, rows in sample.by_model.items()
        if name in known
    }
    return {
        "time": rfc3339(sample.at),
        "rows_per_second": rows_per_second(before, sample),
        "models": {name: rate for name, rate in rates.items() if rate is not None},
        "waiting_rows": sample.waiting_rows,
        "waiting_jobs": sample.waiting_jobs,
        "errors": _grown(before.errors, sample.errors, seconds) if before else None,
        "worker_memory": sample.worker_memory,
        "redis_memory": sample.redis_memory,
        "disk_free": sample.disk_free,
    }


def _gaps(times: list[float], start: float, now: float) -> Iterator[GapJson]:
    for one, following in pairwise([start, *times, now]):
        if following - one > GAP_SECONDS:
            yield {"start": rfc3339(one), "end": rfc3339(following)}
