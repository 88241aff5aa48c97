"""Explains linear estimators over the terms of texts: weight times value, which is exact."""

import copy
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer
from sklearn.feature_selection import SelectorMixin
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import MaxAbsScaler, Normalizer
from typing_extensions import override

from scoring.effects.explainer import Explainer
from scoring.effects.linear_estimators import linear_scores
from scoring.effects.linear_scores import LinearScores
from scoring.effects.top_effects import (
    TopEffects,
    categories_of,
    joined,
    top_of_matrix,
)
from scoring.estimators.unwrapping import unwrapped
from scoring.words.compiled_decisions import TextDecisions
from scoring.words.word_pipeline import WordPipeline, flat_steps

#: Texts that are explained at once without `WordPipeline`.
_ROWS = 2048


class LinearWords(Explainer):
    """A pipeline of steps that make numbers of texts, and of a linear estimator."""

    def __init__(self, before: Sequence[Any], final: Any, fast: Any, by: LinearScores) -> None:
        """Take the fitted steps of a pipeline.

        Args:
            before: the steps that make weights of terms.
            final: the linear estimator.
            fast: what scores instead of the pipeline.
            by: what the linear estimator computes.
        """
        self._before, self._by = make_pipeline(*before), by
        # Between the terms and the linear estimator may be steps that leave some out.
        is_same = isinstance(fast, WordPipeline) and fast.final is final
        self._fast: WordPipeline | None = fast if is_same else None
        names = self._before.get_feature_names_out()
        self.names = categories_of([str(name) for name in names])
        self.numbers = len(by.intercepts)

    def deciding_by(self, decide: TextDecisions) -> "LinearWords":
        """As `WordPipeline.deciding_by`."""
        if self._fast is None:
            return self
        other = copy.copy(self)
        other._fast = self._fast.deciding_by(decide)
        return other

    @property
    @override
    def base_values(self) -> npt.NDArray[np.float64]:
        return self._by.intercepts

    @override
    def explained(self, rows: Sequence[str], terms: int) -> tuple[Any, TopEffects]:
        if self._fast is not None:
            return self._fast.explained(rows, self._by, terms)
        begins = range(0, len(rows), _ROWS)
        return None, joined([self._run(rows[at : at + _ROWS], terms) for at in begins])

    def _run(self, rows: Sequence[str], terms: int) -> TopEffects:
        matrix = csr_matrix(self._before.transform(list(rows)))
        matrix.sum_duplicates()
        decided = matrix @ self._by.coefficients.T + self._by.intercepts
        return top_of_matrix(matrix, decided, self._by, terms)


def linear_words(estimator: Any, fast: Any, *, turned: bool) -> LinearWords | None:
    """What explains an estimator of texts; None if it is not linear, or its terms have no names.

    Args:
        estimator: fitted, as the file holds it.
        fast: the same, perhaps faster.
        turned: whether the score is the probability of the first of two classes.
    """
    if type(estimator) is not Pipeline:
        return None
    *before, final = flat_steps(estimator)
    by = linear_scores(final)
    if by is None or not before or not _makes_terms(before):
        return None
    try:
        found = LinearWords(before, final, fast, by.turned() if turned else by)
    # A step without names, such as a hash of words.
    except (AttributeError, NotImplementedError, ValueError):
        return None
    return found if len(found.names.categories) == by.coefficients.shape[1] else None


def _makes_terms(steps: Sequence[Any]) -> bool:
    """Whether each column that the steps make of texts is a term, weighed or not."""
    first, *others = steps
    if isinstance(first, FeatureUnion):
        inside = [unwrapped(one) for _, one in first.transformer_list if one != "drop"]
        flat = [flat_steps(one) if type(one) is Pipeline else [one] for one in inside]
        return all(map(_makes_terms, flat)) and all(map(_keeps_terms, others))
    return isinstance(first, CountVectorizer) and all(map(_keeps_terms, others))


def _keeps_terms(step: Any) -> bool:
    """Whether a step weighs columns or leaves some out, so that each is still of one term."""
    return isinstance(step, TfidfTransformer | SelectorMixin | MaxAbsScaler | Normalizer)
