"""Which of two models agrees with the labels of rows, as `/jobs/<id>/summary` has it."""

import math
from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from api.jobs.representation import Count
from shared.jobs.comparison import Comparison, is_right_or_wrong
from shared.paired_test import difference_interval, exact_p
from shared.signature import Output

Share = Annotated[float | None, Field(ge=0, le=1, description="Null if there are no rows.")]


class LabelTest(TypedDict):
    """Which model agrees with the labels."""

    column: str
    rows: Annotated[Count, Field(description="Rows with a label that the test uses.")]
    neutral: Annotated[Count, Field(description="Labels in the middle fifth; they are left out.")]
    unreadable: Annotated[
        Count, Field(description="Labels that are empty, or none that the output could have.")
    ]
    measure: Annotated[
        str,
        Field(
            description="`accuracy`: a model is right or wrong. `nearer`: the model is right whose "
            "number is nearer to the label."
        ),
    ]
    first: Annotated[Share, Field(description="The accuracy of the first model.")]
    second: Annotated[Share, Field(description="The accuracy of the second model.")]
    first_error: Annotated[
        float | None, Field(description="The mean distance of the first model from the labels.")
    ]
    second_error: float | None
    only_first: Annotated[Count, Field(description="Rows on which only the first is right.")]
    only_second: Count
    difference: Annotated[
        float | None,
        Field(description="The share of rows of `only_second` minus that of `only_first`."),
    ]
    interval: Annotated[
        list[float] | None, Field(description="The 95 % interval of the difference.")
    ]
    p: Annotated[
        float | None,
        Field(
            ge=0,
            le=1,
            description="How likely equally good models differ so much: McNemar's exact test, as "
            "in `scorelane evaluate`.",
        ),
    ]
    note: str | None


def label_test(output: Output, found: Comparison, column: str) -> LabelTest:
    """Which model agrees with the labels in a column, as what both give as an output."""
    counts, errors = found.counts, found.errors
    better, worse, rows = counts.only_second, counts.only_first, counts.labelled
    is_nearer = not is_right_or_wrong(output)
    return {
        "column": column,
        "rows": rows,
        "neutral": counts.neutral,
        "unreadable": counts.unreadable,
        "measure": "nearer" if is_nearer else "accuracy",
        "first": None if is_nearer else share(counts.both + worse, rows),
        "second": None if is_nearer else share(counts.both + better, rows),
        "first_error": _mean(errors.first, rows) if is_nearer else None,
        "second_error": _mean(errors.second, rows) if is_nearer else None,
        "only_first": worse,
        "only_second": better,
        "difference": (better - worse) / rows if rows else None,
        "interval": list(difference_interval(better, worse, rows)) if rows else None,
        "p": exact_p(better, worse) if rows else None,
        "note": _note(output, found),
    }


def _note(output: Output, found: Comparison) -> str | None:
    counts = found.counts
    if not counts.labelled:
        return "No row has a label that could be compared." if counts.rows else None
    if output.meaning == "probability" and not counts.positive:
        return f"No label is '{output.of}', the class of the probability: is it the right column?"
    return None


def share(rows: int, of: int) -> float | None:
    """The share of rows; None if there are none."""
    return rows / of if of else None


def _mean(total: float, rows: int) -> float | None:
    return total / rows if rows and math.isfinite(total) else None
