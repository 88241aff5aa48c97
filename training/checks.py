"""Checks of labelled data that warn a user of problems before training."""

import pandas as pd

from shared.model import TEXT
from training.data import TRAIN

#: With fewer rows, the 95 % interval of an accuracy is wider than +-5 points (Wald interval:
#: 1.96 * sqrt(0.25 / 400) = 0.049).
_FEW_ROWS = 400

#: A side (negative or positive) with a smaller share has little effect on training and accuracy.
_SMALL_SHARE = 0.1

#: The number of words that a `deep` model reads from a text.
_LONG = 256


def notes_on(frame: pd.DataFrame, measured_on: pd.DataFrame) -> list[str]:
    """Sentences that describe problems of the data, for the user; empty without problems.

    Args:
        frame: labelled rows, as `training.data.split` returns them.
        measured_on: the rows of `frame` that the model is measured on.
    """
    train = frame[frame["split"] == TRAIN]
    sides = (train["score"] - 0.5).round(9).map(lambda off: (off > 0) - (off < 0))
    each = sides.groupby(train[TEXT])
    notes = []
    if contradicted := int((each.nunique() > 1).sum()):
        notes.append(f"{contradicted} texts have labels of both sides, or of one side and neutral.")
    if repeated := len(train) - each.ngroups:
        notes.append(f"{repeated} rows repeat the text of another row.")
    shares = sides[sides != 0].value_counts(normalize=True)
    if shares.min() < _SMALL_SHARE:
        side = "negative" if shares.get(-1, 0.0) == shares.min() else "positive"
        notes.append(f"Only {shares.min():.0%} of the rows that are not neutral are {side}.")
    if len(measured_on) < _FEW_ROWS:
        notes.append(
            f"The model is measured on {len(measured_on)} rows: mind the intervals of the figures."
        )
    if long := int((train[TEXT].str.count(r"\s+") >= _LONG).sum()):
        notes.append(f"{long} texts have more than {_LONG} words; deep models ignore the rest.")
    return notes
