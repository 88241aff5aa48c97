"""The largest of the effects on the scores of rows, and what they become in a result."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from scoring.effects.linear_scores import LinearScores
from shared.jobs.added_outputs import BASE_VALUE, EFFECT, EXPLAINED, EXPLANATION, OTHER_EFFECTS

if TYPE_CHECKING:
    # `scoring.mapped` scores without SciPy, which takes a sixth of a second to import.
    from scipy.sparse import csr_matrix

Floats = npt.NDArray[np.float64]
Places = npt.NDArray[np.int32]

#: The sizes of the effects that are rounded: see `rounded`, and `to_decimals` in `linear.h`.
_LEAST_ROUNDED, _PAST_ROUNDED = 1e-5, 1e3


class TopEffects(NamedTuple):
    """The K largest effects of each of n rows, by their size.

    Of equal sizes the lower column comes first, so the order depends on the row alone. Effects of 0
    are none.

    Attributes:
        columns: n x K columns; -1: the row has fewer effects.
        effects: n x K effects; 0 where there is none.
        others: for each row the sum of all other effects.
        chosen: for each row which of the estimator's numbers is explained.
    """

    columns: Places
    effects: Floats
    others: Floats
    chosen: Places


def rounded(effects: Floats) -> Floats:
    """Effects with at most twelve decimals, which are enough to compare and to add up.

    They take less room, and a third of the time to write. Those smaller than 1e-5 keep all digits,
    because all numbers of a model may be so small; so do those from 1,000 on, which have few
    decimals anyway.
    """
    sizes = np.abs(effects)
    inside = (sizes >= _LEAST_ROUNDED) & (sizes < _PAST_ROUNDED)
    return np.where(inside, np.rint(effects * 1e12) / 1e12, effects)


def joined(runs: list[TopEffects]) -> TopEffects:
    """The effects of the rows of all runs."""
    return TopEffects(*map(np.concatenate, zip(*runs, strict=True)))


def top_of_matrix(
    matrix: "csr_matrix", decided: Floats, by: LinearScores, terms: int
) -> TopEffects:
    """The largest effects of the cells of a sparse matrix, on the largest number of each row.

    They are `rounded`, after the sum of the others was taken.

    Args:
        matrix: n x columns; the columns of each row ascend.
        decided: the estimator's numbers with their intercepts, n x E; not read if E is 1.
        by: the coefficients of these numbers.
        terms: K.
    """
    rows = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    chosen = _chosen(decided, by, matrix.shape[0])
    effects = matrix.data * by.coefficients[chosen.take(rows), matrix.indices]
    order = np.lexsort((matrix.indices, -np.abs(effects), rows))
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    rank -= matrix.indptr[:-1].astype(np.int64).take(rows)
    best = np.flatnonzero((rank < terms) & (effects != 0))
    found = _empty(matrix.shape[0], terms, chosen)
    found.columns[rows[best], rank[best]] = matrix.indices[best]
    found.effects[rows[best], rank[best]] = effects[best]
    rest = effects.copy()
    rest[best] = 0
    # It sums in the order of the cells.
    found.others[:] = np.bincount(rows, weights=rest, minlength=matrix.shape[0])
    return found._replace(effects=rounded(found.effects), others=rounded(found.others))


def top_of_columns(effects: Floats, chosen: Places, terms: int) -> TopEffects:
    """The largest of n x columns effects.

    Args:
        effects: on the explained number of each row.
        chosen: which of the estimator's numbers that is.
        terms: K.
    """
    order = np.argsort(-np.abs(effects), axis=1, kind="stable")[:, :terms].astype(np.int32)
    found = _empty(len(effects), terms, chosen)
    best = np.take_along_axis(effects, order, axis=1)
    width = order.shape[1]
    found.columns[:, :width] = np.where(best != 0, order, -1)
    found.effects[:, :width] = best
    rest = effects.copy()
    np.put_along_axis(rest, order, 0.0, axis=1)
    # Column by column, because NumPy adds up several numbers of a row at once, by its length.
    for column in rest.T:
        found.others[:] += column
    return found


def _chosen(decided: Floats, by: LinearScores, rows: int) -> Places:
    if len(by.intercepts) == 1:
        return np.zeros(rows, dtype=np.int32)
    return np.asarray(decided.argmax(axis=1), dtype=np.int32)


def _empty(rows: int, terms: int, chosen: Places) -> TopEffects:
    return TopEffects(
        np.full((rows, terms), -1, dtype=np.int32),
        np.zeros((rows, terms)),
        np.zeros(rows),
        chosen,
    )


def categories_of(names: Sequence[str]) -> pd.CategoricalDtype:
    """Different names as categories: their codes are written faster than many strings."""
    return pd.CategoricalDtype(pd.Index(list(names), dtype=object))


def result_columns(
    top: TopEffects,
    names: pd.CategoricalDtype,
    base_values: Floats | None,
    classes: pd.CategoricalDtype,
) -> dict[str, Any]:
    """The columns of a result, as `shared.jobs.added_outputs.Explanation` names them.

    Args:
        top: of n rows.
        names: the names of the columns, in order.
        base_values: each explained number without any effect; None: the effects add up to nothing.
        classes: the name of the class of each explained number; none: they are of no class.
    """
    found: dict[str, Any] = {}
    for at in range(top.columns.shape[1]):
        columns = top.columns[:, at]
        effects = np.where(columns < 0, np.nan, top.effects[:, at])
        found[EXPLANATION.format(at + 1)] = _categories(columns, names)
        found[EFFECT.format(at + 1)] = effects
    nothing = np.full(len(top.others), np.nan)
    found[OTHER_EFFECTS] = nothing if base_values is None else top.others
    found[BASE_VALUE] = nothing if base_values is None else base_values.take(top.chosen)
    chosen = top.chosen if len(classes.categories) else np.full_like(top.chosen, -1)
    found[EXPLAINED] = _categories(chosen, classes)
    return found


def _categories(codes: Places, names: pd.CategoricalDtype) -> pd.Categorical:
    return pd.Categorical.from_codes(codes, dtype=names, validate=False)
