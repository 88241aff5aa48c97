"""The contributions that XGBoost, LightGBM and CatBoost compute for their own models.

All three use TreeSHAP (Lundberg et al., "From local explanations to global understanding with
explainable AI for trees", 2020). For each row it divides the difference between the raw number of
the row and its mean over the fit among the columns, as Shapley values.
"""

import json
from collections.abc import Callable
from importlib import import_module
from typing import Any, Protocol

from scoring.estimators.boosted import library_of
from scoring.explanations.refusal import NotExplained
from shared.model import ExplainedBy


class Contributions(Protocol):
    """What a library tells about the raw numbers of an estimator: log-odds, or before a link.

    Attributes:
        numbers: how many raw numbers there are, E.
        tolerance: how far the contributions to a number may be from it in sum, as a share of their
            sizes, because the library rounds.
        by: how the library finds them.
    """

    numbers: int
    tolerance: float
    by: ExplainedBy

    def raw(self, rows: Any) -> Any:
        """The raw numbers of n rows: n, or n x E."""

    def parts(self, rows: Any) -> Any:
        """The contribution of each of the F columns to each number, and then its base value.

        An array of n x (F + 1) or n x E x (F + 1), or one with the same values in that order.
        """


def contributions_of(final: Any) -> Contributions | None:
    """The contributions of a fitted estimator of one of the libraries; None for any other.

    Raises:
        NotExplained: the library has none for it, or none that add up to what it scores by.
    """
    kind = _KINDS.get(library_of(final))
    return kind(final) if kind else None


class OfXgboost(Contributions):
    """Those of XGBoost, which computes in 32 bits.

    With 20 to 1000 trees they were off by 1e-6 to 3e-6 of their sizes.

    A booster `gblinear` has the products of weights and values, which are exact too.
    """

    tolerance = 1e-4

    def __init__(self, final: Any) -> None:
        self._final, self._booster = final, final.get_booster()
        learner = json.loads(self._booster.save_config())["learner"]
        params, objective = learner["learner_model_param"], str(learner["objective"]["name"])
        if int(params["num_target"]) > 1:
            raise NotExplained("it has several outputs")
        if learner["learner_train_param"].get("multi_strategy") == "multi_output_tree":
            raise NotExplained("XGBoost has no contributions for trees of several outputs")
        self.numbers = max(1, int(params["num_class"]))
        _check_classes(final, self.numbers)
        expected = "multi:softprob" if self.numbers > 1 else "binary:logistic"
        if _classes_of(final) and objective != expected:
            raise NotExplained(f"its objective {objective} has no log-odds")
        is_linear = learner["gradient_booster"]["name"] == "gblinear"
        self.by = "linear" if is_linear else "shapley"

    def raw(self, rows: Any) -> Any:
        """See `Contributions`."""
        return self._final.predict(rows, output_margin=True)

    def parts(self, rows: Any) -> Any:
        """See `Contributions`."""
        data = import_module("xgboost").DMatrix(
            rows,
            missing=self._final.missing,
            nthread=1,
            feature_types=self._final.feature_types,
            enable_categorical=True,
        )
        # Only the trees that score: up to the best one, if the fit was stopped early.
        trees = self._final._get_iteration_range(None)
        return self._booster.predict(data, pred_contribs=True, iteration_range=trees)


class OfLightgbm(Contributions):
    """Those of LightGBM, of its classes for scikit-learn and of `BoosterRegressor`."""

    tolerance = 1e-9
    by: ExplainedBy = "shapley"

    def __init__(self, final: Any) -> None:
        booster = final.booster_
        # What scores: the class for scikit-learn may change options, such as an early end.
        self._scores: Any = booster if hasattr(type(final), "boosted_by") else final
        header = booster.model_to_string(num_iteration=1).partition("\nTree=")[0].splitlines()
        said = dict(line.split("=", 1) for line in header if "=" in line)
        objective, *others = said.get("objective", "").split() or [""]
        self.numbers = int(said["num_tree_per_iteration"])
        _check_classes(final, self.numbers)
        if "average_output" in header:
            raise NotExplained(
                "it is a forest of LightGBM (boosting rf), whose contributions are those to the "
                "sum of its trees, and it predicts their mean"
            )
        if booster.params.get("linear_tree"):
            raise NotExplained("LightGBM has no contributions for linear trees")
        options = final.get_params() if hasattr(final, "get_params") else {}
        if options.get("pred_early_stop"):
            raise NotExplained("it does not ask all its trees (pred_early_stop)")
        of_classes = ("multiclass", "multiclassova") if self.numbers > 1 else ("binary",)
        if _classes_of(final) and objective not in of_classes:
            raise NotExplained(f"its objective {objective or 'of its own'} has no log-odds")
        sigmoid = dict(one.split(":", 1) for one in others if ":" in one).get("sigmoid", "1")
        if objective == "binary" and float(sigmoid) != 1:
            raise NotExplained(f"its numbers are no log-odds, as its sigmoid is {sigmoid}")

    def raw(self, rows: Any) -> Any:
        """See `Contributions`."""
        return self._predicted(rows, raw_score=True)

    def parts(self, rows: Any) -> Any:
        """See `Contributions`."""
        return self._predicted(rows, pred_contrib=True)

    def _predicted(self, rows: Any, **kind: bool) -> Any:
        # Sparse rows would have sparse contributions; a cell that is not there is a 0 to it.
        dense = rows.toarray() if hasattr(rows, "toarray") else rows
        return self._scores.predict(dense, num_threads=1, **kind)


class OfCatboost(Contributions):
    """Those of CatBoost, for symmetric trees, which are the usual ones.

    For others (`grow_policy`) the contributions of CatBoost 1.2.10 do not add up to its numbers.
    """

    tolerance = 1e-9
    by: ExplainedBy = "shapley"

    def __init__(self, final: Any) -> None:
        self._final = final
        self.numbers = len(final.get_leaf_values()) // int(sum(final.get_tree_leaf_counts()))
        _check_classes(final, self.numbers)
        if not final._object._is_oblivious():
            raise NotExplained(
                "its trees are not symmetric (grow_policy), and the contributions of CatBoost do "
                "not add up to the scores of such trees"
            )
        scale, _ = final.get_scale_and_bias()
        if scale != 1:
            raise NotExplained("CatBoost has no contributions for a model with a scale")
        if self.numbers > 1:
            loss = str(final.get_all_params().get("loss_function", ""))
            if loss not in ("MultiClass", "MultiClassOneVsAll"):
                raise NotExplained(f"with its loss {loss} a row may be of several classes")

    def raw(self, rows: Any) -> Any:
        """See `Contributions`."""
        return self._final.predict(rows, prediction_type="RawFormulaVal", thread_count=1)

    def parts(self, rows: Any) -> Any:
        """See `Contributions`."""
        pool = import_module("catboost").Pool(
            rows,
            cat_features=self._final.get_cat_feature_indices() or None,
            text_features=self._final.get_text_feature_indices() or None,
            thread_count=1,
        )
        # By the number of rows it computes them for each row or for each leaf: the same bits.
        return self._final.get_feature_importance(pool, type="ShapValues", thread_count=1)


def _classes_of(final: Any) -> int:
    """The number of classes of a fitted estimator; 0 for a regressor."""
    return len(getattr(final, "classes_", ()))


def _check_classes(final: Any, numbers: int) -> None:
    """Check that there is one number, or one for each of more than two classes.

    Raises:
        NotExplained: there is another count.
    """
    classes = _classes_of(final)
    if not classes and numbers > 1:
        raise NotExplained("it has several outputs")
    if classes and numbers != (1 if classes == 2 else classes):
        raise NotExplained(f"it computes {numbers} numbers for {classes} classes")


_KINDS: dict[str, Callable[[Any], Contributions]] = {
    "xgboost": OfXgboost,
    "lightgbm": OfLightgbm,
    "catboost": OfCatboost,
}
