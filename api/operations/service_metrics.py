"""Numbers of the service as a whole, from Redis: the same at each replica of the API."""

from collections.abc import Callable, Iterator

from prometheus_client.core import Metric

from shared.fleet import Fleet
from shared.redis.overview import Overview, Workload
from shared.telemetry.prometheus import MODEL, Values, counter, gauge, labels_of


def service_numbers(fleet: Fleet, overview: Overview) -> Iterator[Metric]:
    """What waits, runs, lives and was done.

    Raises:
        redis.RedisError: Redis does not answer.
    """
    serving = fleet.serving()
    standing, totals = overview.workloads(serving), overview.totals()
    workers, models = fleet.workers(), fleet.models()

    def of(value: Callable[[Workload], float]) -> Values:
        return {labels_of(name): value(one) for name, one in standing.items()}

    def kinds(bulk: Callable[[Workload], float], small: Callable[[Workload], float]) -> Values:
        found = {(*labels_of(name), "bulk"): bulk(one) for name, one in standing.items()}
        return found | {(*labels_of(name), "small"): small(one) for name, one in standing.items()}

    kind = (*MODEL, "kind")
    yield gauge(
        "scorelane_waiting_rows",
        "Rows of bulk jobs that are accepted, not done, and not in work: scale workers by it. "
        "An estimate until a job is split. Of the service.",
        MODEL,
        of(lambda one: one.waiting_rows),
    )
    yield gauge(
        "scorelane_running_rows",
        "Rows of bulk jobs in parts that a process has taken up. Of the service.",
        MODEL,
        of(lambda one: one.running_rows),
    )
    yield gauge(
        "scorelane_waiting_jobs",
        "Jobs that no worker has taken up; of kind small, questions of POST /sentiment too. "
        "Of the service.",
        kind,
        kinds(lambda one: one.queued_jobs, lambda one: one.waiting_small),
    )
    yield gauge(
        "scorelane_running_jobs",
        "Jobs that a worker has taken up and that have not ended. Of the service.",
        kind,
        kinds(lambda one: one.running_jobs, lambda one: one.running_small),
    )
    yield gauge(
        "scorelane_waiting_parts",
        "Messages that wait in the queue of splits and parts. Of the service.",
        MODEL,
        of(lambda one: one.waiting_parts),
    )
    yield gauge(
        "scorelane_queue_age_seconds",
        "How long the first in the queue has waited: of kind bulk a split or a part, of kind small "
        "a small job or a question. Of the service.",
        kind,
        kinds(lambda one: one.oldest_part_seconds, lambda one: one.oldest_small_seconds),
    )
    rows = {(*labels_of(name), "completed"): float(n) for name, n in totals.completed.items()}
    rows |= {(*labels_of(name), "failed"): float(n) for name, n in totals.failed.items()}
    yield counter(
        "scorelane_rows_total",
        "Rows of jobs that are done, with a score (completed) or an error (failed), each counted "
        "once. Of the service.",
        (*MODEL, "outcome"),
        rows,
    )
    yield counter(
        "scorelane_parts_total",
        "Parts of bulk jobs that are done, each counted once. Of the service.",
        MODEL,
        {labels_of(name): float(n) for name, n in totals.parts.items()},
    )
    yield counter(
        "scorelane_jobs_ended_total",
        "Jobs that have ended, by the state that they ended in. Of the service.",
        ("state",),
        {(state,): float(n) for state, n in totals.ended.items()},
    )
    yield gauge("scorelane_workers", "Workers that live.", (), {(): float(len(workers))})
    yield gauge(
        "scorelane_worker_memory_bytes",
        "Memory of all workers' processes.",
        (),
        {(): float(sum(one.memory for one in workers))},
    )
    yield gauge(
        "scorelane_model_processes",
        "Processes that live and have loaded a version of a model. Of the service.",
        MODEL,
        {labels_of(name): float(n) for name, n in serving.items()},
    )
    yield gauge(
        "scorelane_model_rows_per_second",
        "What one process scores in a second of a model, as measured when it was loaded.",
        MODEL,
        {labels_of(one.card.full_name): one.rate for one in models.values()},
    )
