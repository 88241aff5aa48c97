"""What is counted and measured, as Prometheus reads it."""

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

#: By the values of the labels, in their order.
Values = Mapping[Any, float]

#: The labels of a version of a model.
MODEL = ("model", "version")

#: What gives some of the numbers at a scrape.
Source = Callable[[], Iterable[Metric]]


class MetricsCollector(Collector):
    """All the numbers of a program, asked for anew at each scrape."""

    def __init__(self, *sources: Source) -> None:
        self._sources = sources

    def collect(self) -> Iterator[Metric]:
        """Everything that there is to say now."""
        for source in self._sources:
            yield from source()

    def page(self, accept: str | None) -> tuple[bytes, str]:
        """The text of a scrape and its media type: Prometheus's own, or OpenMetrics if wished."""
        encode, content_type = choose_encoder(accept or "")
        return encode(self), content_type


def counted(counters: SharedCounters, measures: Sequence[Measure]) -> Iterator[Metric]:
    """What a program's processes have counted."""
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
    """A number that only grows, but for a new beginning."""
    family = CounterMetricFamily(name, about, labels=labels)
    for of, value in sorted(values.items()):
        family.add_metric(of, value)
    return family


def gauge(name: str, about: str, labels: Sequence[str], values: Values) -> Metric:
    """A number as it is now."""
    family = GaugeMetricFamily(name, about, labels=labels)
    for of, value in sorted(values.items()):
        family.add_metric(of, value)
    return family


def labels_of(full_name: str) -> tuple[str, str]:
    """The labels of a version of a model."""
    name, _, version = full_name.partition("@")
    return name, version


def _text_of(bound: float) -> str:
    return "+Inf" if bound == float("inf") else repr(float(bound))
