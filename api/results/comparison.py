"""How the outputs of two models differ, as `/jobs/<id>/summary` has it."""

import json
import math
from collections.abc import Sequence
from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from api.jobs.representation import Count
from api.results.label_test import LabelTest, Share, label_test, share
from shared.jobs.comparison import (
    TOLERANCES,
    Comparison,
    Moments,
    changed,
    compared,
    scale_of,
)
from shared.jobs.labels import is_counted
from shared.jobs.second_model import SecondModel
from shared.jobs.shadow import SHADOW_SUFFIX
from shared.jobs.spec import Spec
from shared.signature import Output

#: The most changes of a value that are shown.
MOST_CHANGES = 20

#: The share of a number that rounding may leave as the deviation of equal numbers.
_ROUNDING = 1e-14

Value = str | bool | int | float


class Within(TypedDict):
    """The rows whose numbers differ by at most a tolerance."""

    tolerance: Annotated[
        float,
        Field(
            description="In the unit of the output, if both models name the same range; otherwise "
            "as a share of the larger number."
        ),
    ]
    relative: Annotated[bool, Field(description="Whether it is a share.")]
    share: Share


class Shift(TypedDict):
    """The second model's number minus the first one's."""

    mean: float | None
    deviation: Annotated[float | None, Field(description="The standard deviation, of two or more.")]


class DifferentRow(TypedDict):
    """A row on which the models differ."""

    row: Annotated[int, Field(ge=1, description="Its number.")]
    ref: Annotated[str, Field(description="Its ref, or the first 256 characters of it.")]
    first: Value
    second: Value


class Change(TypedDict):
    """How often a value of the first model is another of the second."""

    first: Value
    second: Value
    rows: Count


class OutputComparison(TypedDict):
    """What both models give as one output."""

    name: str
    second_name: Annotated[str, Field(description="The column of the second model.")]
    rows: Annotated[Count, Field(description="Rows with a value of both.")]
    unscored: Annotated[Count, Field(description="Rows that only the first could score.")]
    equal: Annotated[Share, Field(description="The share of rows with the same value.")]
    same_side: Annotated[
        Share, Field(description="On the same side of the middle of the range; null without one.")
    ]
    within: list[Within]
    correlation: Annotated[
        float | None, Field(ge=-1, le=1, description="Pearson's; null if one is constant.")
    ]
    shift: Annotated[Shift | None, Field(description="Null for values that are no numbers.")]
    largest: Annotated[list[DifferentRow], Field(description="The ten rows that differ most.")]
    changes: Annotated[list[Change], Field(description="The 20 most frequent, of classes.")]
    test: Annotated[LabelTest | None, Field(description="Null without a `label_column`.")]


class ComparisonJson(TypedDict):
    """How the second model of a job differs from the first."""

    model: str
    version: str
    suffix: Annotated[str, Field(description="What the names of its columns end with.")]
    shadow: Annotated[
        str | None, Field(description="The job of a challenger that scored the rows apart.")
    ]
    outputs: list[OutputComparison]


def comparison_of_shadow(spec: Spec, found: Sequence[Comparison]) -> ComparisonJson | None:
    """The comparison of a shadow with the job that it follows; None: it is no shadow."""
    if not (first := spec.shadow_of):
        return None
    second = SecondModel(
        name=spec.model, version=spec.version, suffix=SHADOW_SUFFIX, signature=spec.signature
    )
    outputs = first.compared_outputs(spec.result_columns.outputs)
    return comparison_json(second, outputs, found, spec.id)


def comparison_json(
    second: SecondModel,
    outputs: Sequence[Output],
    found: Sequence[Comparison],
    shadow: str | None = None,
) -> ComparisonJson:
    """The comparison of two models.

    Args:
        second: the second model of the job.
        outputs: of the job.
        found: the comparison of each pair of them; what is missing has no rows.
        shadow: the id of the shadow that has scored the rows; None: the job itself has.
    """
    pairs = compared(outputs, second.suffix)
    filled = [*found, *[Comparison()] * (len(pairs) - len(found))]
    return {
        "model": second.name,
        "version": second.version,
        "suffix": second.suffix,
        "shadow": shadow,
        "outputs": [
            _output(outputs[at], outputs[to], one, second.label_column)
            for (at, to), one in zip(pairs, filled, strict=True)
        ],
    }


def _output(
    first: Output, second: Output, found: Comparison, label_column: str
) -> OutputComparison:
    counts, numbers = found.counts, not is_counted(first)
    scale = scale_of(first, second) if numbers else None
    largest: list[DifferentRow] = [
        {
            "row": one.row,
            "ref": one.ref,
            "first": json.loads(one.first),
            "second": json.loads(one.second),
        }
        for one in found.largest
    ]
    return {
        "name": first.name,
        "second_name": second.name,
        "rows": counts.rows,
        "unscored": counts.unscored,
        "equal": share(counts.equal, counts.rows),
        "same_side": share(counts.same_side, counts.rows) if scale else None,
        "within": _within(scale, found) if numbers else [],
        "correlation": _correlation(found.moments) if numbers else None,
        "shift": _shift(found.moments) if numbers else None,
        "largest": largest,
        "changes": _changes(first, found),
        "test": label_test(first, found, label_column) if label_column else None,
    }


def _within(scale: tuple[float, float] | None, found: Comparison) -> list[Within]:
    counts = found.counts
    unit = scale[1] - scale[0] if scale else 1.0
    rows = counts.within_first, counts.within_second, counts.within_third
    return [
        {
            "tolerance": tolerance * unit,
            "relative": scale is None,
            "share": share(within, counts.rows),
        }
        for tolerance, within in zip(TOLERANCES, rows, strict=True)
    ]


def _correlation(moments: Moments) -> float | None:
    """Pearson's correlation; None if it is undefined, or sums are beyond the range of a double."""
    roots = [math.sqrt(square) for square in (moments.first_square, moments.second_square)]
    spread, means = roots[0] * roots[1], (moments.first_mean, moments.second_mean)
    if not (math.isfinite(spread) and math.isfinite(moments.product)):
        return None
    for root, mean in zip(roots, means, strict=True):
        # Rounding leaves a little spread of equal numbers.
        if root <= _ROUNDING * math.sqrt(moments.rows) * abs(mean):
            return None
    return min(max(moments.product / spread, -1.0), 1.0) if spread else None


def _shift(moments: Moments) -> Shift:
    mean = moments.shift_mean if moments.rows and math.isfinite(moments.shift_mean) else None
    square = moments.shift_square
    deviation = None
    if moments.rows > 1 and math.isfinite(square):
        deviation = math.sqrt(square / (moments.rows - 1))
    return {"mean": mean, "deviation": deviation}


def _changes(output: Output, found: Comparison) -> list[Change]:
    by_rows = sorted(found.changes.counts.items(), key=lambda one: (-one[1], one[0]))
    shown: list[Change] = []
    for text, rows in by_rows[:MOST_CHANGES]:
        first, second = changed(output, text)
        shown.append({"first": first, "second": second, "rows": rows})
    return shown
