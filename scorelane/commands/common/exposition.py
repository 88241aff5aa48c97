"""Reads a page of metrics in Prometheus's text format."""

import re
from collections.abc import Mapping

#: The values of a sample's labels, in the order of the page.
Labels = tuple[str, ...]

_SAMPLE = re.compile(r"([a-zA-Z_:][\w:]*)(?:\{(.*)\})?[ \t]+(\S+)")
_LABEL = re.compile(r'[a-zA-Z_]\w*="((?:[^"\\]|\\.)*)"')
_ESCAPED = re.compile(r"\\(.)")


def samples_of(page: str) -> Mapping[str, Mapping[Labels, float]]:
    """The samples of a page: metric name -> values of the labels -> value.

    Source of the format: https://prometheus.io/docs/instrumenting/exposition_formats/

    Raises:
        ValueError: a line is no sample.
    """
    samples: dict[str, dict[Labels, float]] = {}
    for line in page.split("\n"):
        if not line.strip() or line.startswith("#"):
            continue
        if (found := _SAMPLE.match(line)) is None:
            raise ValueError(f"this is no line of metrics: {line[:80]}")
        name, labels, value = found.groups()
        values = tuple(_ESCAPED.sub(_unescaped, text) for text in _LABEL.findall(labels or ""))
        samples.setdefault(name, {})[values] = float(value)
    return samples


def _unescaped(match: re.Match[str]) -> str:
    return "\n" if match[1] == "n" else match[1]
