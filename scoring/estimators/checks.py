"""Checks that the outputs of an estimator are scores, and finds what its classes are worth."""

from importlib.metadata import version
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.base import is_regressor
from sklearn.exceptions import NotFittedError

from scoring.class_values import given_values, values_of_labels
from scoring.estimators.kinds import refuse_other_objects, says
from scoring.estimators.named_classes import CLASS_NAMES
from scoring.estimators.score_rule import SUM_TOLERANCE
from scoring.estimators.unwrapping import final_step

#: Texts that every model must be able to score when it is loaded.
TRIAL_TEXTS = (
    "I am well",
    "It was terrible, I want my money back.",
    "\N{WHITE SMILING FACE}",
    "This is wonderful, the best that I have ever seen!",
    "A good one, great, I love it.",
    "Bad, awful, the worst.",
)

#: How far the predictions of a regressor may lie outside the range of its target, as a share of it.
#: A regressor that goes further was fitted to another target.
_OVERSHOOT, _GIVEN_OVERSHOOT = 0.1, 0.5

#: The option of a card with the range of a regressor's target: its lowest and highest number.
TARGET_RANGE = "target_range"


def class_labels(estimator: Any, options: dict[str, Any] | None = None) -> list[Any]:
    """The labels of a classifier, in the order of its probabilities; empty for a regressor.

    Args:
        estimator: the classifier.
        options: the options of its card, which may hold `class_names`.

    Raises:
        ValueError: it predicts several labels at once, each with classes of its own; or the names
            in the options are not one for each class.
    """
    labels = getattr(estimator, "classes_", [])
    try:
        array = np.asarray(labels)
    except ValueError:
        array = np.empty((0, 0))  # lists of unequal length
    if array.ndim != 1:
        raise ValueError(_SEVERAL_OUTPUTS)
    own = list(array.tolist())
    names = list((options or {}).get(CLASS_NAMES, own))
    if len(names) != len(own):
        raise ValueError(f"its card names {len(names)} classes, and it has {len(own)}")
    return names


def class_values_of(estimator: Any, options: dict[str, Any]) -> npt.NDArray[np.float64] | None:
    """Check that an estimator scores texts, and find the value of each of its K classes.

    Args:
        estimator: what a pickle holds.
        options: the options of its card, which may hold `class_values`.

    Returns:
        An array of K numbers in 0..1: those of the options, else those that the labels tell. None
        for a regressor, which predicts the score itself.

    Raises:
        ValueError: it cannot give scores; the message says why, and what to do.
    """
    refuse_other_objects(estimator)
    if not hasattr(estimator, "predict_proba"):
        if "class_values" in options:
            raise ValueError("it predicts the score itself, so class values have no use for it")
        _check_predictions(predict_texts(estimator.predict, estimator), estimator, options)
        return None
    if TARGET_RANGE in options:
        raise ValueError("it has classes, so a range of its target has no use for it")
    probabilities = _checked_probabilities(predict_texts(estimator.predict_proba, estimator))
    labels = class_labels(estimator, options)
    if len(labels) != probabilities.shape[1]:
        raise ValueError(
            f"it gives {probabilities.shape[1]} probabilities per text, "
            f"and has {len(labels)} classes"
        )
    values = given_values(options, len(labels))
    if exclude_each_other(estimator, probabilities):
        return values_of_labels(labels) if values is None else values
    if values is None:
        raise ValueError(
            "its classes do not exclude each other (multi-label): the probabilities of a text need "
            "not add up to 1, so they have no mean. Name one label with --positive, or give one "
            "number in 0..1 per class with --class-values, as in 0,1,0 for the second label alone"
        )
    if values.sum() > 1 + 1e-9:
        raise ValueError(
            "its classes do not exclude each other (multi-label), so a weighted sum of their "
            "probabilities may pass 1. Give class values that add up to 1 at most, as in 0,1,0 for "
            "the second label alone"
        )
    return values


def exclude_each_other(estimator: Any, probabilities: npt.NDArray[np.float64]) -> bool:
    """Whether exactly one of the classes is true of a text: its probabilities add up to 1.

    Two sigmoids may add up to 1 by chance, so a label matrix in the training counts as well.
    """
    is_multilabel = getattr(final_step(estimator), "multilabel_", False)
    sums = probabilities.sum(axis=1)
    # No class at all (one-against-the-rest) is no sign of several labels.
    return not is_multilabel and bool((np.abs(sums - 1)[sums > 0] <= SUM_TOLERANCE).all())


_SEVERAL_OUTPUTS = (
    "it predicts several labels at once (multi-output), and a score is one number. Fit a pipeline "
    "for the one label that is to be the score"
)


def predict_texts(method: Any, estimator: Any) -> Any:
    """What an estimator's method returns for the trial texts.

    Raises:
        ValueError: it does not take texts, or is not fitted.
    """
    try:
        return method(list(TRIAL_TEXTS))
    except NotFittedError as error:
        raise ValueError(not_fitted(error)) from error
    # The estimator is user code and may raise any exception.
    except Exception as error:
        reason = (
            f"it does not score texts ({type(error).__name__}: {_first_line(error)}). Save a "
            "pipeline that begins with its vectoriser, fitted and saved with the scikit-learn "
            f"version used here ({version('scikit-learn')})"
        )
        if final_step(estimator) is estimator:
            reason += f". It is a {type(estimator).__name__} alone"
        raise ValueError(reason) from error


def not_fitted(error: Exception) -> str:
    """What to say of an estimator that raises `NotFittedError`."""
    return (
        f"it is not fitted ({_first_line(error)}), so it has no classes. Save the "
        "pipeline after `fit`; each of its steps must be fitted"
    )


def _checked_probabilities(found: Any) -> npt.NDArray[np.float64]:
    """The probabilities of the trial texts as an array of n x K.

    Raises:
        ValueError: they are not numbers in 0..1 of this shape.
    """
    if isinstance(found, list) and found and np.ndim(found[0]) == 2:
        raise ValueError(_SEVERAL_OUTPUTS)
    array = _numbers(found)
    if array.ndim == 3:
        raise ValueError(_SEVERAL_OUTPUTS)
    if array.ndim != 2 or len(array) != len(TRIAL_TEXTS) or not np.isfinite(array).all():
        raise ValueError("it does not return one finite number per class and text")
    if array.min() < -SUM_TOLERANCE or array.max() > 1 + SUM_TOLERANCE:
        raise ValueError(
            f"its predict_proba returns {array.min():.3g} to {array.max():.3g}, which are no "
            "probabilities. Wrap the classifier in sklearn.calibration.CalibratedClassifierCV and "
            "fit it again"
        )
    return array


def target_range_of(options: dict[str, Any]) -> tuple[float, float] | None:
    """The lowest and the highest target that a regressor was fitted to; None if it is not given.

    Raises:
        ValueError: the options have no such range.
    """
    if TARGET_RANGE not in options:
        return None
    try:
        low, high = (float(number) for number in options[TARGET_RANGE])
    except (TypeError, ValueError) as error:
        raise ValueError("the range of its target is not two numbers") from error
    if not (np.isfinite([low, high]).all() and low < high):
        raise ValueError("the range of its target does not go from a lower to a higher number")
    return low, high


def _check_predictions(found: Any, estimator: Any, options: dict[str, Any]) -> None:
    """Check the predictions of a regressor for the trial texts.

    Raises:
        ValueError: they are not one number per text, or were fitted to another scale than 0..1.
    """
    if np.asarray(found).dtype.kind in "biuUSO" and not says(is_regressor, estimator):
        raise ValueError(
            "it predicts labels, so it has no graded score. Save an estimator with predict_proba, "
            "or a regressor"
        )
    array = _numbers(found)
    if array.shape != (len(TRIAL_TEXTS),) or not np.isfinite(array).all():
        raise ValueError("it does not return one finite number per text")
    given = target_range_of(options)
    low, high = given or (0.0, 1.0)
    # Somebody who gives the range knows that the model may pass it.
    overshoot = (_GIVEN_OVERSHOOT if given else _OVERSHOOT) * (high - low)
    if array.min() < low - overshoot or array.max() > high + overshoot:
        range_text = (
            f"the range of its target is {low:g}..{high:g}" if given else "a score is in 0..1"
        )
        raise ValueError(
            f"it predicts {array.min():.3g} to {array.max():.3g}, and {range_text}. Give the "
            "lowest and the highest target that it was fitted to with --target-range, as in -1,1 "
            "or 1,5"
        )


def _numbers(found: Any) -> npt.NDArray[np.float64]:
    """An array of what an estimator returns; without a shape if that are no numbers."""
    try:
        return np.asarray(found, dtype=np.float64)
    except (TypeError, ValueError):
        return np.asarray(np.nan)


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0][:200]
