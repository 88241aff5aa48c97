"""Scores texts of which some make the model raise: those are found, and the others scored."""

import logging

import numpy as np
import numpy.typing as npt
import pandas as pd

from shared.model import SCORE, TEXT, Model
from shared.telemetry.safe_traceback import where

logger = logging.getLogger(__name__)

#: A model may raise so often for the rows of one part; what is in doubt after that has no score. It
#: is enough for some fifty bad texts among thousands, and over in seconds with a model that is
#: broken and raises for all.
MOST_RAISED = 1000


def score_texts(model: Model, texts: list[str]) -> tuple[npt.NDArray[np.float64], dict[int, str]]:
    """Score n texts as one DataFrame; where the model raises, each half by itself, and so on.

    Returns:
        n scores, not a number where there is none; and for those on which the model raised, by
        their places, why.
    """
    scores = np.full(len(texts), np.nan)
    reasons: dict[int, str] = {}
    raised = 0
    runs = [(0, len(texts))]
    while runs:
        begin, end = runs.pop()
        try:
            scores[begin:end] = _score(model, texts[begin:end])
        except Exception as error:  # noqa: BLE001  whatever a model raises; it is logged
            raised += 1
            if raised == 1:
                logger.error("model=%s raised: %s", model.card.full_name, where(error))  # noqa: TRY400  the message may quote a text
            middle = (begin + end) // 2
            if end - begin > 1 and raised < MOST_RAISED:
                runs += [(middle, end), (begin, middle)]
            else:
                what = "this text" if end - begin == 1 else "this row's part"
                reason = f"the model could not score {what}: {type(error).__name__}"
                reasons |= dict.fromkeys(range(begin, end), reason)
    return scores, reasons


def _score(model: Model, texts: list[str]) -> npt.NDArray[np.float64]:
    frame = pd.DataFrame({TEXT: pd.Series(texts, dtype=object)})
    return model.score(frame)[SCORE].to_numpy(dtype=float)
