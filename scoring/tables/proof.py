"""Proves by trial rows that a faster estimator gives scikit-learn's results."""

import copy
import logging
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from random import Random
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import csr_matrix

from scoring.tables.fast_columns import FastColumns
from scoring.tables.tree_ensembles import tree_groups
from scoring.tables.tree_nodes import CATEGORIES, TreeNodes

logger = logging.getLogger(__name__)

#: The maximum difference from scikit-learn's results; relative for numbers beyond 1. Sums run in
#: the same order, so results are identical on most machines.
TOLERANCE = 1e-12

_TRIAL_ROWS = 500

#: From how many groups of trees the thresholds are tried.
_TRIAL_GROUPS = 3

#: Tables have fewer features; words have more.
_MANY_FEATURES = 5000

#: Numbers on which comparisons go wrong first.
_ODD_NUMBERS = (0.0, -0.0, 1.0, -1.0, 5e-324, 1e-40, -1e-40, 16777217.0, 3e38, -3e38, 1e300, -1e300)

_PLAIN_NUMBERS = (0.0, -0.0, 1.0, -3.5, 1234567.891, 0.1, 1e-9, -1e15)

#: From which the numbers of a trial frame are chosen.
_NUMBERS: tuple[tuple[float, ...], ...] = (
    _PLAIN_NUMBERS,
    (0, 1, 2, 2**40),
    (False, True),
    (*_PLAIN_NUMBERS, np.nan),
    _ODD_NUMBERS,
)

_METHODS = ("predict_proba", "predict", "transform")


def agrees(fast: Any, estimator: Any, trials: Iterable[Any]) -> bool:
    """Whether both give equal results, within the tolerance, and the same exceptions.

    Args:
        fast: the faster estimator.
        estimator: fitted, with one or more of `predict_proba`, `predict` and `transform`.
        trials: arrays or frames of rows.
    """
    served = 0
    for rows in trials:
        for method in _METHODS:
            if not hasattr(estimator, method):
                continue
            expected = outcome(estimator, method, rows)
            found = outcome(fast, method, rows)
            if not _same(found, expected):
                logger.warning(
                    "scikit-learn runs %s, because faster code gives other results",
                    type(estimator).__name__,
                )
                return False
            served += not isinstance(expected, tuple)
    return served > 0


def outcome(estimator: Any, method: str, rows: Any) -> Any:
    """What a method gives for rows, or class and message of its exception."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return getattr(estimator, method)(rows)
        # The estimator holds user code, which may raise any exception.
        except Exception as error:  # noqa: BLE001
            return type(error), str(error)


def _same(found: Any, expected: Any) -> bool:
    if type(found) is not type(expected):
        return False
    if isinstance(expected, tuple):
        return bool(found == expected)
    if isinstance(expected, list):
        return len(found) == len(expected) and all(map(_same, found, expected))
    if hasattr(expected, "toarray"):
        found, expected = found.toarray(), expected.toarray()
    if (found.dtype, found.shape) != (expected.dtype, expected.shape):
        return False
    if expected.dtype.kind != "f":
        # NaN among objects is not equal to itself.
        missing = (found != found) & (expected != expected)  # noqa: PLR0124
        return bool(np.all((found == expected) | missing))
    return bool(np.allclose(found, expected, rtol=TOLERANCE, atol=TOLERANCE, equal_nan=True))


def trees_agree(fast: Any, estimator: Any) -> bool:
    """Whether a tree ensemble and its faster copy agree on rows around the trees' thresholds.

    They do not count as agreeing if there are too many features to try.
    """
    features = int(estimator.n_features_in_)
    if features > _MANY_FEATURES:
        return False
    names = getattr(estimator, "feature_names_in_", None)
    trials: Iterator[Any] = (
        rows
        for nodes in islice(tree_groups(estimator), _TRIAL_GROUPS)
        for rows in _tree_rows(nodes, features)
    )
    if names is None:
        # An encoder before the trees may give a sparse matrix.
        first = next(trials)
        trials = chain([first, csr_matrix(first)], trials)
    else:
        trials = (pd.DataFrame(rows, columns=names) for rows in trials)
    return agrees(fast, estimator, trials)


def columns_agree(fast: FastColumns) -> bool:
    """Whether transformers and what takes over for them agree on odd numbers and categories."""
    frames = trial_frames(fast)
    if isinstance(outcome(fast, "matrix", frames[0]), tuple):
        # It would leave all rows to scikit-learn.
        return False
    return agrees(fast, fast.original, frames)


def trial_frames(fast: FastColumns) -> list[pd.DataFrame]:
    """Frames of odd numbers, categories and types, for what takes over for transformers."""
    categories: dict[str, npt.NDArray[Any]] = {}
    for part in fast.parts:
        categories |= part.categories()
    frames = [
        _frame(fast.names, categories, numbers, unknown=unknown)
        for numbers in _NUMBERS
        for unknown in ((), (np.nan,), ("unheard-of",), ("", None, np.nan, 7, "unheard-of"))
    ]
    frames.append(frames[0].iloc[:1])
    flags = [name for name in fast.names if name not in categories][::2]
    frames.append(frames[0].astype(dict.fromkeys(flags, "bool")))
    frames.append(frames[0].astype(dict.fromkeys(categories, "str")))
    frames.append(frames[0][list(fast.names[::-1])])
    return frames


def _frame(
    names: Sequence[str],
    categories: Mapping[str, npt.NDArray[Any]],
    numbers: Sequence[float],
    *,
    unknown: Sequence[Any],
) -> pd.DataFrame:
    random = Random(0)  # noqa: S311  nothing here is secret
    columns: dict[str, Any] = {}
    for name in names:
        if name not in categories:
            columns[name] = np.array(random.choices(numbers, k=_TRIAL_ROWS))
            continue
        known = categories[name]
        values = random.choices(known.tolist(), k=_TRIAL_ROWS)
        if known.dtype.kind == "O":
            odd = unknown
        else:
            odd = tuple(value for value in unknown if isinstance(value, float | int))
        if odd:
            rows = random.sample(range(_TRIAL_ROWS), _TRIAL_ROWS // 5)
            for row in rows:
                values[row] = random.choice(odd)
        columns[name] = np.array(values, dtype=object if known.dtype.kind == "O" else None)
    return pd.DataFrame(
        {name: pd.Series(values, dtype=values.dtype) for name, values in columns.items()}
    )


def without_preprocessor(estimator: Any) -> Any:
    """A copy of a `HistGradientBoosting` estimator that takes encoded categories as its input."""
    bare = copy.copy(estimator)
    bare._preprocessor = None
    bare.__dict__.pop("feature_names_in_", None)
    return bare


def _tree_rows(nodes: TreeNodes, features: int) -> Iterator[npt.NDArray[np.float64]]:
    """Rows of thresholds and their neighbours, in both precisions; without and with odd values."""
    random = np.random.default_rng(0)
    rows = np.zeros((_TRIAL_ROWS, features))
    inner = ~nodes.is_leaf
    numeric = inner & (nodes.table < 0)
    categorical = np.unique(nodes.feature[inner & (nodes.table >= 0)])
    order = np.argsort(nodes.feature[numeric], kind="stable")
    by_feature = nodes.threshold[numeric][order]
    ends = np.cumsum(np.bincount(nodes.feature[numeric], minlength=features))
    for feature in range(features):
        thresholds = by_feature[ends[feature - 1] if feature else 0 : ends[feature]]
        thresholds = thresholds[np.isfinite(thresholds)]
        if feature in categorical:
            rows[:, feature] = random.integers(0, CATEGORIES, _TRIAL_ROWS)
        elif len(thresholds):
            rows[:, feature] = _one_of(random, random.choice(thresholds, _TRIAL_ROWS))
    yield rows
    is_category = np.isin(np.arange(features), categorical)
    for odd in (_ODD_NUMBERS[:-2], (np.nan,), (*_ODD_NUMBERS, np.nan, np.inf, -np.inf)):
        changed = rows.copy()
        here = random.random(rows.shape) < 0.25
        here[:, is_category] = False
        changed[here] = random.choice(odd, np.count_nonzero(here))
        if np.isnan(odd).any():
            changed[:, is_category] = np.where(
                random.random((len(rows), len(categorical))) < 0.25,
                np.nan,
                changed[:, is_category],
            )
        yield changed


def _one_of(
    random: np.random.Generator, thresholds: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Each threshold or one of its neighbours, which differ from it in the last bit."""
    with np.errstate(over="ignore"):
        single = thresholds.astype(np.float32)
    up, down = np.float32(np.inf), np.float32(-np.inf)
    choices = [
        *(thresholds, np.nextafter(thresholds, np.inf), np.nextafter(thresholds, -np.inf)),
        *(single, np.nextafter(single, up), np.nextafter(single, down)),
    ]
    which = random.integers(0, len(choices), len(thresholds))
    return np.choose(which, choices)
