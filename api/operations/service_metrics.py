"""Metrics of the whole service, read from Redis; every replica of the API gives the same."""

from collections.abc import Callable, Iterator, Mapping

from prometheus_client.core import Metric

from shared.fleet import Fleet, name_of
from shared.monitoring.overview import Overview, Workload
from shared.telemetry.prometheus import MODEL, Values, counter, gauge, labels_of


def service_metrics(fleet: Fleet, overview: Overview) -> Iterator[Metric]:
    """How much work waits, runs and is done, and which workers and models there are.

    Raises:
        redis.RedisError: Redis does not answer.
    """
    serving = fleet.serving()
    standing, totals = overview.workloads(serving), overview.totals()
    workers, models = fleet.workers(), fleet.models()

    def by_model(value: Callable[[Workload], float]) -> Values:
        return {labels_of(name): value(one) for name, one in standing.items()}

    def by_kind(bulk: Callable[[Workload], float], small: Callable[[Workload], float]) -> Values:
        found = {(*labels_of(name), "bulk"): bulk(one) for name, one in standing.items()}
        return found | {(*labels_of(name), "small"): small(one) for name, one in standing.items()}

    kind = (*MODEL, "kind")
    rates = {name_of(name): one.rate for name, one in models.items()} | fleet.rates()
    yield gauge(
        "scorelane_backlog_seconds",
        "The time that one process takes for all rows that wait or run, at the rate of their "
        "model; at least 1 while a job or a question of the model waits or runs: scale workers by "
        "it. For the whole service.",
        MODEL,
        {labels_of(name): _backlog(name, one, rates) for name, one in standing.items()},
    )
    yield gauge(
        "scorelane_waiting_rows",
        "Rows of accepted bulk jobs that are neither done nor being scored. "
        "An estimate until a job is split. For the whole service.",
        MODEL,
        by_model(lambda one: one.waiting_rows),
    )
    yield gauge(
        "scorelane_running_rows",
        "Rows of bulk jobs in parts that a process is scoring. For the whole service.",
        MODEL,
        by_model(lambda one: one.running_rows),
    )
    yield gauge(
        "scorelane_waiting_jobs",
        "Jobs that no worker has started; the kind small includes questions of POST /sentiment. "
        "For the whole service.",
        kind,
        by_kind(lambda one: one.queued_jobs, lambda one: one.waiting_small),
    )
    yield gauge(
        "scorelane_running_jobs",
        "Jobs that a worker has started and that have not ended. For the whole service.",
        kind,
        by_kind(lambda one: one.running_jobs, lambda one: one.running_small),
    )
    yield gauge(
        "scorelane_waiting_parts",
        "Messages that wait in the queue of splits and parts. For the whole service.",
        MODEL,
        by_model(lambda one: one.waiting_parts),
    )
    yield gauge(
        "scorelane_queue_age_seconds",
        "How long the first message of the queue has waited: a split or a part (kind bulk), a "
        "small job or a question (kind small). For the whole service.",
        kind,
        by_kind(lambda one: one.oldest_part_seconds, lambda one: one.oldest_small_seconds),
    )
    rows = {(*labels_of(name), "completed"): float(n) for name, n in totals.completed.items()}
    names = totals.completed.keys() | totals.failed.keys()
    rows |= {(*labels_of(name), "failed"): float(totals.failed.get(name, 0)) for name in names}
    yield counter(
        "scorelane_rows_total",
        "Rows that are done, with a score (completed) or an error (failed), each counted once. For "
        "the whole service.",
        (*MODEL, "outcome"),
        rows,
    )
    yield counter(
        "scorelane_parts_total",
        "Parts of bulk jobs that are done, each counted once. For the whole service.",
        MODEL,
        {labels_of(name): float(n) for name, n in totals.parts.items()},
    )
    yield counter(
        "scorelane_jobs_ended_total",
        "Jobs that have ended, by the state in which they ended. For the whole service.",
        ("state",),
        {(state,): float(n) for state, n in totals.ended.items()},
    )
    yield gauge("scorelane_workers", "Live workers.", (), {(): float(len(workers))})
    yield gauge(
        "scorelane_worker_memory_bytes",
        "Memory of the processes of all workers.",
        (),
        {(): float(sum(one.memory for one in workers))},
    )
    yield gauge(
        "scorelane_model_processes",
        "Live processes that have loaded this version of a model. For the whole service.",
        MODEL,
        {labels_of(name): float(n) for name, n in serving.items()},
    )
    yield gauge(
        "scorelane_model_rows_per_second",
        "Rows of a model that one process scores per second, as measured or learned.",
        MODEL,
        {labels_of(one.card.full_name): one.rate for one in models.values()},
    )


def _backlog(full_name: str, workload: Workload, rates: Mapping[str, float]) -> float:
    """The seconds that one process takes for what waits and runs for a model version.

    Args:
        full_name: the model version.
        workload: what waits and runs for it.
        rates: rows per second of a process, by the full name of a version and by the name of a
            model.
    """
    rows = workload.waiting_rows + workload.running_rows
    rate = rates.get(full_name) or rates.get(name_of(full_name), 0.0)
    seconds = rows / rate if rate else 0.0
    jobs = workload.queued_jobs + workload.running_jobs
    jobs += workload.waiting_small + workload.running_small
    # A job whose rows are all done must still be finished, and one of a version without a rate
    # scored: with 0 the last worker would be stopped before that, and nobody would start one.
    return max(seconds, 1.0) if jobs else seconds
