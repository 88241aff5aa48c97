"""Metrics of what models have read and how far their rows are from their reference, by day."""

from collections.abc import Iterator

from prometheus_client.core import Metric

from api.drift.report import drift_of
from shared.drift.counts import ReachCounts, reach_in
from shared.fleet import Fleet
from shared.jobs.watch_store import WatchStore
from shared.telemetry.prometheus import MODEL, gauge, labels_of

#: The values of the label `read`, and the counts that they stand for.
_READ = {
    "counted": "rows",
    "few_known_words": "few_known",
    "no_known_words": "none_known",
    "text_cut": "cut",
    "other_language": "other_language",
}


def drift_metrics(fleet: Fleet, store: WatchStore) -> Iterator[Metric]:
    """The reach and the drift of each version that is served, in the last 24 hours.

    Raises:
        redis.RedisError: Redis does not answer.
    """
    reached: dict[tuple[str, ...], float] = {}
    indexes: dict[tuple[str, ...], float] = {}
    distances: dict[tuple[str, ...], float] = {}
    for full_name in sorted(fleet.serving()):
        counts, model = store.watched_in_day(full_name), labels_of(full_name)
        if not counts:
            continue
        reach = reach_in(counts) or ReachCounts()
        reached |= {(*model, read): float(getattr(reach, name)) for read, name in _READ.items()}
        for one in drift_of(fleet.reference(full_name), counts)["columns"]:
            column = (*model, one["name"], one["aspect"])
            indexes[column], distances[column] = one["psi"], one["distance"]
    yield gauge(
        "scorelane_reach_rows",
        "Rows of the last 24 hours, by what the model has read of their texts. For the whole "
        "service.",
        (*MODEL, "read"),
        reached,
    )
    yield gauge(
        "scorelane_drift_psi",
        "The population stability index of the last 24 hours against the reference of the model, "
        "by column; above 0.25 it has drifted. For the whole service.",
        (*MODEL, "column", "aspect"),
        indexes,
    )
    yield gauge(
        "scorelane_drift_distance",
        "The distance of Kolmogorov and Smirnov of numbers, or the total variation distance of "
        "names, of the last 24 hours against the reference. For the whole service.",
        (*MODEL, "column", "aspect"),
        distances,
    )
