"""Scores rows; finds those on which the model raises by bisection, and scores the rest."""

import logging
from array import array
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from typing_extensions import override

from shared.model import Scorer
from shared.signature import Output
from shared.tables.spans import Coded, SharedValues
from shared.telemetry.safe_traceback import where
from worker.tables.lists import list_of

logger = logging.getLogger(__name__)

#: The n values of an output.
Values = npt.NDArray[Any] | Coded

#: How often a model may raise for the rows of one part; the rows that are not scored by then get an
#: error. This is enough to find some fifty bad rows among thousands. A broken model, which always
#: raises, gets there in seconds.
MAX_RAISED = 1000


def score_texts(
    model: Scorer, texts: Sequence[str], outputs: Sequence[Output]
) -> list[Values] | None:
    """Score n texts without a DataFrame, which takes most of the time of a few texts.

    Args:
        model: a loaded model that takes texts alone.
        texts: the texts, at least one.
        outputs: the outputs that are wanted.

    Returns:
        What `score_frame` returns of them if no text has an error; None: `score_frame` must score
        them, because the model cannot do it so, or to find out which texts have errors.
    """
    # A runtime of a user's own need not inherit the method.
    score = getattr(model, "score_texts", None)
    if score is None:
        return None
    try:
        found = score(texts)
        if found is None:
            return None
        columns = [_values(found[one.name], one) for one in outputs]
    except Exception:  # noqa: BLE001  `score_frame` comes to it too, and logs it
        return None
    if any(len(column) != len(texts) for column in columns):
        return None
    for one, column in zip(outputs, columns, strict=True):
        if one.required and not isinstance(column, Coded) and _missing(column).any():
            return None
    return columns


def score_frame(
    model: Scorer, frame: pd.DataFrame, outputs: Sequence[Output], what: str
) -> tuple[list[Values], dict[int, str]]:
    """Score n rows as one DataFrame; if the model raises, score each half by itself, and so on.

    Args:
        model: a loaded model.
        frame: the rows, with an index from 0.
        outputs: the outputs that are wanted.
        what: the name of what is scored, for errors: `text` or `row`.

    Returns:
        The n values of each output; and the errors by the indexes of the rows on which the model
        raised, or for which it gave no value. An output that is not required may have missing
        values: NaN for a `double`, otherwise None.
    """
    reasons: dict[int, str] = {}
    done: list[tuple[int, int, list[Values]]] = []
    raised = 0
    rows = len(frame)
    runs = [(0, rows)]
    while runs:
        begin, end = runs.pop()
        try:
            piece = frame if end - begin == rows else frame.iloc[begin:end].reset_index(drop=True)
            found = model.score(piece)
            if len(found) != len(piece):
                # A row without outputs is an error, and never gets those of another one.
                found = found.reindex(piece.index)
            done.append((begin, end, [_values(found[one.name], one) for one in outputs]))
        except Exception as error:  # noqa: BLE001  a model may raise anything; it is logged
            raised += 1
            if raised == 1:
                logger.error("model=%s raised: %s", model.card.full_name, where(error))  # noqa: TRY400  the message may quote a text
            middle = (begin + end) // 2
            if end - begin > 1 and raised < MAX_RAISED:
                runs += [(middle, end), (begin, middle)]
            else:
                this = f"this {what}" if end - begin == 1 else "this row's part"
                reason = f"the model could not score {this}: {type(error).__name__}"
                reasons |= dict.fromkeys(range(begin, end), reason)
    columns = _joined(done, rows, outputs)
    for one, column in zip(outputs, columns, strict=True):
        if isinstance(column, Coded) or not one.required:
            continue
        for row in np.flatnonzero(_missing(column)).tolist():
            named = "number" if what == "text" and one.is_number else one.name
            reasons.setdefault(row, f"the model gave no {named} for this {what}")
    return columns, reasons


def _values(column: "pd.Series[Any] | pd.Categorical | npt.NDArray[Any]", output: Output) -> Values:
    """The values of an output: floats for a `double`, otherwise whatever the model gives.

    Texts of pandas categories stay codes if they may be missing.

    Raises:
        OverflowError: a whole number that 64 bits cannot hold, so that no result could have it.
    """
    if isinstance(column, np.ndarray):
        values = column if output.type != "double" else column.astype(float, copy=False)
    elif not output.required and isinstance(column.dtype, pd.CategoricalDtype):
        coded = column if isinstance(column, pd.Categorical) else column.cat
        texts = _texts_of(_Same(coded.categories))
        codes = np.array(coded.codes, dtype=np.int32)
        codes[codes < 0] = len(texts) - 1
        return Coded(array("i", codes.tobytes()), texts)
    else:
        column = pd.Series(column) if isinstance(column, pd.Categorical) else column
        values = column.to_numpy(dtype=float if output.type == "double" else None)
    if output.type == "double":
        return values
    if output.type == "long" and values.dtype.kind in "Ou":
        np.array(values[~np.asarray(pd.isna(values))].tolist(), dtype=np.int64)
    if not output.required:
        # No result may tell one kind of missing value from another.
        missing = np.asarray(pd.isna(values))
        if missing.any():
            values = values.astype(object)
            values[missing] = None
    return values


class _Same:
    """An index of pandas that only equals itself, so that a cache need not compare the elements."""

    def __init__(self, index: "pd.Index[Any]") -> None:
        self.index = index

    @override
    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.index is self.index

    @override
    def __hash__(self) -> int:
        return id(self.index)


@lru_cache(maxsize=8)
def _texts_of(same: _Same) -> SharedValues:
    """The texts of categories, and None: an explanation has those of a model in every part."""
    return SharedValues([*same.index.to_numpy().tolist(), None])


def _missing(column: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    """Where a value is missing, or not finite."""
    missing: npt.NDArray[np.bool_]
    missing = ~np.isfinite(column) if column.dtype.kind == "f" else np.asarray(pd.isna(column))
    return missing


def _joined(
    done: list[tuple[int, int, list[Values]]], rows: int, outputs: Sequence[Output]
) -> list[Values]:
    """The values of all runs together, with None for a row of none of them."""
    if len(done) == 1 and done[0][:2] == (0, rows):
        return done[0][2]
    columns: list[npt.NDArray[Any]] = [
        np.full(rows, np.nan) if one.type == "double" else np.full(rows, None, dtype=object)
        for one in outputs
    ]
    for begin, end, values in done:
        for column, run in zip(columns, values, strict=True):
            column[begin:end] = list_of(run) if isinstance(run, Coded) else run
    return list(columns)
