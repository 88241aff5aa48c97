"""Turns labels into targets over ten deciles, the classes of a `deep` model."""

import numpy as np
import numpy.typing as npt
import pandas as pd

DECILES = 10

#: The range of scores that a bare label may stand for if other rows are graded: half of 0..1, or,
#: if the file has neutral rows, a broad third.
_HALVES = {0.0: (0.0, 0.5), 1.0: (0.5, 1.0)}
_THIRDS = {0.0: (0.0, 0.4), 0.5: (0.3, 0.7), 1.0: (0.6, 1.0)}


def possible_deciles(frame: pd.DataFrame) -> npt.NDArray[np.float32]:
    """The deciles that the true score of each row may lie in.

    A score lies in one decile. A fifth (`coarse`) covers two. A bare label (negative, neutral,
    positive) stands for the lowest, a middle or the highest decile if all rows are bare. If some
    rows are graded, a bare label only tells the side, and the graded rows teach the degree. A row
    without a label (NaN) allows all deciles.

    Args:
        frame: n rows with `score`, `coarse`, `bare` and `source`, as `training.data` reads them.

    Returns:
        An array of n x 10: 1 for a decile that is possible, else 0.
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
            ranges = _THIRDS if (scores[here] == 0.5).any() else _HALVES
            for score, (least, most) in ranges.items():
                rows = here & (scores == score)
                lowest[rows], highest[rows] = round(least * DECILES), round(most * DECILES) - 1
    lowest[unlabelled], highest[unlabelled] = 0, DECILES - 1
    deciles = np.arange(DECILES)
    possible = (deciles >= lowest[:, np.newaxis]) & (deciles <= highest[:, np.newaxis])
    return np.asarray(possible, dtype=np.float32)


def mix_with_labels(
    shares: npt.NDArray[np.float32], possible: npt.NDArray[np.float32]
) -> npt.NDArray[np.float32]:
    """Mix the opinions of other models with the labels: the mean of both distributions.

    Args:
        shares: an array of n x 10 probabilities; NaN in rows without an opinion.
        possible: an array of n x 10, as `possible_deciles` returns it.

    Returns:
        An array of n x 10: the mean of the opinion and of the opinion restricted to the possible
        deciles; `possible` itself in rows without an opinion.
    """
    allowed = (shares + 1e-4) * possible
    mixed: npt.NDArray[np.float32] = (shares + allowed / allowed.sum(axis=1, keepdims=True)) / 2
    return np.where(np.isnan(shares), possible, mixed)
