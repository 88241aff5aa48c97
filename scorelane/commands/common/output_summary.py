"""What the service's summary says of the outputs of a job, as lines of text."""

from collections.abc import Iterator, Sequence
from typing import Any

from scorelane.commands.common.harmless import one_line
from scorelane.commands.common.histograms import bar_lines, histogram_lines
from scorelane.commands.common.tables import UNLIMITED_WIDTH

SCORE = "Sentiment_Score"

#: With more numeric outputs than this, such as the probabilities of many classes, each has one
#: line and no histogram.
MOST_HISTOGRAMS = 3

#: The labels that are shown, and the quantiles.
MOST_LABELS, QUANTILES = 20, ("0.05", "0.25", "0.5", "0.75", "0.95")


def summary_lines(
    found: dict[str, Any], width: int = UNLIMITED_WIDTH, *, brief: bool = False
) -> Iterator[str]:
    """The outputs of a job.

    Args:
        found: the summary of the job; that of an older service has only scores.
        width: the longest line, in characters.
        brief: without the histograms of probabilities, where the rows with each label are shown:
            those of two classes mirror each other.
    """
    outputs: Sequence[dict[str, Any]] = found.get("outputs") or []
    if not outputs or [one["name"] for one in outputs] == [SCORE]:
        bins = [one["rows"] for one in found["scores"]["histogram"]]
        yield from histogram_lines(bins, width)
        if outputs and outputs[0]["count"]:
            yield f"\n  {_quantiles(outputs[0])}"
        return
    has_labels = brief and any("labels" in one for one in outputs)
    few = sum("labels" not in one for one in outputs) <= MOST_HISTOGRAMS
    for at, output in enumerate(outputs):
        if at and (few or "labels" in outputs[at - 1]):
            yield ""
        if "labels" in output:
            yield from _labels(output, width)
            continue
        yield f"{one_line(output['name'])}: {_figures(output)}"
        if output["count"]:
            yield f"  {_quantiles(output)}"
            if few and not (has_labels and output.get("meaning") == "probability"):
                yield from _histogram(output, width)


def _figures(output: dict[str, Any]) -> str:
    if not output["count"]:
        return "no row yet"
    mean = "" if output["mean"] is None else f"mean {_number(output['mean'])}, "
    return f"{mean}from {_number(output['min'])} to {_number(output['max'])}"


def _quantiles(output: dict[str, Any]) -> str:
    """The median and others; with a bound on their error."""
    values = [
        f"{'median' if share == '0.5' else f'{float(share):.0%}'} {_number(value)}"
        for share, value in output["quantiles"].items()
        if share in QUANTILES
    ]
    absolute, relative = output["absolute_error"], output["relative_error"]
    error = f"{_number(absolute)}" if relative is None else f"{relative:.2g} of the value"
    return f"{'  '.join(values)}  (each ± {error})"


def _histogram(output: dict[str, Any], width: int) -> Iterator[str]:
    bins = output["histogram"]
    names = [f"{_number(one['from'])} - {_number(one['to'])}" for one in bins]
    wide = max(map(len, names))
    return bar_lines([name.rjust(wide) for name in names], [one["rows"] for one in bins], width)


def _labels(output: dict[str, Any], width: int) -> Iterator[str]:
    yield f"{one_line(output['name'])}: {output['count']:,} rows"
    shown = output["labels"][:MOST_LABELS]
    names = [_text(one["value"]) for one in shown]
    rows = [one["rows"] for one in shown]
    other = output["count"] - sum(rows)
    if other:
        names, rows = [*names, "(other)"], [*rows, other]
    yield from bar_lines(names, rows, width)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return one_line(str(value)) or "(empty)"


def _number(value: float) -> str:
    # Six digits: the bounds of bins are round, and means need no more.
    return str(value) if isinstance(value, int) else f"{value:.6g}"
