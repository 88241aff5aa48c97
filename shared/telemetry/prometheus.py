"""Metrics in the text formats of Prometheus and OpenMetrics."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from shared.telemetry.shared_counters import Measure, SharedCounters

#: Numbers by the values of their labels, in the order of the labels.
Values = Mapping[Any, float]

#: The labels of a model version.
MODEL = ("model", "version")

#: A function that gives some of the metrics at a scrape.
Source = Callable[[], Iterable[Metric]]


class MetricsCollector(Collector):
    """All metrics of a program; each scrape asks the sources again."""

    def __init__(self, *sources: Source) -> None:
        self._sources = sources

    def collect(self) -> Iterator[Metric]:
        """The present metrics of all sources."""
        for source in self._sources:
            yield from source()

    def page(self, accept: str | None) -> tuple[bytes, str]:
        """The text of a scrape and its media type.

        Args:
            accept: the `Accept` header of the scrape, which may ask for OpenMetrics.
        """
        encode, content_type = choose_encoder(accept or "")
        return encode(self), content_type


def counted(counters: SharedCounters, measures: Sequence[Measure]) -> Iterator[Metric]:
    """The metrics that the processes of a program have counted."""
    for measure in measures:
        totals = counters.totals(measure)
        if not measure.buckets:
            family = gauge if measure.is_gauge else counter
            yield family(
                measure.name,
                measure.about,
                measure.labels,
                {labels: numbers[0] for labels, numbers in totals.items()},
            )
            continue
        histogram = HistogramMetricFamily(measure.name, measure.about, labels=measure.labels)
        for labels, numbers in sorted(totals.items()):
            below, buckets = 0.0, []
            for bound, number in zip([*measure.buckets, float("inf")], numbers, strict=False):
                below += number
                buckets.append((_text_of(bound), below))
            histogram.add_metric(labels, buckets, numbers[-1])
        yield histogram


def counter(name: str, about: str, labels: Sequence[str], values: Values) -> Metric:
    """A metric that only grows, except for restarts."""
    family = CounterMetricFamily(name, about, labels=labels)
    for label_values, value in sorted(values.items()):
        family.add_metric(label_values, value)
    return family


def gauge(name: str, about: str, labels: Sequence[str], values: Values) -> Metric:
    """A metric that goes up and down."""
    family = GaugeMetricFamily(name, about, labels=labels)
    for label_values, value in sorted(values.items()):
        family.add_metric(label_values, value)
    return family


def labels_of(full_name: str) -> tuple[str, str]:
    """The label values of a model version: its name and its version."""
    name, _, version = full_name.partition("@")
    return name, version


def _text_of(bound: float) -> str:
    return "+Inf" if bound == float("inf") else repr(float(bound))
