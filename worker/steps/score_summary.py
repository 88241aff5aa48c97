"""The summary of the scores of a part: as `shared.jobs.outcome.Summary.of`, for many rows."""

import numpy as np

from shared.jobs.outcome import BINS, Summary, kinds_of


def summary_of(scores: list[float | None], errors: list[str | None], failed: int) -> Summary:
    """The summary of rows, each of which has a score or an error.

    Args:
        scores: the score of each row; None for a row with an error.
        errors: the error of each row; None for a row with a score.
        failed: the number of rows with an error.
    """
    finite = np.array([score for score in scores if score is not None] if failed else scores, float)
    kinds = kinds_of(errors) if failed else {}
    if not finite.size:
        return Summary(errors=kinds)
    bins = np.clip((finite * BINS).astype(np.int64), 0, BINS - 1)
    return Summary(
        bins=tuple(np.bincount(bins, minlength=BINS).tolist()),
        total=float(finite.sum()),
        least=float(finite.min()),
        most=float(finite.max()),
        errors=kinds,
    )
