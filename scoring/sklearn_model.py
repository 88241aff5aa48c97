"""The runtime for fitted scikit-learn estimators and pipelines, saved by joblib or pickle."""

import logging
import warnings
from importlib.metadata import version
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.base import is_classifier
from sklearn.exceptions import InconsistentVersionWarning
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # it ships no types
from typing_extensions import override

from scoring.class_values import expected_score, given_values, values_of_labels
from scoring.saved.unpickling import load_pickle, version_note
from scoring.saved.upgrade import upgrade
from scoring.unwrapping import unwrapped
from scoring.words.fast_vectorisers import with_fast_vectorisers
from scoring.words.word_pipeline import WordPipeline
from shared.errors.model import UnusableModel
from shared.model import SCORE, TEXT, Card, Model

logger = logging.getLogger(__name__)

#: Texts that every model must be able to score when it is loaded.
_TRIAL = ["I am well", "It was terrible, I want my money back.", "\N{WHITE SMILING FACE}"]

#: How far the predictions of a regressor may lie outside 0..1. A regressor that goes further was
#: fitted to another target.
_OVERSHOOT = 0.5


class SklearnModel(Model):
    """A fitted estimator; `load` reads `model.pkl`."""

    def __init__(self, estimator: Any, card: Card, path: Path) -> None:
        self.card = card
        self._estimator = estimator = unwrapped(estimator)
        self.class_values = _class_values(estimator, card, path)
        _check_trial_texts(self, path)
        self._estimator = _faster(estimator)

    @classmethod
    @override
    def load(cls, folder: Path, card: Card) -> Self:
        # Workers run one process per core: more BLAS or OpenMP threads would only compete for
        # cores.
        threadpool_limits(1)
        path = folder / card.model_file
        return cls(read_estimator(path), card, path)

    @override
    def score(self, frame: pd.DataFrame) -> pd.DataFrame:
        numbers = self.numbers(frame[TEXT].tolist()) if len(frame) else np.empty(0)
        return pd.DataFrame({SCORE: np.clip(numbers, 0.0, 1.0)}, index=frame.index)

    def numbers(self, texts: list[str]) -> npt.NDArray[np.float64]:
        """The unclipped scores of n texts, n >= 1; a regressor may leave 0..1 by a little."""
        if self.class_values is None:
            return np.asarray(self._estimator.predict(texts), dtype=np.float64)
        return expected_score(self._estimator.predict_proba(texts), self.class_values)

    @override
    def warm_up(self) -> None:
        self.numbers(_TRIAL)


def _faster(estimator: Any) -> Any:
    """An estimator with the same results that counts words faster, or the estimator itself."""
    try:
        for faster in (WordPipeline.from_estimator, with_fast_vectorisers):
            if (found := faster(estimator)) is not None:
                return found
    # scikit-learn can score with attributes missing or changed that the faster code reads.
    except Exception as error:  # noqa: BLE001
        logger.warning("scikit-learn runs the pipeline, because faster code raises %r", error)
    return estimator


def read_estimator(path: Path) -> Any:
    """Unpickle an estimator. Unpickling runs code from the file, so the file must be trusted.

    Raises:
        shared.errors.model.UnusableModel: the file cannot be unpickled here.
    """
    here = version("scikit-learn")
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            estimator, missing = load_pickle(path)
    except (ImportError, AttributeError) as error:
        reason = (
            f"its pickle needs something that is not installed here ({error}). Install the package "
            f"that provides it, or the scikit-learn version that saved it (here: {here})"
            f"{version_note(path)}"
        )
        raise UnusableModel(path=path, reason=reason) from error
    # Unpickling runs code from the file, which may raise any exception.
    except Exception as error:
        reason = (
            f"it cannot be unpickled ({type(error).__name__}: {error}). Save the fitted pipeline "
            f"with joblib.dump, under scikit-learn {here}{version_note(path)}"
        )
        raise UnusableModel(path=path, reason=reason) from error
    saved_with = {
        warning.message.original_sklearn_version
        for warning in caught
        if isinstance(warning.message, InconsistentVersionWarning)
    }
    if saved_with or missing:
        saved_with = saved_with or {here}
        upgrade(estimator, saved_with=saved_with, missing=missing, path=path)
        logger.warning(
            "%s was saved by scikit-learn %s and runs under %s",
            path,
            ", ".join(sorted(saved_with)),
            here,
        )
    return estimator


def class_labels(estimator: Any) -> list[Any]:
    """The labels of a classifier, in the order of its probabilities; empty for a regressor."""
    labels = np.asarray(getattr(estimator, "classes_", []))
    return list(labels.tolist())


def _class_values(estimator: Any, card: Card, path: Path) -> npt.NDArray[np.float64] | None:
    """The values of the classes; None for an estimator that predicts the score itself."""
    if not hasattr(estimator, "predict_proba"):
        _refuse_classifier(estimator, path)
        return None
    labels = class_labels(estimator)
    try:
        values = given_values(card.options, len(labels))
        return values_of_labels(labels) if values is None else values
    except ValueError as error:
        raise UnusableModel(path=path, reason=str(error)) from error


def _refuse_classifier(estimator: Any, path: Path) -> None:
    if not hasattr(estimator, "predict"):
        reason = f"it holds a {type(estimator).__name__}, which is not an estimator that predicts"
        raise UnusableModel(path=path, reason=reason)
    if is_classifier(estimator):
        reason = (
            "it is a classifier without predict_proba, so it has no graded score. Wrap the "
            "classifier in sklearn.calibration.CalibratedClassifierCV and fit it again"
        )
        raise UnusableModel(path=path, reason=reason)


def _check_trial_texts(model: SklearnModel, path: Path) -> None:
    try:
        numbers = model.numbers(_TRIAL)
    # The estimator is user code and may raise any exception.
    except Exception as error:
        reason = (
            f"it does not score texts ({type(error).__name__}: {error}). Save a pipeline that "
            "begins with its vectoriser, fitted and saved with the scikit-learn version used here "
            f"({version('scikit-learn')}){version_note(path)}"
        )
        raise UnusableModel(path=path, reason=reason) from error
    if numbers.shape != (len(_TRIAL),) or not np.isfinite(numbers).all():
        raise UnusableModel(path=path, reason="it does not return one finite number per text")
    if numbers.min() < -_OVERSHOOT or numbers.max() > 1 + _OVERSHOOT:
        reason = (
            f"it predicts {numbers.min():.3g} to {numbers.max():.3g}, and a score is in 0..1. "
            "Scale its target to 0..1 and fit it again"
        )
        raise UnusableModel(path=path, reason=reason)
