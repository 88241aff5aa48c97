"""Runs a scikit-learn word pipeline faster, if trial texts prove that the scores are equal."""

import copy
from collections.abc import Callable, Sequence
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from sklearn.feature_extraction.text import (
    HashingVectorizer,
    TfidfTransformer,
    TfidfVectorizer,
)
from sklearn.pipeline import Pipeline, make_pipeline

from scoring.effects.linear_scores import LinearScores
from scoring.effects.top_effects import TopEffects, joined, top_of_matrix
from scoring.estimators.unwrapping import unwrapped
from scoring.words.chunks import by_chunks, chunks
from scoring.words.compiled_decisions import TextDecisions
from scoring.words.counted_texts import decided, explained_texts
from scoring.words.hash_counts import HashCounter
from scoring.words.linear_classifiers import LinearClassifier, linear_classifier
from scoring.words.linear_model import LinearModel, sublinear
from scoring.words.proof import agrees
from scoring.words.stored_tables import Stored
from scoring.words.text_reach import TextReach
from scoring.words.word_counts import Counts, WordCounter

Floats = npt.NDArray[np.float64]


class WordPipeline:
    """A fitted `Pipeline` that starts with a word vectoriser. Use `from_estimator` to make one.

    It counts words with `WordCounter`, weights them as `TfidfTransformer` does, and computes the
    probabilities of a linear classifier itself, calibrated or not. Any other final
    estimator gets the same sparse matrix that scikit-learn would pass to it.

    Attributes:
        reach: counts the words of texts, and those that the vectoriser knows; None: it knows no
            words, but characters.
        final: what gets the weights of the terms.
    """

    def __init__(self, counter: WordCounter | HashCounter, weighting: Any, final: Any) -> None:
        self.reach: TextReach | None = None
        if isinstance(counter, WordCounter) and counter.counts_words:
            self.reach = TextReach.of_counter(counter)
        self._counter = counter
        self._weighting = weighting
        self.final = final
        self._classifier = linear_classifier(final)
        self._decide = self._decision_function(self._classifier) if self._classifier else None

    @property
    def is_row_by_row(self) -> bool:
        """Whether it computes each text by itself: no library that multiplies matrices has a part.

        Sparse matrices are multiplied row by row, and probabilities follow from each row alone.
        """
        return self._decide is not None

    @classmethod
    def from_estimator(cls, estimator: Any) -> Self | None:
        """Convert an estimator; None if it is not supported or its results are not proven equal.

        Args:
            estimator: a fitted estimator with `predict_proba` or `predict`.
        """
        if type(estimator) is not Pipeline:
            return None
        vectoriser, *others = flat_steps(estimator)
        if not others:
            return None
        counter: WordCounter | HashCounter | None
        if isinstance(vectoriser, HashingVectorizer):
            counter = HashCounter.from_vectoriser(vectoriser)
            weighting = counter.weighting if counter else None
        else:
            weighting = vectoriser if isinstance(vectoriser, TfidfVectorizer) else None
            if weighting is None and type(others[0]) is TfidfTransformer:
                weighting = others.pop(0)
            counter = WordCounter.from_vectoriser(vectoriser)
        if counter is None or not others:
            return None
        final = others[0] if len(others) == 1 else make_pipeline(*others)
        pipeline = cls(counter, weighting, final)
        known = list(getattr(vectoriser, "vocabulary_", ()))
        return pipeline if agrees(pipeline, estimator, known) else None

    def predict_proba(self, texts: Sequence[str]) -> Floats:
        """The probabilities of the K classes for n texts, n >= 1; an array of n x K.

        The words of `CountedTexts` are counted in the same pass, if compiled code runs.
        """
        if self._classifier is None or self._decide is None:
            return by_chunks(lambda chunk: self._apply_final("predict_proba", chunk), texts)
        decide = self._decide
        decisions = (
            decided(decide, texts)
            if isinstance(decide, TextDecisions)
            else by_chunks(decide, texts)
        )
        return self._classifier.probabilities(decisions)

    def deciding_by(self, decide: TextDecisions) -> "WordPipeline":
        """The same pipeline with the tables of another one that decides alike.

        Tables that processes share take less of the processor's caches than each one's own.
        """
        if not isinstance(self._decide, TextDecisions):
            return self
        other = copy.copy(self)
        other._decide = decide
        return other

    def explained(
        self, texts: Sequence[str], by: LinearScores, terms: int
    ) -> tuple[Floats, TopEffects]:
        """What the pipeline gives n texts, n >= 1, and the terms that move it most.

        Args:
            texts: the texts.
            by: what `scoring.effects.linear_scores.linear_scores` finds in the final
                estimator.
            terms: the most terms of a text.

        Returns:
            What `predict_proba` returns, or `predict` if that is all that there is; and the terms.
            The words of `CountedTexts` are counted in the same pass, if compiled code runs.
        """
        if isinstance(self._decide, TextDecisions):
            runs = explained_texts(self._decide, texts, by, terms)
        else:
            runs = [self._explained(chunk, by, terms) for chunk in chunks(texts)]
        given = np.concatenate([one for one, _ in runs])
        if self._classifier:
            given = self._classifier.probabilities(given)
        return given, joined([top for _, top in runs])

    def _explained(
        self, texts: Sequence[str], by: LinearScores, terms: int
    ) -> tuple[Floats, TopEffects]:
        """Decisions, or else what the final estimator gives, and the terms; as `explained`."""
        matrix = self._weighed(texts).matrix()
        if self._classifier:
            given = matrix @ self._classifier.coefficients.T
        else:
            method = "predict_proba" if hasattr(self.final, "predict_proba") else "predict"
            given = np.asarray(getattr(self.final, method)(matrix), dtype=np.float64)
        decided = matrix @ by.coefficients.T + by.intercepts
        return given, top_of_matrix(matrix, decided, by, terms)

    def predict(self, texts: Sequence[str]) -> npt.NDArray[Any]:
        """The predictions for n texts, n >= 1."""
        return by_chunks(lambda chunk: self._apply_final("predict", chunk), texts)

    def stored(self) -> Stored | None:
        """What the compiled path needs; None if it does not run for this pipeline."""
        words = self._counter.stored()
        # Coefficients of another type are multiplied by SciPy.
        if self._classifier is None or self._classifier.coefficients.dtype != np.float64:
            return None
        if words is None:
            return None
        linear = _linear_model(self._weighting, self._classifier)
        by_column, coefficients = linear.tables()
        weights = words.weights | {
            "sublinear": linear.by_count is sublinear,
            "norm": linear.norm,
        }
        arrays = {**words.arrays, "by_column": by_column, "coefficients": coefficients}
        return words._replace(weights=weights, link=self._classifier.link, arrays=arrays)

    def _weighed(self, texts: Sequence[str]) -> Counts:
        counts = self._counter.counts(texts)
        return _weigh(counts, self._weighting) if self._weighting else counts

    def _decision_function(self, classifier: LinearClassifier) -> Callable[[Sequence[str]], Floats]:
        """Make the function from texts to decisions: compiled if possible, else from counts."""
        compiled = self._counter.decision_function(_linear_model(self._weighting, classifier))
        return compiled or (lambda texts: self._weighed(texts).matrix() @ classifier.coefficients.T)

    def _apply_final(self, method: str, texts: Sequence[str]) -> npt.NDArray[Any]:
        return np.asarray(getattr(self.final, method)(self._weighed(texts).matrix()))


def flat_steps(pipeline: Pipeline) -> list[Any]:
    """The steps of a pipeline and of the pipelines in it, without those that do nothing."""
    steps = []
    for _, wrapped in pipeline.steps:
        step = unwrapped(wrapped)
        if type(step) is Pipeline:
            steps += flat_steps(step)
        elif step is not None and not isinstance(step, str):  # "passthrough"
            steps.append(step)
    return steps


def _weigh(counts: Counts, weighting: Any) -> Counts:
    """Weight counts as `TfidfTransformer.transform` does.

    The number types and the order of operations are scikit-learn's, so the results are identical.
    """
    weights = counts.values
    if weights.dtype not in (np.float32, np.float64):
        weights = weights.astype(np.float64)
    if weighting.sublinear_tf:
        # Skip the counts of 1, which are most of them: their weight stays 1.
        several = np.flatnonzero(weights != 1)
        weights[several] = sublinear(weights[several])
    if weighting.use_idf:
        weights *= weighting.idf_.take(counts.columns)
    if weighting.norm:
        squares = weights * weights if weighting.norm == "l2" else np.abs(weights)
        sums = np.bincount(counts.rows, weights=squares, minlength=counts.texts)
        lengths = np.sqrt(sums) if weighting.norm == "l2" else sums
        lengths[lengths == 0] = 1
        weights = (weights / lengths.take(counts.rows)).astype(weights.dtype)
    return counts._replace(values=weights)


def _linear_model(weighting: Any, classifier: LinearClassifier) -> LinearModel:
    """`_weigh` followed by the sums of weight x coefficient, as the compiled code takes it."""
    width = classifier.coefficients.shape[1]
    idf = weighting.idf_ if weighting and weighting.use_idf else np.ones(width)
    norms = {"l2": 2, "l1": 1, None: 0}
    return LinearModel(
        by_count=sublinear if weighting and weighting.sublinear_tf else lambda counts: counts,
        by_column=idf,
        norm=norms[weighting.norm if weighting else None],
        coefficients=classifier.coefficients,
    )
