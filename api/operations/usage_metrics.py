"""Metrics of what was scored for each owner; every replica of the API gives the same."""

from collections.abc import Iterator

from prometheus_client.core import Metric

from shared.jobs.usage import MOST_OWNERS, UsageStore
from shared.telemetry.prometheus import counter

#: The value of the label `owner` for all owners beyond the first ones. No owner has this name.
OTHERS = "(other)"

_LABELS = ("owner",)


def usage_metrics(store: UsageStore) -> Iterator[Metric]:
    """The usage of each owner since Redis last lost its data; there are at most 201 of each metric.

    Raises:
        redis.RedisError: Redis does not answer.
    """
    found = store.usage_by_owner()
    by_owner = {OTHERS if owner is None else owner: used for owner, used in found.items()}
    about = f"by owner: the first {MOST_OWNERS}, and all others as {OTHERS}. For the whole service."
    rows = {(owner, "completed"): float(used.completed) for owner, used in by_owner.items()}
    rows |= {(owner, "failed"): float(used.failed) for owner, used in by_owner.items()}
    yield counter(
        "scorelane_usage_rows_total",
        f"Rows of jobs and questions with a score or an error, each counted once, {about}",
        (*_LABELS, "outcome"),
        rows,
    )
    yield counter(
        "scorelane_usage_bytes_total",
        f"The length of these rows, as workers read them, {about}",
        _LABELS,
        {(owner,): float(used.bytes) for owner, used in by_owner.items()},
    )
    yield counter(
        "scorelane_usage_scoring_seconds_total",
        f"Seconds for which processes read, scored and wrote these rows, {about}",
        _LABELS,
        {(owner,): used.seconds for owner, used in by_owner.items()},
    )
