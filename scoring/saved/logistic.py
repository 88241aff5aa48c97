"""Logistic regressions fitted before scikit-learn 1.8, which removed the option `multi_class`.

Newer versions ignore the option in a saved model, and give other probabilities without a warning.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import softmax
from sklearn.linear_model import LogisticRegression
from typing_extensions import override

#: The solvers that fit one classifier for each class: `newton-cholesky` did so before version 1.6.
_BY_CLASS = {"liblinear"}
_BY_CLASS_BEFORE_1_6 = {"liblinear", "newton-cholesky"}


class OneVsRestLogistic(LogisticRegression):  # type: ignore[misc]  # scikit-learn has no types
    """Three and more classes, with one binary classifier for each (`multi_class="ovr"`)."""

    @override
    def predict_proba(self, X: Any) -> npt.NDArray[np.float64]:
        """The sigmoid of each class, divided by the sum of all: an array of n x K."""
        return np.asarray(self._predict_proba_lr(X))


class TwoClassSoftmax(LogisticRegression):  # type: ignore[misc]  # scikit-learn has no types
    """Two classes with `multi_class="multinomial"`: the decision d is the softmax of -d and d."""

    @override
    def predict_proba(self, X: Any) -> npt.NDArray[np.float64]:
        """An array of n x 2."""
        decision = self.decision_function(X)
        return np.asarray(softmax(np.column_stack([-decision, decision]), axis=1))


def restore_multi_class(model: LogisticRegression, saved_with: tuple[int, int]) -> None:
    """Give a logistic regression the probabilities of the version that saved it.

    Args:
        model: changed in place, if it is fitted.
        saved_with: major and minor number of that version.
    """
    option = vars(model).get("multi_class")
    fitted = "classes_" in vars(model)
    if not fitted or option is None or "multi_class" in LogisticRegression().get_params():
        return
    by_class = _BY_CLASS if saved_with >= (1, 6) else _BY_CLASS_BEFORE_1_6
    two = len(model.classes_) <= 2
    automatic = option in ("auto", "deprecated")
    one_vs_rest = option in ("ovr", "warn") or (automatic and (two or model.solver in by_class))
    if one_vs_rest and not two:
        model.__class__ = OneVsRestLogistic
    elif two and not one_vs_rest:
        model.__class__ = TwoClassSoftmax
