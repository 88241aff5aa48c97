"""The runtime for fitted scikit-learn estimators and pipelines: pickles, and files of skops."""

import logging
from pathlib import Path
from typing import Any, Self

import joblib
import numpy as np
import numpy.typing as npt
import pandas as pd
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # it ships no types
from typing_extensions import override

from scoring.class_values import expected_score
from scoring.estimators.checks import (
    TRIAL_TEXTS,
    class_labels,
    class_values_of,
    exclude_each_other,
    target_range_of,
    without_class,
)
from scoring.estimators.named_classes import with_class_names
from scoring.estimators.unwrapping import unwrapped
from scoring.independence import check_independence
from scoring.saved.reading import read_estimator
from scoring.saved.unpickling import version_note
from scoring.words.fast_vectorisers import with_fast_vectorisers
from scoring.words.word_pipeline import WordPipeline
from shared.errors.model import UnusableModel
from shared.model import SCORE, TEXT, Card, Model

logger = logging.getLogger(__name__)


class SklearnModel(Model):
    """A fitted estimator; `load` reads `model.pkl` or `model.skops`.

    Attributes:
        classes: what each class is worth in a score, by its label; empty for a regressor.
    """

    def __init__(self, estimator: Any, card: Card, path: Path) -> None:
        self.card = card
        estimator = unwrapped(estimator)
        with _one_at_a_time():
            try:
                self.class_values = class_values_of(estimator, card.options)
                self._low, self._high = target_range_of(card.options) or (0.0, 1.0)
                check_independence(estimator)
            except ValueError as error:
                raise UnusableModel(path=path, reason=f"{error}{version_note(path)}") from error
            self.classes: dict[str, float] = {}
            self._has_one_class = False
            if self.class_values is not None:
                labels = map(str, class_labels(estimator, card.options))
                self.classes = dict(zip(labels, self.class_values.tolist(), strict=True))
                found = np.asarray(estimator.predict_proba(list(TRIAL_TEXTS)))
                self._has_one_class = exclude_each_other(estimator, found)
            self._estimator = _faster(estimator)

    @classmethod
    @override
    def load(cls, folder: Path, card: Card) -> Self:
        # Workers run one process per core: more BLAS or OpenMP threads would only compete for
        # cores.
        threadpool_limits(1)
        path = folder / card.model_file
        estimator = read_estimator(path)
        try:
            estimator = with_class_names(estimator, card.options)
        except ValueError as error:
            raise UnusableModel(path=path, reason=str(error)) from error
        return cls(estimator, card, path)

    @override
    def score(self, frame: pd.DataFrame) -> pd.DataFrame:
        numbers = self.numbers(frame[TEXT].tolist()) if len(frame) else np.empty(0)
        return pd.DataFrame({SCORE: np.clip(numbers, 0.0, 1.0)}, index=frame.index)

    def numbers(self, texts: list[str]) -> npt.NDArray[np.float64]:
        """The unclipped scores of n texts, n >= 1; a regressor may leave 0..1 by a little.

        A text that belongs to none of the classes has the score NaN.
        """
        with _one_at_a_time():
            if self.class_values is None:
                predicted = np.asarray(self._estimator.predict(texts), dtype=np.float64)
                return (predicted - self._low) / (self._high - self._low)
            probabilities = np.asarray(self._estimator.predict_proba(texts), dtype=np.float64)
        scores = expected_score(probabilities, self.class_values)
        if self._has_one_class:
            # Probabilities of 0 alone would become the score 0, the most negative of all.
            scores[without_class(probabilities)] = np.nan
        return scores

    @override
    def warm_up(self) -> None:
        self.numbers(list(TRIAL_TEXTS))


def _one_at_a_time() -> Any:
    """Keeps estimators with `n_jobs` from starting threads or processes.

    Each worker process has one core, and starting threads takes longer than scoring a few rows.
    """
    return joblib.parallel_config(backend="sequential")


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
