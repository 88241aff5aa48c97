"""What a scrape found, read by Prometheus's own parsers and held to promtool's rules."""

import re
from typing import Any

from prometheus_client.openmetrics.parser import (
    text_string_to_metric_families as parse_openmetrics,
)
from prometheus_client.parser import text_string_to_metric_families as parse_text

#: What `promtool check metrics` complains of, as far as it can be said of a name.
_OTHER_UNITS = re.compile(r"_(milliseconds|minutes|hours|days|kilobytes|megabytes|percent|ms|mb)\b")
_KIND_IN_NAME = re.compile(r"_(counter|gauge|histogram|summary)(_|$)")

MetricsCollector = dict[str, dict[tuple[str, ...], float]]


def numbers(page: str) -> MetricsCollector:
    """The samples of a page, or of several, by their names, and by the values of their labels."""
    found: MetricsCollector = {}
    for family in parse_text(page):
        for sample in family.samples:
            of, labels = found.setdefault(sample.name, {}), tuple(sample.labels.values())
            of[labels] = of.get(labels, 0.0) + sample.value
    return found


def total(page: str, name: str, *labels: str) -> float:
    """The sum of the samples of a name that have these among the values of their labels."""
    of = numbers(page).get(name, {})
    return sum(value for have, value in of.items() if set(labels) <= set(have))


def complaints(page: str) -> list[str]:
    """What promtool's linter would say: help, names, units, kinds, and labels without bound."""
    said = []
    for family in parse_text(page):
        name = family.name + ("_total" if family.type == "counter" else "")
        checks: dict[str, Any] = {
            "has no help": not family.documentation.strip(),
            "is no counter, and ends in _total": family.type != "counter"
            and name.endswith(("_total", "_count", "_sum", "_bucket")),
            "is in no base unit": _OTHER_UNITS.search(name),
            "has its kind in its name": _KIND_IN_NAME.search(name),
            "is not in snake case": not re.fullmatch(r"scorelane_[a-z0-9_]+", name),
            "has a label without bound": any(
                re.search("[0-9a-f]{32}", value)
                for s in family.samples
                for value in s.labels.values()
            ),
        }
        said += [f"{name} {what}" for what, is_so in checks.items() if is_so]
    names = re.findall(r"^# HELP (\S+)", page, re.MULTILINE)
    said += [f"{name} is there twice" for name in set(names) if names.count(name) > 1]
    return said


def check_openmetrics(page: str) -> None:
    """Raise ValueError where a page is not OpenMetrics: its parser is strict."""
    assert list(parse_openmetrics(page))
