"""Checks that what a model gives for a row depends on nothing but the row."""

import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.decomposition import NMF, MiniBatchNMF

from scoring.estimators.checks import TRIAL_TEXTS
from scoring.saved.parts import all_parts
from scoring.words.proof import trial_texts

#: The maximum difference between outputs for the same text, as a share of the largest output.
#: Libraries that compute with 32 bits differ by less between calls with one row and with many.
_TOLERANCE = 1e-5

#: How many texts of the model's own words are tried, and how many of all are tried alone.
_OWN_TEXTS, _ALONE = 12, 8

_WHAT_TO_DO = (
    "A service scores rows in batches of any size, so a score would change from job to job. "
    "Replace the step that takes figures of the whole batch or random numbers by one that learns "
    "them in `fit`, as MaxAbsScaler() for FunctionTransformer(maxabs_scale), or TruncatedSVD for "
    "NMF, and fit the pipeline again"
)


def check_independence(estimator: Any) -> None:
    """Check that an estimator gives a text the same outputs alone, among others, and again.

    Args:
        estimator: fitted, with `predict_proba` or `predict` for the texts `TRIAL_TEXTS`.

    Raises:
        ValueError: the outputs differ; the message says how, and what to do.
    """
    method = estimator.predict_proba if hasattr(estimator, "predict_proba") else estimator.predict
    for texts in (list(TRIAL_TEXTS), texts_of_own_words(estimator, _OWN_TEXTS)):
        if difference := _difference(method, texts):
            raise ValueError(f"{difference}. {_WHAT_TO_DO}")


def check_steps(estimator: Any) -> None:
    """Check that an estimator holds no step that is known to look at the whole batch.

    The solvers of NMF stop when the whole batch has converged, which may change outputs by less
    than a trial can tell from rounding.

    Args:
        estimator: fitted.

    Raises:
        ValueError: it holds one.
    """
    for part in all_parts(estimator):
        if type(part) in (NMF, MiniBatchNMF):
            raise ValueError(
                f"what its {type(part).__name__} gives for a row depends on the other rows. "
                f"{_WHAT_TO_DO}"
            )


def check_rows(score: Callable[[pd.DataFrame], pd.DataFrame], rows: pd.DataFrame) -> None:
    """Check that a model gives each of some rows the same alone, among others, and again.

    Args:
        score: scores a frame, as `Model.score` does.
        rows: the rows; nothing is checked if the model cannot score them.

    Raises:
        ValueError: what it gives differs; the message says how, and what to do.
    """
    if difference := _difference(lambda part: _columns(score(part)), rows, "row"):
        raise ValueError(f"{difference}. {_WHAT_TO_DO}")


def _columns(scored: pd.DataFrame) -> npt.NDArray[np.float64]:
    """The columns as numbers; a text becomes a checksum in 0..1, so that it hides no number."""
    numbers = [
        [zlib.crc32(value.encode()) / 2**32 for value in column.tolist()]
        if column.dtype == object
        else column.to_numpy(dtype=np.float64)
        for _, column in scored.items()
    ]
    return np.column_stack(numbers)


def texts_of_own_words(estimator: Any, count: int) -> list[str]:
    """Texts of the words that an estimator has learnt; none if it has learnt no words.

    Args:
        estimator: fitted.
        count: the number of texts.
    """
    words: dict[str, None] = {}
    for part in all_parts(estimator):
        vocabulary = vars(part).get("vocabulary_")
        if isinstance(vocabulary, dict):
            words.update(dict.fromkeys(map(str, vocabulary)))
    return trial_texts(list(words))[:count] if words else []


def _difference(method: Callable[[Any], Any], rows: Any, what: str = "text") -> str:
    """How the outputs for rows differ between calls; empty if they do not.

    Args:
        method: what gives the outputs.
        rows: a list or a frame.
        what: what a row is called.
    """
    try:
        found = _numbers(method(rows))
        again = _numbers(method(rows))
        turned = _numbers(method(rows[::-1]))[::-1]
        alone = [_numbers(method(rows[place : place + 1])) for place in range(len(rows))[:_ALONE]]
        one_by_one = np.concatenate(alone) if alone else found
    # The estimator is user code, and may raise any exception for rows that it cannot score. Such
    # rows get errors.
    except Exception:  # noqa: BLE001
        return ""
    if apart := _apart(found, again):
        return f"it gives the same {what}s other outputs when it is asked again ({apart:.2g} apart)"
    if apart := _apart(found, turned):
        return f"its outputs for a {what} depend on the order of the {what}s ({apart:.2g} apart)"
    if apart := _apart(found[:_ALONE], one_by_one):
        return (
            f"its outputs for a {what} depend on the other {what}s of the call ({apart:.2g} apart)"
        )
    return ""


def _numbers(found: Any) -> npt.NDArray[np.float64]:
    return np.nan_to_num(np.asarray(found, dtype=np.float64))


def _apart(one: npt.NDArray[np.float64], other: npt.NDArray[np.float64]) -> float:
    """The largest difference; 0 within the tolerance, infinite between different shapes."""
    if one.shape != other.shape:
        return np.inf
    # By column: a prediction of millions must not hide a probability.
    allowed = _TOLERANCE * np.abs(one).max(axis=0, initial=1)
    apart = np.abs(one - other)
    return float(apart.max(initial=0)) if (apart > allowed).any() else 0.0
