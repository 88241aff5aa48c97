"""Pairs of sentences, and what must be true of their scores: a check of behaviour, not of accuracy.

In the manner of CheckList (Ribeiro et al., ACL 2020). The pairs were written for Scorelane, and are
never learnt from: `training.bundled` leaves out every text that comes near to one.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from shared.model import SCORE, TEXT, Model

_PAIRS = Path(__file__).with_name("pairs.csv")

#: A difference that counts, and one that does not matter.
_CLEAR, _SLIGHT = 0.1, 0.1

#: How far from the middle a neutral text may be.
_NEUTRAL = 0.15

_Scores = npt.NDArray[np.float64]

#: Whether the scores of the first and the second text are as expected.
_RULES: dict[str, Callable[[_Scores, _Scores], npt.NDArray[np.bool_]]] = {
    "opposite": lambda first, second: (first > 0.5) & (second < 0.5),
    "higher": lambda first, second: second >= first + _CLEAR,
    "lower": lambda first, second: second <= first - _CLEAR,
    "stronger": lambda first, second: (second - first) * np.sign(first - 0.5) > 0,
    "weaker": lambda first, second: np.abs(second - 0.5) < np.abs(first - 0.5),
    "same": lambda first, second: np.abs(second - first) <= _SLIGHT,
    "neutral": lambda first, second: (
        np.maximum(np.abs(first - 0.5), np.abs(second - 0.5)) <= _NEUTRAL
    ),
}


@dataclass(frozen=True)
class Behaviour:
    """How a model does on the pairs.

    Attributes:
        failures: kind -> share of its pairs that are wrong, 0..1; in the order of the file.
        right: share of all pairs that are right.
        wrong: the wrong pairs: `kind`, `first`, `second`, `expected`, and both scores.
    """

    failures: dict[str, float]
    right: float
    wrong: pd.DataFrame


def read_pairs() -> pd.DataFrame:
    """The pairs: `kind`, `first`, `second`, `expected`."""
    return pd.read_csv(_PAIRS, dtype=str, keep_default_na=False)


def behaviour_texts() -> list[str]:
    """All texts of the pairs."""
    pairs = read_pairs()
    return [*pairs["first"], *pairs["second"]]


def behaviour_of(model: Model) -> Behaviour:
    """Score the pairs, and compare them with what is expected."""
    pairs = read_pairs()
    for column in ("first", "second"):
        scored = model.score(pd.DataFrame({TEXT: pairs[column]}))
        pairs[f"{column}_score"] = scored[SCORE].to_numpy(dtype=np.float64)
    return judged(pairs)


def judged(pairs: pd.DataFrame) -> Behaviour:
    """Compare scored pairs, with `first_score` and `second_score`, with what is expected."""
    right = pd.Series(data=False, index=pairs.index)
    for expected, rows in pairs.groupby("expected"):
        first, second = (rows[f"{name}_score"].to_numpy() for name in ("first", "second"))
        right[rows.index] = _RULES[str(expected)](first, second)
    failures = (~right).groupby(pairs["kind"], sort=False).mean()
    return Behaviour(
        {str(kind): float(share) for kind, share in failures.items()},
        float(right.mean()),
        pairs[~right],
    )
