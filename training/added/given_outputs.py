"""Finds out which columns a fitted estimator gives, and how a score is read."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from pydantic import ValidationError

from scoring.estimators.named_classes import CLASS_NAMES
from scoring.estimators.predictions import LABELS, Predictions, predictions_of
from scoring.estimators.rows import reads_texts
from scoring.estimators.sentiment import CUTS, Sentiment, cuts_of
from scoring.estimators.unwrapping import unwrapped
from shared.errors.input import BadOption
from shared.signature import SENTIMENT, Input, Output
from training.added.meaning import Meaning


@dataclass(frozen=True)
class GivenOutputs:
    """The outputs of a model.

    Attributes:
        outputs: the outputs.
        options: the options of the card that decide them.
        source: where they are known from.
        notes: sentences for the person who adds the model.
    """

    outputs: tuple[Output, ...]
    options: dict[str, Any]
    source: str
    notes: tuple[str, ...] = ()


def given_outputs(
    estimator: Any,
    inputs: tuple[Input, ...],
    predicted: Any,
    options: dict[str, Any],
    meaning: Meaning,
) -> GivenOutputs:
    """The columns that an estimator gives.

    A model of texts gives a score, if its classes or numbers say how positive they are; a model of
    a table, only if the user says so.

    Args:
        estimator: fitted.
        inputs: the columns that it takes.
        predicted: what its `predict` gives for some rows.
        options: the options of its card that the user has given, which say how a score is read.
        meaning: what else the user says.

    Raises:
        shared.errors.input.BadOption: an option does not fit the estimator.
        ValueError: it cannot give what the user says.
    """
    options = dict(options)
    if hasattr(predicted, "toarray"):
        predicted = predicted.toarray()
    if meaning.labels is not None:
        options[LABELS] = list(meaning.labels)
    try:
        found = predictions_of(
            estimator, estimator, predicted=np.asarray(predicted), labels=meaning.labels
        )
    except ValidationError as error:
        raise ValueError(
            "the name of a class or label cannot be that of a column: it is empty, has a line "
            "break, or is longer than 256 characters together with its prefix"
        ) from error
    source = _source(estimator, found)
    sentiment, why_not = _sentiment(estimator, inputs, options)
    if sentiment is None:
        if meaning.cuts is not None:
            reason = f"the model gives no {SENTIMENT.outputs[0].name}: {why_not}"
            raise BadOption(option="cuts", value=meaning.cuts, reason=reason)
        notes = (f"It gives no {SENTIMENT.outputs[0].name}: {why_not}.",) if why_not else ()
        return GivenOutputs(found.outputs, options, source, notes)
    if sentiment.class_values is not None:
        options["class_values"] = sentiment.class_values.tolist()
    others = list(found.outputs)
    if meaning.cuts is not None:
        options[CUTS] = list(meaning.cuts)
        cuts_of(options)
        others = [one for one in others if one.name != "label"]
        others.insert(0, Output(name="label", type="string", meaning="label"))
        source += ", --cuts"
    on_request = tuple(one.model_copy(update={"on_request": True}) for one in others)
    return GivenOutputs((*SENTIMENT.outputs, *on_request), options, source)


def _sentiment(
    estimator: Any, inputs: tuple[Input, ...], options: dict[str, Any]
) -> tuple[Sentiment | None, str]:
    """How a score is read; or None, and why there is none."""
    is_told = bool(options.keys() - {LABELS, CLASS_NAMES})
    if not reads_texts(estimator, inputs):
        return (Sentiment.of_table(unwrapped(estimator), options) if is_told else None), ""
    try:
        return Sentiment.of_texts(unwrapped(estimator), options), ""
    except ValueError as error:
        if is_told:
            raise
        return None, str(error)


def _source(estimator: Any, found: Predictions) -> str:
    """The attributes and methods from which the outputs are known."""
    names = ["classes_"] if hasattr(estimator, "classes_") else []
    if any(one.meaning == "probability" for one in found.outputs):
        names.append("predict_proba")
    return ", ".join([*names, "predict"])
