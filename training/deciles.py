"""What a label says about the ten deciles that a `deep` model chooses from."""

import numpy as np
import numpy.typing as npt
import pandas as pd

DECILES = 10

#: The scores that a label without a grade may stand for, where other rows are graded: a side, or
#: a broad third where there are neutral rows in the same file.
_SIDES = {0.0: (0.0, 0.5), 1.0: (0.5, 1.0)}
_THIRDS = {0.0: (0.0, 0.4), 0.5: (0.3, 0.7), 1.0: (0.6, 1.0)}


def possible_deciles(frame: pd.DataFrame) -> npt.NDArray[np.float32]:
    """The deciles that each row's score may be in.

    A score is in its own; a fifth stands for both of its deciles. A bare label (negative, neutral,
    positive) says as much as its word only where no row is graded; among graded ones it says no
    more than the side, for how far on that side is known from them. Without a label (NaN), all are
    possible.

    Args:
        frame: `score`, `coarse`, `bare` and `source` of n rows, as `training.data` reads them.

    Returns:
        n rows of 10 numbers: 1 for a decile that is possible, else 0.
    """
    scores = frame["score"].to_numpy(dtype=np.float64)
    unlabelled = np.isnan(scores)
    scores = np.where(unlabelled, 0.5, scores)
    coarse, bare = (frame[name].to_numpy(dtype=bool) for name in ("coarse", "bare"))
    highest = np.minimum(DECILES - 1, (scores * DECILES + 1e-9).astype(int))
    lowest = np.where(coarse, highest - 1, highest)
    if not bare.all():
        for source in frame["source"].unique():
            here = bare & (frame["source"] == source).to_numpy()
            ranges = _THIRDS if (scores[here] == 0.5).any() else _SIDES
            for score, (least, most) in ranges.items():
                rows = here & (scores == score)
                lowest[rows], highest[rows] = round(least * DECILES), round(most * DECILES) - 1
    lowest[unlabelled], highest[unlabelled] = 0, DECILES - 1
    deciles = np.arange(DECILES)
    possible = (deciles >= lowest[:, np.newaxis]) & (deciles <= highest[:, np.newaxis])
    return np.asarray(possible, dtype=np.float32)


def believed(
    shares: npt.NDArray[np.float32], possible: npt.NDArray[np.float32]
) -> npt.NDArray[np.float32]:
    """Between what other models say of n rows and what their labels allow: the mean of both.

    Args:
        shares: n rows of 10 probabilities; NaN where nothing is said.
        possible: n rows, as `possible_deciles` gives them.
    """
    allowed = (shares + 1e-4) * possible
    mixed: npt.NDArray[np.float32] = (shares + allowed / allowed.sum(axis=1, keepdims=True)) / 2
    return np.where(np.isnan(shares), possible, mixed)
