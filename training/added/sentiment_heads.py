"""Decides whether a user's Keras model gives `Sentiment_Score`."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from scoring.class_values import given_values, interval_middles, values_of_labels
from scoring.networks.heads import Head, Heads
from shared.errors.input import BadOption
from training.added.meaning import Meaning

#: How many units a softmax or sigmoid has whose classes have no names, and still one meaning: a
#: score; no and yes; the deciles of the models that `scorelane train` makes.
_SCORES = (1, 2, 10)


def heads_with_score(
    each: Sequence[Head], meaning: Meaning, *, is_text: bool
) -> tuple[Heads, dict[str, Any]]:
    """Join the output layers, and add `Sentiment_Score` if they are those of a sentiment model.

    That is a model of texts with one softmax or sigmoid, whose class values are given, or whose
    classes are words of sentiment or a scale, or whose classes have no names and one meaning.

    Returns:
        The heads, and the options for the card that belong to the score.

    Raises:
        shared.errors.input.BadOption: class values were given to another model.
        ValueError: the class values do not fit the model.
    """
    one = each[0] if [head.kind for head in each] == ["classes"] else None
    if meaning.class_values is not None:
        if one is None or not is_text:
            reason = "it is for models of texts that end with one softmax or sigmoid"
            raise BadOption(option="class_values", value=meaning.class_values, reason=reason)
        options = {"class_values": list(meaning.class_values)}
        values = given_values(options, one.units) if one.units > 1 else None
        return Heads(each, scores=True, class_values=values), options
    worth = _worth(one, named=meaning.classes is not None) if one and is_text else None
    # Of one sigmoid the score is the sigmoid itself, so its class must be the positive one.
    if worth is None or (len(each) == 1 and each[0].units == 1 and worth.tolist() != [0, 1]):
        return Heads(each), {}
    values = worth if each[0].units > 1 else None
    named = {"class_values": worth.tolist()} if meaning.classes and values is not None else {}
    return Heads(each, scores=True, class_values=values), named


def _worth(head: Head, *, named: bool) -> npt.NDArray[np.float64] | None:
    """What each class is worth in a score; None if the classes may be anything."""
    if not named:
        return interval_middles(len(head.classes)) if head.units in _SCORES else None
    try:
        return values_of_labels(head.classes)
    except ValueError:
        return None
