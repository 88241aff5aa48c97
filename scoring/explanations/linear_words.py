"""Explains linear estimators over the terms of texts: weight times value, which is exact."""

from collections.abc import Sequence
from typing import Any

from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer
from sklearn.feature_selection import SelectorMixin
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.preprocessing import MaxAbsScaler, Normalizer
from typing_extensions import override

from scoring.effects.explainer import Explainer
from scoring.effects.linear_scores import LinearScores, linear_scores
from scoring.effects.top_effects import (
    TopEffects,
    categories_of,
    joined,
    top_of_matrix,
)
from scoring.estimators.unwrapping import unwrapped
from scoring.words.word_pipeline import WordPipeline

#: Texts that are explained at once without `WordPipeline`.
_ROWS = 2048


class LinearWords(Explainer):
    """A pipeline of steps that make numbers of texts, and of a linear estimator."""

    def __init__(self, whole: Pipeline, fast: Any, by: LinearScores) -> None:
        """Take a pipeline.

        Args:
            whole: fitted, as the file holds it.
            fast: the same, perhaps faster.
            by: what its final estimator computes.
        """
        self._before, self._by = whole[:-1], by
        # Between the terms and the linear estimator may be steps that leave some out.
        is_same = isinstance(fast, WordPipeline) and fast.final is unwrapped(whole.steps[-1][1])
        self._fast: WordPipeline | None = fast if is_same else None
        names = self._before.get_feature_names_out()
        self.names = categories_of([str(name) for name in names])
        self.base_values = by.intercepts

    @override
    def explained(self, rows: Sequence[str], terms: int) -> tuple[Any, TopEffects]:
        if self._fast is not None:
            return self._fast.explained(rows, self._by, terms)
        begins = range(0, len(rows), _ROWS)
        return None, joined([self._run(rows[at : at + _ROWS], terms) for at in begins])

    def _run(self, rows: Sequence[str], terms: int) -> TopEffects:
        matrix = csr_matrix(self._before.transform(rows))
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
    if type(estimator) is not Pipeline or not _makes_terms(estimator[:-1]):
        return None
    by = linear_scores(unwrapped(estimator.steps[-1][1]))
    if by is None:
        return None
    try:
        found = LinearWords(estimator, fast, by.turned() if turned else by)
    # A step without names, such as a hash of words.
    except (AttributeError, NotImplementedError, ValueError):
        return None
    return found if len(found.names.categories) == by.coefficients.shape[1] else None


def _makes_terms(step: Any) -> bool:
    """Whether each column that a step makes of texts is a term, weighed or not."""
    step = unwrapped(step)
    if isinstance(step, Pipeline):
        inner = [one for _, one in step.steps if one is not None and one != "passthrough"]
        return bool(inner) and _makes_terms(inner[0]) and all(map(_keeps_terms, inner[1:]))
    if isinstance(step, FeatureUnion):
        return all(_makes_terms(one) for _, one in step.transformer_list if one != "drop")
    return isinstance(step, CountVectorizer)


def _keeps_terms(step: Any) -> bool:
    """Whether a step weighs columns or leaves some out, so that each is still of one term."""
    return isinstance(unwrapped(step), TfidfTransformer | SelectorMixin | MaxAbsScaler | Normalizer)
