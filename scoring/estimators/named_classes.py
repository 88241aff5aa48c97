"""A classifier whose classes have other names than the numbers to which it was fitted."""

from typing import Any, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.metaestimators import available_if

#: The option of a card with the names of the classes, in place of the numbers that an encoder of
#: labels gave to the estimator.
CLASS_NAMES = "class_names"


def with_class_names(estimator: Any, options: dict[str, Any]) -> Any:
    """An estimator whose `classes_` and `predict` have the names on its card, if there are some.

    Raises:
        ValueError: the card does not have one name for each class.
    """
    if CLASS_NAMES not in options:
        return estimator
    names, own = options[CLASS_NAMES], np.asarray(getattr(estimator, "classes_", []))
    if own.ndim != 1 or len(names) != len(own):
        count = len(own) if own.ndim == 1 else "several lists of"
        raise ValueError(f"its card names {len(names)} classes, and it has {count}")
    return NamedClasses(estimator, names)


class NamedClasses(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """A fitted classifier with names for its K classes.

    It is made when a model is loaded, and never stored.

    Attributes:
        estimator: the classifier; its probabilities are those of the whole.
        classes_: the K names, in the order of the probabilities.
    """

    def __init__(self, estimator: Any, names: list[Any]) -> None:
        self.estimator = estimator
        self.names = names
        self.classes_ = np.array(names)
        own = np.asarray(estimator.classes_)
        self._order = np.argsort(own)
        self._sorted = own[self._order]

    def fit(self, *_: Any) -> Self:
        """Do nothing: the classifier is fitted."""
        return self

    def predict(self, rows: Any) -> npt.NDArray[Any]:
        """The names of the most probable classes of n rows.

        A multi-label classifier gives its matrix of n x K, whose columns are the classes.

        Raises:
            ValueError: the classifier predicts something that is none of its classes.
        """
        found = np.asarray(self.estimator.predict(rows))
        if found.ndim > 1:
            return found
        places = np.searchsorted(self._sorted, found).clip(max=len(self._sorted) - 1)
        if not np.array_equal(self._sorted[places], found):
            raise ValueError("it predicts labels that are none of its classes")
        return np.asarray(self.classes_[self._order[places]])

    @available_if(lambda self: hasattr(self.estimator, "predict_proba"))  # type: ignore[untyped-decorator]
    def predict_proba(self, rows: Any) -> Any:
        """The probabilities of n rows: n x K."""
        return self.estimator.predict_proba(rows)

    @property
    def n_features_in_(self) -> int:
        """The number of columns that the classifier takes."""
        return int(self.estimator.n_features_in_)

    @property
    def feature_names_in_(self) -> npt.NDArray[Any]:
        """The names of the columns that the classifier takes."""
        return np.asarray(self.estimator.feature_names_in_)
