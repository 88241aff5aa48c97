"""Proves that a new model gives what its user expects, or says what keeps it from it."""

from collections.abc import Callable, Iterable
from typing import Any

import pandas as pd

from training.proof.expectation import Difference, Expectation
from training.proof.proposal import Proposal, first_fitting


def prove_equal(
    expectation: Expectation,
    scored: pd.DataFrame,
    proposals: Callable[[], Iterable[Proposal]],
    name: str,
) -> list[Difference]:
    """Compare what a model gives with what is expected.

    Args:
        expectation: what is expected.
        scored: what the model gives for the rows.
        proposals: gives the settings to try if both differ.
        name: the name of the user's file.

    Returns:
        How each expected output compares; no row differs.

    Raises:
        ValueError: they differ; the message says how, and which setting would match.
    """
    differences = expectation.differences(scored)
    if not any(one.differing for one in differences):
        return differences
    fitting, tried = first_fitting(expectation, expectation.few(scored), proposals())
    said = "; ".join(_said(one) for one in differences if one.differing)
    rows = len(expectation.rows)
    if fitting is not None:
        advice = f": {fitting.advice}" if fitting.advice else ""
        raise ValueError(
            f"it does not give the outputs in {name}: {said}. {fitting.setting} all {rows:,} "
            f"rows match{advice}"
        )
    raise ValueError(
        f"it does not give the outputs in {name}: {said}. None of the {tried:,} settings that were "
        f"tried matches{_hint(differences)}"
    )


def _said(one: Difference) -> str:
    where = f"{one.output} (the column {one.column})" if one.guessed else one.output
    by = f" by up to {one.largest:.2g}" if isinstance(one.found, float) else ""
    return (
        f"{where} differs in {one.differing:,} of {one.rows:,} rows{by} (row {one.row:,}: "
        f"{shown(one.found)} instead of {shown(one.expected)})"
    )


def _hint(differences: list[Difference]) -> str:
    if all(one.largest < 1e-3 for one in differences):
        return (
            "; differences as small as these come from computing with 32 bits, or from another "
            "version of a library"
        )
    if [one.output for one in differences if one.differing] == ["label"]:
        return (
            "; a column label may hold the true labels of the data, and not those that the model "
            "gives: name the columns to compare with --expect-column"
        )
    return ""


def shown(value: Any) -> str:
    """A value for a message."""
    if value is None:
        return "none"
    return f"{value:.7g}" if isinstance(value, float) else str(value)[:40]
