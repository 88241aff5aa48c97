"""Scores texts; finds those on which the model raises by bisection, and scores the rest."""

import logging

import numpy as np
import numpy.typing as npt
import pandas as pd

from shared.model import SCORE, TEXT, Model
from shared.telemetry.safe_traceback import where

logger = logging.getLogger(__name__)

#: How often a model may raise for the rows of one part; the rows that are not scored by then get an
#: error. This is enough to find some fifty bad texts among thousands. A broken model, which always
#: raises, gets there in seconds.
MAX_RAISED = 1000


def score_texts(model: Model, texts: list[str]) -> tuple[npt.NDArray[np.float64], dict[int, str]]:
    """Score n texts as one DataFrame; if the model raises, score each half by itself, and so on.

    Returns:
        The n scores, NaN for a text without one; and by the index of each text on which the model
        raised, the error of its row.
    """
    scores = np.full(len(texts), np.nan)
    reasons: dict[int, str] = {}
    raised = 0
    runs = [(0, len(texts))]
    while runs:
        begin, end = runs.pop()
        try:
            scores[begin:end] = _score(model, texts[begin:end])
        except Exception as error:  # noqa: BLE001  a model may raise anything; it is logged
            raised += 1
            if raised == 1:
                logger.error("model=%s raised: %s", model.card.full_name, where(error))  # noqa: TRY400  the message may quote a text
            middle = (begin + end) // 2
            if end - begin > 1 and raised < MAX_RAISED:
                runs += [(middle, end), (begin, middle)]
            else:
                what = "this text" if end - begin == 1 else "this row's part"
                reason = f"the model could not score {what}: {type(error).__name__}"
                reasons |= dict.fromkeys(range(begin, end), reason)
    return scores, reasons


def _score(model: Model, texts: list[str]) -> npt.NDArray[np.float64]:
    frame = pd.DataFrame({TEXT: pd.Series(texts, dtype=object)})
    return model.score(frame)[SCORE].to_numpy(dtype=float)
