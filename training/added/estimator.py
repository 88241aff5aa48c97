"""Copies a user's scikit-learn estimator into a model folder."""

from pathlib import Path
from typing import Any

from scoring.estimators.checks import TARGET_RANGE, class_labels, class_values_of
from scoring.estimators.named_classes import CLASS_NAMES, with_class_names
from shared.errors.input import BadOption
from training.added.copied import Copied
from training.added.estimator_files import copy_joined
from training.added.meaning import SIGNATURE_OPTIONS, Meaning

#: What may be said about a pickled estimator and its files.
_FOR_ESTIMATORS = ("class_values", "positive", "target_range", "vectorizer")

#: What may say how to read the outputs of a pickled estimator; one of them is enough.
_MEANINGS = ("class_values", "positive", "target_range")


def copy_estimator(file: Path, folder: Path, meaning: Meaning) -> Copied:
    """Copy the model to `model.pkl` or `model.skops`, and decide how to read its outputs.

    Unpickling runs code from the file.

    Raises:
        shared.errors.model.UnusableModel: the file cannot be read here.
        shared.errors.input.BadOption: an option does not fit the file.
        ValueError: the estimator cannot give scores; the message says why, and what to do.
    """
    meaning.refuse(SIGNATURE_OPTIONS, "tables are not served yet")
    for option, value in vars(meaning).items():
        if option not in _FOR_ESTIMATORS and value is not None:
            raise BadOption(option=option, value=value, reason="it is for Keras models only")
    given = [name for name in _MEANINGS if getattr(meaning, name) is not None]
    if len(given) > 1:
        reason = f"it says the same as --{given[0].replace('_', '-')}; give one of them"
        raise BadOption(option=given[1], value=getattr(meaning, given[1]), reason=reason)
    joined = copy_joined(file, meaning.vectorizer or (), folder)
    options: dict[str, Any] = {}
    if joined.class_names is not None:
        options[CLASS_NAMES] = joined.class_names
    estimator = with_class_names(joined.estimator, options)
    if meaning.class_values is not None:
        options["class_values"] = list(meaning.class_values)
    elif meaning.target_range is not None:
        options[TARGET_RANGE] = list(meaning.target_range)
    elif meaning.positive is not None and (labels := class_labels(estimator, options)):
        options["class_values"] = _one_class(labels, meaning.positive)
    values = class_values_of(estimator, options)
    if values is not None:
        options["class_values"] = values.tolist()
    elif meaning.positive is not None:
        raise BadOption(option="positive", value=meaning.positive, reason="it has no classes")
    return Copied(options, notes=tuple(joined.notes))


def _one_class(labels: list[Any], positive: str) -> list[float]:
    """Class values that make the probability of one class the score."""
    chosen = [float(str(label) == positive) for label in labels]
    if sum(chosen) != 1:
        reason = f"the classes are: {', '.join(map(str, labels))}"
        raise BadOption(option="positive", value=positive, reason=reason)
    return chosen
