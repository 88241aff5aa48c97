"""The runtime for fitted scikit-learn estimators and pipelines, saved by joblib or pickle."""

import logging
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # it ships no types
from typing_extensions import override

from scoring.class_values import expected_score
from scoring.estimators.checks import TRIAL_TEXTS, class_labels, class_values_of, target_range_of
from scoring.estimators.unwrapping import unwrapped
from scoring.saved.reading import read_estimator
from scoring.saved.unpickling import version_note
from scoring.words.fast_vectorisers import with_fast_vectorisers
from scoring.words.word_pipeline import WordPipeline
from shared.errors.model import UnusableModel
from shared.model import SCORE, TEXT, Card, Model

logger = logging.getLogger(__name__)


class SklearnModel(Model):
    """A fitted estimator; `load` reads `model.pkl`.

    Attributes:
        classes: what each class is worth in a score, by its label; empty for a regressor.
    """

    def __init__(self, estimator: Any, card: Card, path: Path) -> None:
        self.card = card
        estimator = unwrapped(estimator)
        try:
            self.class_values = class_values_of(estimator, card.options)
            self._low, self._high = target_range_of(card.options) or (0.0, 1.0)
        except ValueError as error:
            raise UnusableModel(path=path, reason=f"{error}{version_note(path)}") from error
        self.classes: dict[str, float] = {}
        if self.class_values is not None:
            labels = map(str, class_labels(estimator))
            self.classes = dict(zip(labels, self.class_values.tolist(), strict=True))
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
            predicted = np.asarray(self._estimator.predict(texts), dtype=np.float64)
            return (predicted - self._low) / (self._high - self._low)
        return expected_score(self._estimator.predict_proba(texts), self.class_values)

    @override
    def warm_up(self) -> None:
        self.numbers(list(TRIAL_TEXTS))


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
