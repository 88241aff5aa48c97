"""Proves that a new model works: it scores a few texts, and its classes have a meaning."""

from typing import Any

import numpy as np
import pandas as pd

from scoring.networks.keras_checks import check_unnamed_outputs
from shared.model import SCORE, TEXT, Model

#: Texts that a new model must score. Their scores are shown, so that a person can judge them.
PROOF = [
    "I am well",
    "This is wonderful, I love it!",
    "This is terrible, I hate it.",
    "It isn't bad at all.",
    "The parcel arrived on Monday.",
]


def check_classes(model: Model, options: dict[str, Any]) -> dict[str, float]:
    """Return what each class of the model is worth, if that is known.

    Raises:
        ValueError: the outputs of a Keras model may be anything.
    """
    classes: dict[str, float] = getattr(model, "classes", {})
    if "class_values" not in options and model.card.format == "hdf5":
        check_unnamed_outputs(len(classes))
    return classes


def prove(model: Model) -> dict[str, float]:
    """Score the texts of `PROOF` as a worker does, and return their scores.

    Raises:
        ValueError: a score is not in 0..1.
    """
    model.warm_up()
    if not model.card.signature.takes_text or SCORE not in [
        one.name for one in model.card.signature.outputs
    ]:
        return {}
    scores = model.score(pd.DataFrame({TEXT: PROOF}))[SCORE].to_numpy()
    if not ((scores >= 0) & (scores <= 1) | np.isnan(scores)).all():
        raise ValueError(f"its scores are not all in 0..1: {scores.tolist()}")
    return {text: score for text, score in zip(PROOF, scores.tolist(), strict=True) if score >= 0}
