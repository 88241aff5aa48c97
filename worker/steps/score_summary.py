"""What the scores of a part come to: `shared.jobs.outcome.Summary.of`, for many rows."""

import numpy as np

from shared.jobs.outcome import BINS, Summary, kinds_of


def summary_of(scores: list[float | None], errors: list[str | None], failed: int) -> Summary:
    """The summary of rows, each of which has a score or an error.

    Args:
        scores: None where there is an error.
        errors: None where there is a score.
        failed: how many have an error.
    """
    found = np.array([score for score in scores if score is not None] if failed else scores, float)
    kinds = kinds_of(errors) if failed else {}
    if not found.size:
        return Summary(errors=kinds)
    bins = np.clip((found * BINS).astype(np.int64), 0, BINS - 1)
    return Summary(
        bins=tuple(np.bincount(bins, minlength=BINS).tolist()),
        total=float(found.sum()),
        least=float(found.min()),
        most=float(found.max()),
        errors=kinds,
    )
