"""Proves that a new model works: it scores a few texts, and tells what its classes are worth."""

import numpy as np
import pandas as pd

from shared.model import SCORE, TEXT, Model

#: Texts that a new model must score. Their scores are shown, so that a person can judge them.
PROOF = [
    "I am well",
    "This is wonderful, I love it!",
    "This is terrible, I hate it.",
    "It isn't bad at all.",
    "The parcel arrived on Monday.",
]


def classes_of(model: Model) -> dict[str, float]:
    """What each class of the model is worth in a score; empty if it has none."""
    classes: dict[str, float] = getattr(model, "classes", {})
    return classes


def prove(model: Model) -> dict[str, float]:
    """Score the texts of `PROOF` as a worker does, and return their scores.

    A model that gives no score of sentiment is only warmed up.

    Raises:
        ValueError: a score is not in 0..1.
    """
    model.warm_up()
    if not model.card.signature.takes_text or model.card.signature.outputs[0].name != SCORE:
        return {}
    scores = model.score(pd.DataFrame({TEXT: PROOF}))[SCORE].to_numpy()
    if not ((scores >= 0) & (scores <= 1) | np.isnan(scores)).all():
        raise ValueError(f"its scores are not all in 0..1: {scores.tolist()}")
    return {text: score for text, score in zip(PROOF, scores.tolist(), strict=True) if score >= 0}
