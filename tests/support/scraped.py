"""Reads a page of metrics with Prometheus's parsers, and checks it by the rules of promtool."""

import re
from typing import Any

from prometheus_client.openmetrics.parser import (
    text_string_to_metric_families as parse_openmetrics,
)
from prometheus_client.parser import text_string_to_metric_families as parse_text

#: What `promtool check metrics` forbids in a name.
_OTHER_UNITS = re.compile(r"_(milliseconds|minutes|hours|days|kilobytes|megabytes|percent|ms|mb)\b")
_KIND_IN_NAME = re.compile(r"_(counter|gauge|histogram|summary)(_|$)")

#: By the name of a sample, then by the values of its labels.
Samples = dict[str, dict[tuple[str, ...], float]]


def samples_of(page: str) -> Samples:
    """The samples of a page, or of several pages joined; equal ones are added up."""
    found: Samples = {}
    for family in parse_text(page):
        for sample in family.samples:
            values, labels = found.setdefault(sample.name, {}), tuple(sample.labels.values())
            values[labels] = values.get(labels, 0.0) + sample.value
    return found


def total(page: str, name: str, *labels: str) -> float:
    """The sum of the samples of a name whose label values include all of `labels`."""
    values = samples_of(page).get(name, {})
    return sum(value for found, value in values.items() if set(labels) <= set(found))


def complaints(page: str) -> list[str]:
    """What promtool's linter would report: on help, names, units, types and unbounded labels."""
    found = []
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
        found += [f"{name} {fault}" for fault, has_it in checks.items() if has_it]
    names = re.findall(r"^# HELP (\S+)", page, re.MULTILINE)
    found += [f"{name} is there twice" for name in set(names) if names.count(name) > 1]
    return found


def check_openmetrics(page: str) -> None:
    """Check that a page is OpenMetrics.

    Raises:
        ValueError: the page is not; the parser is strict.
    """
    assert list(parse_openmetrics(page))
