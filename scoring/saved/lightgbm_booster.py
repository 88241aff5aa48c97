"""Gives a Booster of LightGBM, which its text files hold, the methods of scikit-learn."""

from typing import Any

import numpy as np
import numpy.typing as npt


class BoosterRegressor:
    """A Booster that gives one number for each row.

    Attributes:
        booster_: the Booster.
    """

    #: See `scoring.estimators.boosted.library_of`.
    boosted_by = "lightgbm"

    def __init__(self, booster: Any) -> None:
        self.booster_ = booster
        self.n_features_in_: int = booster.num_feature()

    @property
    def feature_names_in_(self) -> npt.NDArray[Any]:
        """The names of its columns.

        Raises:
            AttributeError: it was fitted to an array, whose columns have no names.
        """
        names = self.booster_.feature_name()
        if names == [f"Column_{place}" for place in range(len(names))]:
            raise AttributeError("feature_names_in_")
        return np.array(names, dtype=object)

    def predict(self, rows: Any) -> Any:
        """The number of each of n rows."""
        return self.booster_.predict(rows, num_threads=1)


class BoosterClassifier(BoosterRegressor):
    """A Booster that gives the probabilities of the classes 0, 1 and so on."""

    def __init__(self, booster: Any) -> None:
        super().__init__(booster)
        self.classes_ = np.arange(max(2, booster.num_model_per_iteration()))

    def predict_proba(self, rows: Any) -> npt.NDArray[np.float64]:
        """An array of n x K probabilities."""
        found = np.asarray(self.booster_.predict(rows, num_threads=1))
        return np.column_stack([1 - found, found]) if found.ndim == 1 else found

    def predict(self, rows: Any) -> Any:
        """The most probable class of each of n rows."""
        return self.classes_[self.predict_proba(rows).argmax(axis=1)]


def classifier_or_regressor(booster: Any) -> BoosterRegressor:
    """The estimator for a Booster, by its objective.

    Raises:
        ValueError: it ranks rows, or its objective is not in the file.
    """
    header = booster.model_to_string(num_iteration=1).partition("\nTree=")[0]
    lines = dict(line.split("=", 1) for line in header.splitlines() if "=" in line)
    objective = lines.get("objective", "").partition(" ")[0]
    if objective in ("binary", "multiclass", "multiclassova"):
        return BoosterClassifier(booster)
    if objective in ("lambdarank", "rank_xendcg", ""):
        named = objective or "of its own"
        raise ValueError(f"its objective {named} gives no numbers for rows by themselves")
    return BoosterRegressor(booster)
