"""Makes the reference of a model: how its scores and inputs are distributed in given rows."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from shared.card import Card, save_card
from shared.drift.reference import MOST_COLUMNS, NAME_OF, Reference, Watched
from shared.model import Model
from shared.reach import KNOWN, WORDS
from shared.signature import Input, Output
from training.binning import names_watched, numbers_watched

#: The most rows that are counted, drawn at random: more would hardly move the bins.
MOST_ROWS = 10_000

#: With fewer rows there is no reference: nearly every job would look different by chance.
LEAST_ROWS = 100


def reference_of(model: Model, rows: pd.DataFrame, source: str) -> Reference | None:
    """Score rows, and count their outputs and inputs.

    Args:
        model: the model.
        rows: the columns that it takes, with the dtypes of `Model.score`; perhaps others.
        source: what the rows are, in words.

    Returns:
        The reference; None if there are fewer than `LEAST_ROWS` rows.
    """
    if len(rows) < LEAST_ROWS:
        return None
    if len(rows) > MOST_ROWS:
        rows = rows.sample(MOST_ROWS, random_state=0)
    rows = rows.reset_index(drop=True)
    counting = model.with_reach() if hasattr(model, "with_reach") else None
    found = (counting or model).score(rows)
    columns = [*_outputs(model.card.signature.outputs, found)]
    for one in model.card.signature.inputs:
        columns += _inputs(one, rows[one.name], found, is_text=model.card.signature.takes_text)
    return Reference(rows=len(rows), source=source, columns=tuple(columns[:MOST_COLUMNS]))


def with_reference(folder: Path, model: Model, rows: pd.DataFrame, source: str) -> Card:
    """Write the reference of a model into its card, if there are rows enough; returns the card.

    Args:
        folder: the model folder.
        model: loaded from it.
        rows: as in `reference_of`.
        source: what they are.
    """
    card = model.card.model_copy(update={"reference": reference_of(model, rows, source)})
    save_card(folder, card)
    return card


def _outputs(outputs: tuple[Output, ...], found: pd.DataFrame) -> Iterator[Watched]:
    for one in outputs:
        if one.on_request or one.name not in found:
            continue
        if one.is_number:
            numbers = numbers_watched(_numbers(found[one.name]), one.name, "output")
            yield from [numbers] if numbers else []
        else:
            names = names_watched(_names(one.type, found[one.name]), one.name, "output")
            yield from [names] if names else []


def _inputs(
    one: Input, values: "pd.Series[Any]", found: pd.DataFrame, *, is_text: bool
) -> Iterator[Watched]:
    """What is watched of an input; of times nothing, because they go on in any case."""
    watched: list[Watched | None] = []
    if one.type in ("double", "long"):
        watched.append(numbers_watched(_numbers(values), one.name, "input"))
    elif one.type == "boolean":
        watched.append(names_watched(_names(one.type, values), one.name, "input"))
    elif one.type == "string":
        names = _names(one.type, values)
        named = None if is_text else names_watched(names, one.name, "input")
        lengths = [float("nan") if name is None else float(len(name)) for name in names]
        watched.append(named or numbers_watched(lengths, one.name, "input", "characters"))
    if is_text and WORDS in found:
        with np.errstate(invalid="ignore"):
            shares = found[KNOWN].to_numpy() / found[WORDS].to_numpy()
        watched.append(numbers_watched(shares.tolist(), one.name, "input", "known words"))
    yield from (column for column in watched if column)


def _numbers(values: "pd.Series[Any]") -> list[float]:
    floats: list[float] = values.to_numpy(dtype=np.float64, na_value=np.nan).tolist()
    return floats


def _names(kind: str, values: "pd.Series[Any]") -> list[str | None]:
    missing = values.isna().tolist()
    pairs = zip(values.tolist(), missing, strict=True)
    return [None if is_missing else NAME_OF[kind](value) for value, is_missing in pairs]
