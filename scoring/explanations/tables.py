"""Explains estimators of tables: the effects of derived columns, summed by the user's column."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix
from sklearn.pipeline import Pipeline, make_pipeline
from typing_extensions import override

from scoring.effects.explainer import Explainer
from scoring.effects.linear_estimators import linear_scores
from scoring.effects.linear_scores import LinearScores
from scoring.effects.top_effects import TopEffects, categories_of, joined, top_of_columns
from scoring.estimators.column_flow import fitted_names, fitted_width
from scoring.estimators.unwrapping import unwrapped
from scoring.explanations.attribution import Attribution
from scoring.explanations.shapley_values import shapley_values
from scoring.explanations.source_columns import Sources, check_width, sources_of
from scoring.explanations.tree_paths import tree_paths
from scoring.words.word_pipeline import flat_steps
from shared.model import ExplainedBy

Floats = npt.NDArray[np.float64]


class LinearColumns(Attribution):
    """Weight times value, which is exact."""

    def __init__(self, by: LinearScores) -> None:
        """Take the numbers of an estimator."""
        self._by, self.numbers = by, len(by.intercepts)

    @property
    @override
    def base_values(self) -> Floats:
        return self._by.intercepts

    @override
    def effects(self, rows: Any, sources: Sources, width: int) -> tuple[Floats, Any]:
        # Sparse also of an array: its sums are row by row, so they depend on no other row.
        matrix = csr_matrix(np.asarray(rows) if not hasattr(rows, "tocsr") else rows)
        chosen = np.zeros(matrix.shape[0], dtype=np.int32)
        if self.numbers > 1:
            decided = matrix @ self._by.coefficients.T + self._by.intercepts
            chosen = decided.argmax(axis=1).astype(np.int32)
        of_row = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
        cells = matrix.data * self._by.coefficients[chosen[of_row], matrix.indices]
        places = of_row * width + sources[matrix.indices]
        sums = np.bincount(places, weights=cells, minlength=matrix.shape[0] * width)
        return sums.astype(np.float64).reshape(-1, width), chosen


class TableExplainer(Explainer):
    """The steps that make derived columns, and what explains the estimator after them."""

    def __init__(
        self, before: Sequence[Any], final: Any, attribution: Attribution, names: Sequence[str]
    ) -> None:
        """Take the fitted steps of a pipeline.

        Args:
            before: the steps before the estimator.
            final: the estimator, fitted.
            attribution: of the estimator.
            names: of the user's columns, in the order of the fit.

        Raises:
            scoring.explanations.source_columns.ManySources: a step mixes columns, or the
                sources of some are unknown.
        """
        self._transform: Callable[[Any], Any] = (
            make_pipeline(*before).transform if before else lambda rows: rows
        )
        self._attribution, self._sources = attribution, sources_of(before, len(names))
        check_width(final, len(self._sources))
        self.names = categories_of(names)
        self.numbers = attribution.numbers

    @property
    @override
    def base_values(self) -> Floats:
        return self._attribution.base_values

    @override
    def explained(self, rows: Any, terms: int) -> tuple[Any, TopEffects]:
        step = self._attribution.rows_at_once
        runs = [self._run(rows[at : at + step], terms) for at in range(0, len(rows), step)]
        return None, joined(runs)

    def _run(self, rows: Any, terms: int) -> TopEffects:
        derived, width = self._transform(rows), len(self.names.categories)
        return top_of_columns(*self._attribution.effects(derived, self._sources, width), terms)


def table_explainer(
    estimator: Any, names: Sequence[str], *, turned: bool
) -> tuple[ExplainedBy, TableExplainer] | None:
    """How an estimator of a table is explained, and by what; None if it cannot be.

    Args:
        estimator: fitted, as the file holds it.
        names: the model's inputs.
        turned: whether the score is the probability of the first of two classes.

    Raises:
        scoring.explanations.refusal.NotExplained: a step mixes columns, the sources of some are
            unknown, or the library of a booster does not explain it.
    """
    names = fitted_names(estimator) or list(names)
    if fitted_width(estimator) not in (None, len(names)):
        return None
    steps = flat_steps(estimator) if type(estimator) is Pipeline else [unwrapped(estimator)]
    *before, final = steps
    if (by := linear_scores(final)) is not None:
        attribution = LinearColumns(by.turned() if turned else by)
        return "linear", TableExplainer(before, final, attribution, names)
    if (paths := tree_paths(final, turned=turned)) is not None:
        return "tree", TableExplainer([*before, *paths.before], final, paths, names)
    if (shapley := shapley_values(final, turned=turned)) is not None:
        by_library, values = shapley
        return by_library.by, TableExplainer(before, final, values, names)
    return None
