"""Proves that a new model works: it scores a few rows, and tells what its classes are worth."""

import numpy as np
import pandas as pd

from scoring.independence import check_rows
from shared.examples import KEPT_ROWS, Examples
from shared.model import Model
from shared.signature import Input
from shared.tables.trial_rows import trial_rows
from training.added.proof_texts import PROOF

#: The most rows of an example that are scored in several ways.
_MOST_CHECKED = 32

#: How far a probability may lie outside 0..1. Some libraries compute with 32 bits.
_TOLERANCE = 1e-4


def classes_of(model: Model) -> dict[str, float]:
    """What each class of the model is worth in a score; empty if it has none."""
    classes: dict[str, float] = getattr(model, "classes", {})
    return classes


def proof_rows(model: Model, example: pd.DataFrame | None) -> pd.DataFrame:
    """The rows that a new model must score: the first ones of an example, texts, or made ones."""
    if example is not None:
        return example.head(len(PROOF))
    inputs = model.card.signature.inputs
    if model.card.signature.takes_text and not model.trial_values():
        return pd.DataFrame({inputs[0].name: pd.Series(PROOF, dtype=object)})
    return trial_rows(model, len(PROOF))


def with_more_rows(
    model: Model, rows: pd.DataFrame, scored: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Rows that were made, and what a model gives for them, with further rows up to `KEPT_ROWS`.

    Args:
        model: the model.
        rows: rows that it can score.
        scored: what it gives for them.
    """
    more = trial_rows(model, KEPT_ROWS - len(rows))
    try:
        found = model.score(more)
    # A model is user code, and may know a few words only, which made rows may lack.
    except Exception:  # noqa: BLE001
        return rows, scored
    joined = pd.concat([rows, more], ignore_index=True)
    return joined, pd.concat([scored, found], ignore_index=True)


def check_example(model: Model, rows: pd.DataFrame) -> None:
    """Check that what a model gives for a row of an example depends on nothing but the row.

    Raises:
        ValueError: it depends on more.
    """
    check_rows(model.score, rows.head(_MOST_CHECKED))


def prove(model: Model, rows: pd.DataFrame) -> pd.DataFrame:
    """Score some rows as a worker does, and return what the model gives.

    Raises:
        ValueError: the model cannot score them, its outputs are not those of its signature, one is
            outside its range, or no row of a table has one.
    """
    model.warm_up()
    outputs = model.card.signature.outputs
    is_of_texts = model.card.signature.takes_text
    try:
        scored = model.score(rows)
    # A model is user code, and may raise any exception.
    except Exception as error:
        said = f"{type(error).__name__}: {str(error).partition(chr(10))[0][:200]}"
        raise ValueError(f"it cannot score {len(rows)} rows ({said})") from error
    if list(scored.columns) != [one.name for one in outputs]:
        raise ValueError(f"it gives the columns {', '.join(scored.columns)}")
    for one in outputs:
        # A text may have no score, if the model knows none of its words.
        if one.is_number and scored[one.name].isna().all() and not is_of_texts:
            raise ValueError(
                f"its {one.name} is no number in any of {len(rows)} rows. If these rows are unlike "
                "those of its training, give some with --example"
            )
        if one.is_number and (one.minimum is not None or one.maximum is not None):
            low = -np.inf if one.minimum is None else one.minimum
            high = np.inf if one.maximum is None else one.maximum
            values = scored[one.name].to_numpy()
            allowed = (values >= low - _TOLERANCE) & (values <= high + _TOLERANCE)
            if not (allowed | np.isnan(values)).all():
                found = f"its {one.name} is not all in {low:g}..{high:g}: {values.tolist()}"
                raise ValueError(found)
    return scored


def chosen_examples(
    inputs: tuple[Input, ...], rows: pd.DataFrame, scored: pd.DataFrame
) -> Examples:
    """The rows that are stored with a model: the first ones with outputs of their own, then others.

    Equal outputs prove less: a model may give most rows one and the same label.

    Args:
        inputs: the inputs of the model.
        rows: the rows.
        scored: what it gives for them.
    """
    repeated = scored.round(3).astype(str).duplicated().to_numpy()
    chosen = np.sort(np.argsort(repeated, kind="stable")[:KEPT_ROWS])
    return Examples.of(inputs, rows.iloc[chosen], scored.iloc[chosen])
