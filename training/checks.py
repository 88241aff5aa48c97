"""What is worth knowing of labelled data before one trusts what is learnt from it."""

import pandas as pd

from shared.model import TEXT
from training.data import TRAIN

#: Fewer rows than this tell an accuracy to no better than five points.
_FEW_ROWS = 400

#: A side with a smaller share is easily overlooked, by the model and by its accuracy.
_SMALL_SHARE = 0.1

#: Words that the `deep` kind reads of a text.
_LONG = 256


def notes_on(frame: pd.DataFrame, measured_on: pd.DataFrame) -> list[str]:
    """Sentences for whoever trains; none where nothing is odd.

    Args:
        frame: as `training.data.split` gives it.
        measured_on: the rows of it that the model is measured on.
    """
    train = frame[frame["split"] == TRAIN]
    sides = (train["score"] - 0.5).round(9).map(lambda off: (off > 0) - (off < 0))
    each = sides.groupby(train[TEXT])
    notes = []
    if contradicted := int((each.nunique() > 1).sum()):
        notes.append(f"{contradicted} texts have labels of both sides, or of one side and neutral.")
    if repeated := len(train) - each.ngroups:
        notes.append(f"{repeated} rows repeat the text of another.")
    shares = sides[sides != 0].value_counts(normalize=True)
    if shares.min() < _SMALL_SHARE:
        side = "negative" if shares.get(-1, 0.0) == shares.min() else "positive"
        notes.append(f"Only {shares.min():.0%} of the rows that are not neutral are {side}.")
    if len(measured_on) < _FEW_ROWS:
        notes.append(
            f"It is measured on {len(measured_on)} rows: mind the intervals of the figures."
        )
    if long := int((train[TEXT].str.count(r"\s+") >= _LONG).sum()):
        notes.append(f"{long} texts have more than {_LONG} words; the deep kind reads no further.")
    return notes
