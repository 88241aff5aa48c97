"""Compares what was counted of rows with the reference of their model, and says what it means."""

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypedDict

from api.drift.distances import (
    joined,
    kolmogorov_smirnov,
    psi,
    psi_by_chance,
    total_variation,
)
from shared.drift.counts import Counts
from shared.drift.reference import Aspect, Reference, Watched

#: The bounds of the PSI: below the first one a distribution is taken for the same, above the second
#: one for another (Siddiqi, Credit Risk Scorecards, Wiley 2006, chapter 10). They are a convention.
SOME, MUCH = 0.1, 0.25

#: The PSI is that of about ten bins, as the bounds assume.
BINS = 10

Verdict = Literal["stable", "some drift", "drift", "too few rows to tell"]

#: From the least to the most important.
_ORDER: tuple[Verdict, ...] = ("stable", "too few rows to tell", "some drift", "drift")


class ColumnDrift(TypedDict):
    """How far a column is from the reference."""

    name: str
    role: Annotated[Literal["input", "output"], Field(description="Whether the model takes it.")]
    aspect: Annotated[
        Aspect,
        Field(
            description="Of a text its length (`characters`), and the share of its words that the "
            "model knows (`known words`); otherwise its `value`."
        ),
    ]
    rows: Annotated[int, Field(ge=0, description="The rows that were counted.")]
    missing: Annotated[float, Field(ge=0, le=1, description="The share of rows without a value.")]
    reference_missing: Annotated[float, Field(ge=0, le=1, description="That of the reference.")]
    psi: Annotated[float, Field(ge=0, description="The population stability index.")]
    distance: Annotated[
        float,
        Field(
            ge=0,
            le=1,
            description="Of numbers the distance of Kolmogorov and Smirnov, at the edges of the "
            "bins; of names the total variation distance.",
        ),
    ]
    verdict: Verdict


class Drift(TypedDict):
    """How far rows are from the reference of their model."""

    verdict: Annotated[Verdict | None, Field(description="The worst of the columns; null: none.")]
    reference_rows: Annotated[int, Field(ge=0, description="The rows of the reference; 0: none.")]
    reference_source: Annotated[str, Field(description="What they are, in words.")]
    columns: list[ColumnDrift]
    note: Annotated[str | None, Field(description="Why nothing is compared.")]


_NO_REFERENCE = (
    "The model has no reference. `scorelane train` makes one, and `scorelane add-model` with at "
    "least 100 rows (--example or --expect)."
)
_NOT_COUNTED = "No row was counted: {why}."
_OTHER_BINS = "the rows were counted for another reference, or by an earlier release"
_NO_ROWS = "there was none"


def drift_of(reference: Reference | None, counts: Counts) -> Drift:
    """Compare counts with a reference.

    Args:
        reference: that of the model; None: it has none.
        counts: what was counted; see `shared.drift.counts`.
    """
    if reference is None:
        return _nothing(None, _NO_REFERENCE)
    found: list[tuple[Watched, Sequence[int]]] = []
    for number, column in enumerate(reference.columns):
        own = counts.get(reference.name_of(number))
        if own and len(own) == len(column.counts) and sum(own) and sum(column.counts):
            found.append((column, own))
    if not found:
        why = _OTHER_BINS if counts else _NO_ROWS
        return _nothing(reference, _NOT_COUNTED.format(why=why))
    columns = [_column(column, own, len(found)) for column, own in found]
    return {
        "verdict": max((one["verdict"] for one in columns), key=_ORDER.index),
        "reference_rows": reference.rows,
        "reference_source": reference.source,
        "columns": columns,
        "note": None,
    }


def _nothing(reference: Reference | None, note: str) -> Drift:
    return {
        "verdict": None,
        "reference_rows": reference.rows if reference else 0,
        "reference_source": reference.source if reference else "",
        "columns": [],
        "note": note,
    }


def _column(column: Watched, counts: Sequence[int], columns: int) -> ColumnDrift:
    """Compare one of `columns` columns."""
    rows, others = sum(counts), sum(column.counts)
    theirs, ours = joined(column.counts[1:], counts[1:], BINS)
    if column.counts[0] or counts[0]:
        theirs, ours = [column.counts[0], *theirs], [counts[0], *ours]
    if not column.is_number:
        distance = total_variation(column.counts, counts)
    elif sum(counts[1:]) and sum(column.counts[1:]):
        distance = kolmogorov_smirnov(column.counts[1:], counts[1:])
    else:
        # One of them has no value at all.
        distance = 1.0
    index = psi(ours, theirs)
    return {
        "name": column.name,
        "role": column.role,
        "aspect": column.aspect,
        "rows": rows,
        "missing": counts[0] / rows,
        "reference_missing": column.counts[0] / others,
        "psi": index,
        "distance": distance,
        "verdict": _verdict(index, psi_by_chance(len(ours), rows, others, columns)),
    }


def _verdict(index: float, by_chance: float) -> Verdict:
    """What a PSI means, if two samples of one distribution rarely exceed `by_chance`."""
    if index <= by_chance:
        return "stable" if by_chance < SOME else "too few rows to tell"
    if index < SOME:
        return "stable"
    return "some drift" if index < MUCH else "drift"
