"""Repairs the attributes that changed their name or meaning between versions of scikit-learn.

Each repair was checked with files that scikit-learn 1.1 to 1.8 saved: the scores equal those of the
version that saved the file. What cannot be repaired is refused.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

from sklearn.calibration import CalibratedClassifierCV, _CalibratedClassifier
from sklearn.compose import ColumnTransformer
from sklearn.cross_decomposition import PLSRegression
from sklearn.ensemble import (
    AdaBoostClassifier,
    BaseEnsemble,
    IsolationForest,
    StackingClassifier,
)
from sklearn.ensemble._gb import BaseGradientBoosting
from sklearn.ensemble._hist_gradient_boosting.gradient_boosting import BaseHistGradientBoosting
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.impute import KNNImputer, SimpleImputer
from sklearn.linear_model import LogisticRegression, RidgeClassifier, SGDClassifier
from sklearn.linear_model._glm.glm import _GeneralizedLinearRegressor
from sklearn.model_selection._search import BaseSearchCV
from sklearn.multioutput import ClassifierChain, RegressorChain
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.preprocessing import FunctionTransformer, MaxAbsScaler, OneHotEncoder, OrdinalEncoder
from sklearn.semi_supervised import SelfTrainingClassifier
from sklearn.svm._base import BaseLibSVM
from sklearn.tree import DecisionTreeClassifier

from scoring.saved.logistic import restore_multi_class
from scoring.saved.unpickling import gone_names

#: Major and minor number of a version.
Version = tuple[int, int]


class NotRepairable(Exception):
    """An estimator whose scores may differ; the message says what differs."""


def _idf(part: Any, _: Version) -> None:
    # Until 1.4 the weights were the diagonal of a matrix. Newer versions look for `idf_` alone,
    # and without it they weight nothing.
    if "_idf_diag" in vars(part):
        part.idf_ = vars(part).pop("_idf_diag").diagonal()
    fitted = "n_features_in_" in vars(part)
    if fitted and part.use_idf and "idf_" not in vars(part):
        raise NotRepairable("its TF-IDF has no IDF")


def _tree_values(part: Any, saved_with: Version) -> None:
    # Until 1.3 a leaf held the number of its samples in each class, and `predict_proba` divided
    # them by their sum. Since then leaves hold shares, and nothing divides.
    if saved_with < (1, 4) and "tree_" in vars(part):
        totals = part.tree_.value.sum(axis=2, keepdims=True)
        totals[totals == 0] = 1
        part.tree_.value[...] /= totals


def _adaboost(part: Any, saved_with: Version) -> None:
    if saved_with < (1, 3):
        raise NotRepairable("the votes of an AdaBoostClassifier are counted in another way")
    if vars(part).get("algorithm") == "SAMME.R":
        raise NotRepairable("its AdaBoost has the algorithm SAMME.R, which was removed in 1.6")


def _neighbours(part: Any, saved_with: Version) -> None:
    # Which of several neighbours at the same distance are taken depends on NumPy's partition.
    if saved_with < (1, 6) and vars(part).get("_fit_method") == "brute":
        raise NotRepairable("neighbours at equal distances are chosen in another order")


def _pls(part: Any, saved_with: Version) -> None:
    if saved_with < (1, 5) and "x_weights_" in vars(part):
        raise NotRepairable("the coefficients of a PLSRegression are scaled in another way")


def _ridge_classes(part: Any, _: Version) -> None:
    if not hasattr(part, "classes_") and "_label_binarizer" in vars(part):
        part.classes_ = part._label_binarizer.classes_


def _svm(part: Any, _: Version) -> None:
    vars(part).setdefault("_effective_probability", part.probability)


def _calibrated(part: Any, _: Version) -> None:
    _rename(part, "base_estimator", "estimator")


def _ensemble(part: Any, _: Version) -> None:
    _rename(part, "base_estimator", "estimator")


def _columns(part: Any, _: Version) -> None:
    # Until 1.3 the fitted steps named the columns that pass through by this word.
    passing = FunctionTransformer(accept_sparse=True, check_inverse=False)
    # From 1.5 to 1.7 the places of the remaining columns were a list of a class of its own.
    places = vars(part).get("_transformer_to_input_indices", {})
    part.transformers_ = [
        (
            name,
            passing if isinstance(step, str) and step == "passthrough" else step,
            list(places[name]) if gone_names(columns) else columns,
        )
        for name, step, columns in vars(part).get("transformers_", ())
    ]
    if "_remainder" in vars(part) and gone_names(part._remainder[2]):
        part._remainder = (*part._remainder[:2], list(places["remainder"]))


def _chain(part: Any, _: Version) -> None:
    _rename(part, "base_estimator", "estimator")


def _one_hot(part: Any, _: Version) -> None:
    if "sparse_output" not in vars(part):
        _rename(part, "sparse", "sparse_output")
    if "drop_idx_" in vars(part) and "_drop_idx_after_grouping" not in vars(part):
        if part.drop_idx_ is not None and part._infrequent_enabled:
            raise NotRepairable("its categories are dropped in another way")
        part._drop_idx_after_grouping = part.drop_idx_


def _ordinals(part: Any, _: Version) -> None:
    # Until 1.2 there was no grouping of infrequent categories.
    vars(part).setdefault("_infrequent_enabled", False)


def _isolation(_: Any, saved_with: Version) -> None:
    if saved_with < (1, 3):
        raise NotRepairable("an IsolationForest kept less of its trees")


def _checked_numbers(part: Any, _: Version) -> None:
    # A HistGradientBoosting with categories checks its numbers so; the keyword changed in 1.6.
    if isinstance(part.func, partial) and "force_all_finite" in part.func.keywords:
        keywords = dict(part.func.keywords)
        keywords["ensure_all_finite"] = keywords.pop("force_all_finite")
        part.func = partial(part.func.func, *part.func.args, **keywords)


def _self_training(part: Any, _: Version) -> None:
    _rename(part, "base_estimator", "estimator")
    _rename(part, "base_estimator_", "estimator_")


def _stacking(part: Any, _: Version) -> None:
    _rename(part, "_le", "_label_encoder")


def _imputer(part: Any, _: Version) -> None:
    if "_fit_dtype" in vars(part):
        vars(part).setdefault("_fill_dtype", part._fit_dtype)


def _sgd(part: Any, _: Version) -> None:
    # Only `fit` used the function, and `predict_proba` depends on the name of the loss.
    vars(part).pop("loss_function_", None)
    vars(part).pop("_loss_function_", None)
    if part.loss == "log":
        part.loss = "log_loss"


#: The former names of losses.
_LOSSES = {"deviance": "log_loss", "ls": "squared_error", "lad": "absolute_error"}


def _boosting_loss(part: Any, _: Version) -> None:
    vars(part).pop("loss_", None)
    part.loss = _LOSSES.get(part.loss, part.loss)
    if "estimators_" in vars(part):
        part._loss = part._get_loss(sample_weight=None)
        part.n_trees_per_iteration_ = part.estimators_.shape[1]


def _hist_boosting(part: Any, saved_with: Version) -> None:
    if "_loss" not in vars(part):
        return
    part._loss = part._get_loss(sample_weight=None)
    if saved_with < (1, 4):
        if part.is_categorical_ is not None:
            raise NotRepairable("its categories are encoded in another way")
        part._preprocessor = part._is_categorical_remapped = None


def _glm(part: Any, _: Version) -> None:
    if "_base_loss" in vars(part):
        part._base_loss = part._get_loss()


def _search(part: Any, _: Version) -> None:
    # Only `score` uses it.
    vars(part).pop("scorer_", None)


def _defaults(**options: Any) -> Callable[[Any, Version], None]:
    """Set options that older versions did not have to the value that keeps their behaviour."""

    def mend(part: Any, _: Version) -> None:
        for name, value in options.items():
            vars(part).setdefault(name, value)

    return mend


def _rename(part: Any, old: str, new: str) -> None:
    if old in vars(part) and new not in vars(part):
        setattr(part, new, vars(part).pop(old))


#: Classes -> what to do with a part of these classes. A repair changes a part in place, and leaves
#: it alone if it is not fitted. It gets the oldest version that saved the file.
REPAIRS: list[tuple[Any, Callable[[Any, Version], None]]] = [
    (TfidfTransformer, _idf),
    (LogisticRegression, restore_multi_class),
    (DecisionTreeClassifier, _tree_values),
    (SGDClassifier, _sgd),
    (RidgeClassifier, _ridge_classes),
    (BaseLibSVM, _svm),
    ((CalibratedClassifierCV, _CalibratedClassifier), _calibrated),
    (SelfTrainingClassifier, _self_training),
    (StackingClassifier, _stacking),
    (BaseGradientBoosting, _boosting_loss),
    (BaseHistGradientBoosting, _hist_boosting),
    (_GeneralizedLinearRegressor, _glm),
    (BaseSearchCV, _search),
    (SimpleImputer, _imputer),
    ((SimpleImputer, KNNImputer), _defaults(keep_empty_features=False)),
    (MaxAbsScaler, _defaults(clip=False)),
    (BaseEnsemble, _ensemble),
    (ColumnTransformer, _columns),
    (ClassifierChain, _chain),
    (RegressorChain, _chain),
    (FunctionTransformer, _checked_numbers),
    (OneHotEncoder, _one_hot),
    (OrdinalEncoder, _ordinals),
    (IsolationForest, _isolation),
    (AdaBoostClassifier, _adaboost),
    ((KNeighborsClassifier, KNeighborsRegressor), _neighbours),
    (PLSRegression, _pls),
]
