"""Tells estimators that predict, or may give scores, from all else that a pickle may hold."""

from collections.abc import Callable
from typing import Any

from sklearn.base import is_classifier, is_clusterer, is_outlier_detector

from scoring.estimators.unwrapping import final_step


def refuse_unless_it_predicts(estimator: Any) -> None:
    """Refuse what is no estimator that predicts.

    Raises:
        ValueError: the message says what it is, and what to save instead.
    """
    kind = type(estimator).__name__
    if isinstance(estimator, type):
        reason = f"it holds the class {estimator.__name__} itself. Save a fitted object"
        raise ValueError(reason)  # noqa: TRY004  a fault of the file, not of the caller
    if isinstance(estimator, dict | list | tuple):
        raise ValueError(_of_container(estimator))  # noqa: TRY004  see above
    if not hasattr(estimator, "predict"):
        reason = f"it holds a {kind}, which is not an estimator that predicts"
        if hasattr(estimator, "transform") and hasattr(estimator, "fit"):
            reason += (
                ": it only turns texts into numbers. Save it in one pipeline with its classifier: "
                "joblib.dump(make_pipeline(vectoriser, classifier), 'model.pkl')"
            )
        elif callable(estimator):
            reason += ". Save the fitted pipeline itself, not a function that uses it"
        else:
            reason += ". Save the fitted pipeline with joblib.dump"
        raise ValueError(reason)


def refuse_other_objects(estimator: Any) -> None:
    """Refuse what is no estimator that may give scores.

    Raises:
        ValueError: the message says what it is, and what to save instead.
    """
    refuse_unless_it_predicts(estimator)
    kind = type(estimator).__name__
    # Mixtures have probabilities, of components without labels.
    is_mixture = hasattr(final_step(estimator), "weights_") and not hasattr(estimator, "classes_")
    if is_mixture or says(is_clusterer, estimator) or says(is_outlier_detector, estimator):
        raise ValueError(
            f"it holds a {kind} that groups texts by itself, and its groups say nothing of how "
            "positive a text is. Fit a classifier to labelled texts (`scorelane train` does)"
        )
    if hasattr(estimator, "predict_proba"):
        return
    if says(is_classifier, estimator) or hasattr(estimator, "classes_"):
        raise ValueError(
            "it is a classifier without predict_proba, so it has no graded score. Wrap the "
            "classifier in sklearn.calibration.CalibratedClassifierCV and fit it again"
        )


def says(test: Callable[[Any], bool], estimator: Any) -> bool:
    """Whether an estimator says that it is of a kind, such as `is_classifier`.

    Objects of other libraries say nothing.
    """
    try:
        return test(estimator)
    except (AttributeError, TypeError):
        return False


def _of_container(container: Any) -> str:
    """What to do with a dict, list or tuple, such as of a vectoriser and a classifier."""
    parts = container.values() if isinstance(container, dict) else container
    kinds = ", ".join([type(part).__name__ for part in parts][:6]) or "nothing"
    held = f"it holds a {type(container).__name__} ({kinds}), which is not an estimator"
    return (
        f"{held}. Save one pipeline. Fitted parts are joined without another fit: "
        "joblib.dump(make_pipeline(vectoriser, classifier), 'model.pkl')"
    )
