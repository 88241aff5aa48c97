"""Checks that the score of a text depends on nothing but the text."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from scoring.estimators.checks import TRIAL_TEXTS
from scoring.saved.parts import all_parts
from scoring.words.proof import trial_texts

#: The maximum difference between outputs for the same text, as a share of the largest output.
#: Libraries that compute with 32 bits differ by less between calls with one row and with many.
_TOLERANCE = 1e-5

#: How many texts of the model's own words are tried, and how many of all are tried alone.
_OWN_TEXTS, _ALONE = 12, 8

_WHAT_TO_DO = (
    "A service scores texts in batches of any size, so a score would change from job to job. "
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
    for texts in (list(TRIAL_TEXTS), _texts_of_own_words(estimator)):
        if difference := _difference(method, texts):
            raise ValueError(f"{difference}. {_WHAT_TO_DO}")


def _texts_of_own_words(estimator: Any) -> list[str]:
    words: dict[str, None] = {}
    for part in all_parts(estimator):
        vocabulary = vars(part).get("vocabulary_")
        if isinstance(vocabulary, dict):
            words.update(dict.fromkeys(map(str, vocabulary)))
    return trial_texts(list(words))[:_OWN_TEXTS] if words else []


def _difference(method: Callable[[list[str]], Any], texts: list[str]) -> str:
    """How the outputs for the texts differ between calls; empty if they do not."""
    try:
        found = _numbers(method(texts))
        again = _numbers(method(texts))
        turned = _numbers(method(texts[::-1]))[::-1]
        alone = [_numbers(method([text])) for text in texts[:_ALONE]]
        one_by_one = np.concatenate(alone) if alone else found
    # The estimator is user code, and may raise any exception for texts that it cannot score. Such
    # texts are errors of their rows.
    except Exception:  # noqa: BLE001
        return ""
    if apart := _apart(found, again):
        return f"it gives the same texts other outputs when it is asked again ({apart:.2g} apart)"
    if apart := _apart(found, turned):
        return f"its outputs for a text depend on the order of the texts ({apart:.2g} apart)"
    if apart := _apart(found[:_ALONE], one_by_one):
        return f"its outputs for a text depend on the other texts of the call ({apart:.2g} apart)"
    return ""


def _numbers(found: Any) -> npt.NDArray[np.float64]:
    return np.nan_to_num(np.asarray(found, dtype=np.float64))


def _apart(one: npt.NDArray[np.float64], other: npt.NDArray[np.float64]) -> float:
    """The largest difference; 0 within the tolerance, infinite between different shapes."""
    if one.shape != other.shape:
        return np.inf
    apart = float(np.abs(one - other).max(initial=0))
    largest = float(np.abs(one).max(initial=1))
    return apart if apart > _TOLERANCE * largest else 0.0
