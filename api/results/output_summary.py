"""The summary of one output of a job, as `/jobs/<id>/summary` has it."""

from collections.abc import Iterable
from typing import Annotated, Any

from pydantic import Field
from typing_extensions import TypedDict

from api.jobs.representation import Count
from api.results.distribution import Distribution, HistogramBin
from shared.jobs.labels import MOST_VALUES, Labels, is_counted, is_only_counted, value_of
from shared.jobs.sketch import SHOWN_BINS, Numbers, empty_numbers
from shared.jobs.summary import OutputSummary, Summary
from shared.signature import ColumnType, Meaning, Output

#: The quantiles of each numeric output.
QUANTILES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)

#: The most labels of one output; the rest are counted together.
MOST_LABELS = 100

Bin = TypedDict("Bin", {"from": float, "to": float, "rows": Count})

Error = Annotated[
    float | None,
    Field(
        description="The bound on the error of a quantile: one of `relative_error` (a share of the "
        "quantile) and `absolute_error` is a number. Bounds of the bins are as exact."
    ),
]


class NumberSummary(TypedDict):
    """The distribution of a numeric output; null and empty if no row has a value."""

    name: str
    type: ColumnType
    meaning: Meaning
    count: Count
    mean: Annotated[
        float | None, Field(description="Null also if the sum is beyond the range of a double.")
    ]
    min: int | float | None
    max: int | float | None
    quantiles: Annotated[
        dict[str, float],
        Field(description="By share: `0.5` is the value at the middle of all values in order."),
    ]
    histogram: Annotated[
        list[Bin],
        Field(
            description="Bins of equal width, each from `from` to below `to`; the last may include "
            "its `to`. Ten if the range of the output is known, else at most 20."
        ),
    ]
    relative_error: Error
    absolute_error: Error
    note: Annotated[str | None, Field(description="How the values were counted.")]


class Label(TypedDict):
    """The number of rows with one value."""

    value: str | bool | int | float
    rows: Count


class LabelSummary(TypedDict):
    """How often each value of an output occurs."""

    name: str
    type: ColumnType
    meaning: Meaning
    count: Count
    labels: Annotated[list[Label], Field(description="The 100 most frequent values, in order.")]
    other: Annotated[int, Field(ge=0, description="The rows with any other value.")]
    note: Annotated[str | None, Field(description="Why values are not counted on their own.")]


_SKETCH_NOTE = (
    "Count, minimum and maximum are exact. Quantiles and histogram come from a sketch (DDSketch, "
    "VLDB 2019, with the uniform collapse of UDDSketch): a value is off by at most relative_error."
)
_RANGE_NOTE = (
    "Count, minimum, maximum and histogram are exact. Quantiles come from {bins} bins of equal "
    "width: a value is off by at most absolute_error."
)
_OUTSIDE_NOTE = (
    " Some values are outside of the range that the model names; they are in the first or last bin."
)
_TOO_MANY_NOTE = f"There are more than {MOST_VALUES} different values; none is counted on its own."
_LESS_NOTE = "The other values are less frequent, too long, or dates and times."
_ONLY_COUNTED_NOTE = "Explanations are of single rows: they are only counted."


def summaries_of(outputs: Iterable[Output], summary: Summary) -> list[NumberSummary | LabelSummary]:
    """The summary of each output of a job."""
    return [
        _of_labels(output, found) if isinstance(found, Labels) else _of_numbers(output, found)
        for output, found in zip(outputs, found_for(outputs, summary), strict=True)
    ]


def found_for(outputs: Iterable[Output], summary: Summary) -> list[OutputSummary]:
    """What a summary has of each output; what it does not have has no rows."""
    none = [Labels() if is_counted(output) else empty_numbers(output) for output in outputs]
    return [*summary.outputs, *none[len(summary.outputs) :]]


def mean_of(numbers: Numbers) -> float | None:
    """The mean; None if there is no value, or the sum is beyond the range of a double."""
    if numbers.least is None or numbers.most is None or numbers.total is None:
        return None
    # By rounding, the mean of equal values may be a little more or less than they are.
    return float(min(max(numbers.total / numbers.count, numbers.least), numbers.most))


def shown_bins(output: Output, numbers: Numbers) -> list[Bin]:
    """The ten bins of an output whose range is known, also if there is no value."""
    if not numbers.count:
        numbers = numbers.model_copy(update={"blocks": {0: (0,) * SHOWN_BINS}})
    return _bins(Distribution(output, numbers).histogram())


def _bins(bins: Iterable[HistogramBin]) -> list[Bin]:
    """The bins of a histogram."""
    return [{"from": one.begin, "to": one.end, "rows": one.rows} for one in bins]


def _of_numbers(output: Output, numbers: Numbers) -> NumberSummary:
    found = Distribution(output, numbers) if numbers.count else None
    return {
        "name": output.name,
        "type": output.type,
        "meaning": output.meaning,
        "count": numbers.count,
        "mean": mean_of(numbers),
        "min": numbers.least,
        "max": numbers.most,
        "quantiles": {str(share): found.quantile(share) for share in QUANTILES} if found else {},
        "histogram": _bins(found.histogram()) if found else [],
        "relative_error": found.relative_error if found else None,
        "absolute_error": found.absolute_error if found else None,
        "note": _note(output, numbers) if found else None,
    }


def _note(output: Output, numbers: Numbers) -> str:
    if numbers.shift:
        return _SKETCH_NOTE
    note = _RANGE_NOTE.format(bins=len(numbers.blocks[0]))
    lowest, highest = output.minimum or 0, output.maximum or 0
    if (numbers.least or 0) < lowest or (numbers.most or 0) > highest:
        note += _OUTSIDE_NOTE
    return note


def _of_labels(output: Output, labels: Labels) -> LabelSummary:
    by_rows = sorted(labels.counts.items(), key=lambda one: (-one[1], one[0]))
    shown: list[Any] = [
        {"value": value_of(output, text), "rows": rows} for text, rows in by_rows[:MOST_LABELS]
    ]
    other = labels.count - sum(one["rows"] for one in shown)
    note = _TOO_MANY_NOTE if labels.too_many else _LESS_NOTE if other else None
    if is_only_counted(output):
        note = _ONLY_COUNTED_NOTE
    return {
        "name": output.name,
        "type": output.type,
        "meaning": output.meaning,
        "count": labels.count,
        "labels": shown,
        "other": other,
        "note": note,
    }
