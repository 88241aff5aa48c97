"""A test of a model's behaviour: pairs of sentences and the expected relation of their scores.

The method follows CheckList (Ribeiro et al., ACL 2020). The pairs were written for Scorelane. No
bundled model learns from them: `training.bundled` drops every text that is similar to one.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from shared.model import SCORE, TEXT, Model

_PAIRS = Path(__file__).with_name("pairs.csv")

#: The minimum difference for "higher" and "lower", and the maximum difference for "same".
_CLEAR, _SLIGHT = 0.1, 0.1

#: The maximum distance of a neutral text from 0.5.
_NEUTRAL = 0.15

_Scores = npt.NDArray[np.float64]

#: Expected relation -> whether the scores of the first and the second texts satisfy it.
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
    """The result of a model on the pairs.

    Attributes:
        failures: kind -> the share of its pairs that fail, 0..1; in the order of the file.
        right: the share of all pairs that pass, 0..1.
        wrong: the pairs that fail; columns `kind`, `first`, `second`, `expected`, `first_score`
            and `second_score`.
    """

    failures: dict[str, float]
    right: float
    wrong: pd.DataFrame


def read_pairs() -> pd.DataFrame:
    """Read the pairs; columns `kind`, `first`, `second`, `expected`."""
    return pd.read_csv(_PAIRS, dtype=str, keep_default_na=False)


def behaviour_texts() -> list[str]:
    """All texts of the pairs."""
    pairs = read_pairs()
    return [*pairs["first"], *pairs["second"]]


def behaviour_of(model: Model) -> Behaviour:
    """Score the pairs and compare the scores with the expected relations."""
    pairs = read_pairs()
    for column in ("first", "second"):
        scored = model.score(pd.DataFrame({TEXT: pairs[column]}))
        pairs[f"{column}_score"] = scored[SCORE].to_numpy(dtype=np.float64)
    return compare_pairs(pairs)


def compare_pairs(pairs: pd.DataFrame) -> Behaviour:
    """Compare scored pairs with the expected relations.

    Args:
        pairs: the columns of `read_pairs`, and `first_score` and `second_score`.
    """
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
