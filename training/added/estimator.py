"""Copies a user's scikit-learn estimator into a model folder."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
from sklearn.exceptions import NotFittedError

from scoring.estimators.boosted import use_one_thread
from scoring.estimators.checks import (
    TARGET_RANGE,
    class_labels,
    not_fitted,
    predict_texts,
)
from scoring.estimators.kinds import refuse_unless_it_predicts
from scoring.estimators.named_classes import CLASS_NAMES, NamedClasses, with_class_names
from scoring.estimators.predictions import classes_of_several
from scoring.estimators.rows import TRIAL_ROWS, fitted_values, reads_texts, row_reader
from scoring.saved.distributions import distributions_of
from scoring.saved.parts import all_parts
from shared.errors.input import BadOption
from shared.signature import Input, Signature
from shared.tables.trial_rows import made_rows, typed_frame
from training.added.copied import Copied
from training.added.estimator_files import copy_joined
from training.added.example_rows import example_values, read_example
from training.added.given_outputs import given_outputs
from training.added.inferred_inputs import inferred_inputs
from training.added.joining import Joined
from training.added.meaning import KERAS_OPTIONS, Meaning

#: What may say how to read the outputs of a pickled estimator; one of them is enough.
_MEANINGS = ("class_values", "positive", "target_range")


def copy_estimator(file: Path, folder: Path, meaning: Meaning) -> Copied:
    """Copy the model to `model.pkl` or `model.skops`, and find out what it takes and gives.

    Unpickling runs code from the file.

    Raises:
        shared.errors.model.UnusableModel: the file cannot be read here.
        shared.errors.input.BadOption: an option does not fit the file.
        ValueError: the estimator cannot be served; the message says why, and what to do.
    """
    meaning.refuse(KERAS_OPTIONS, "it is for Keras models only")
    given = [name for name in _MEANINGS if getattr(meaning, name) is not None]
    if len(given) > 1:
        reason = f"it says the same as --{given[0].replace('_', '-')}; give one of them"
        raise BadOption(option=given[1], value=getattr(meaning, given[1]), reason=reason)
    joined = copy_joined(file, meaning.vectorizer or (), folder)
    copied = described(*_named(joined, meaning))
    libraries = _distributions(joined.estimator)
    return replace(copied, notes=(*joined.notes, *copied.notes), libraries=libraries)


def _distributions(estimator: Any) -> tuple[str, ...]:
    """The installed distributions that have the classes of an estimator and of its parts."""
    modules = {type(part).__module__.partition(".")[0] for part in all_parts(estimator)}
    return tuple(
        sorted({one for module in modules - {"scoring"} for one in distributions_of(module)})
    )


def _named(joined: Joined, meaning: Meaning) -> tuple[Any, Meaning]:
    """The estimator with the names of its classes; what the user says, with those of its labels."""
    names = joined.class_names
    if names is None:
        return joined.estimator, meaning
    if classes_of_several(joined.estimator) is None:
        return with_class_names(joined.estimator, {CLASS_NAMES: names}), meaning
    return joined.estimator, replace(meaning, labels=meaning.labels or list(map(str, names)))


def described(estimator: Any, meaning: Meaning) -> Copied:
    """What an estimator takes and gives, for its card.

    Raises:
        shared.errors.input.BadOption: an option does not fit the estimator.
        ValueError: the estimator cannot be served; the message says why, and what to do.
    """
    use_one_thread(estimator)
    refuse_unless_it_predicts(estimator)
    example = read_example(meaning.example) if meaning.example is not None else None
    inferred = inferred_inputs(estimator, given=meaning.inputs, example=example)
    rows = None
    if example is not None:
        rows = typed_frame(inferred.inputs, example_values(example, inferred.inputs))
    predicted = _predicted(estimator, inferred.inputs, rows)
    options = _options(estimator, meaning)
    found = given_outputs(estimator, inferred.inputs, predicted, options, meaning)
    return Copied(
        options=found.options,
        signature=Signature(inputs=inferred.inputs, outputs=found.outputs),
        sources=inferred.sources | {"outputs": found.source},
        notes=found.notes,
        example=rows,
    )


def _options(estimator: Any, meaning: Meaning) -> dict[str, Any]:
    """The options of the card that say how the classes are named, and how a score is read."""
    named = {CLASS_NAMES: estimator.names} if isinstance(estimator, NamedClasses) else {}
    if meaning.class_values is not None:
        return named | {"class_values": list(meaning.class_values)}
    if meaning.target_range is not None:
        return named | {TARGET_RANGE: list(meaning.target_range)}
    if meaning.positive is None:
        return named
    if labels := class_labels(estimator):
        return named | {"class_values": one_class(labels, meaning.positive)}
    raise BadOption(option="positive", value=meaning.positive, reason="it has no classes")


def _predicted(estimator: Any, inputs: tuple[Input, ...], example: pd.DataFrame | None) -> Any:
    """What the estimator predicts for some rows.

    Raises:
        ValueError: it cannot predict them.
    """
    if reads_texts(estimator, inputs):
        return predict_texts(estimator.predict, estimator)
    rows = example
    if rows is None:
        rows = made_rows(inputs, fitted_values(estimator, inputs), TRIAL_ROWS)
    try:
        return estimator.predict(row_reader(estimator, inputs)(rows))
    except NotFittedError as error:
        raise ValueError(not_fitted(error)) from error
    # The estimator is user code and may raise any exception.
    except Exception as error:
        said = f"{type(error).__name__}: {str(error).partition(chr(10))[0][:200]}"
        if example is not None:
            raise ValueError(f"it cannot predict the rows of --example ({said})") from error
        raise ValueError(
            f"it cannot predict rows that were made from what it was fitted to ({said}). Give rows "
            "that it can predict with --example rows.csv"
        ) from error


def one_class(labels: list[Any], positive: str) -> list[float]:
    """Class values that make the probability of one class the score."""
    chosen = [float(str(label) == positive) for label in labels]
    if sum(chosen) != 1:
        reason = f"the classes are: {', '.join(map(str, labels))}"
        raise BadOption(option="positive", value=positive, reason=reason)
    return chosen
