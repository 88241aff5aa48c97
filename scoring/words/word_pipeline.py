"""Runs a word-count pipeline of scikit-learn by array operations, where that is proven equal."""

import logging
from collections.abc import Callable, Sequence
from random import Random
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from scipy.special import expit, softmax
from sklearn.feature_extraction.text import TfidfTransformer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.naive_bayes import MultinomialNB
from sklearn.pipeline import Pipeline

from scoring.words.compiled_words import Decision
from scoring.words.word_counts import Counts, WordCounter

logger = logging.getLogger(__name__)

Floats = npt.NDArray[np.float64]

#: Texts at a time: enough to share the cost of the calls, few enough for the processor's caches.
_ROWS = 2048

#: What the two ways may differ by; they add up in the same order, and mostly differ by nothing.
_TOLERANCE = 1e-12

_TRIAL_ROWS = 400


class WordPipeline:
    """A fitted `Pipeline` that begins with a vectoriser of words; made by `WordPipeline.of`.

    It counts words with `WordCounter`, weighs them as `TfidfTransformer` does, and has a linear
    classifier's probabilities by itself. Any other estimator behind the words gets them as the
    sparse matrix that it would get from scikit-learn.
    """

    def __init__(self, counter: WordCounter, weighting: Any, final: Any) -> None:
        self._counter = counter
        self._weighting = weighting
        self._final = final
        self._linear = _linear(final)
        self._decide = self._decider(self._linear) if self._linear else None

    @classmethod
    def of(cls, estimator: Any) -> Self | None:
        """The same pipeline, run by arrays; None where it cannot be, or is not proven equal.

        Args:
            estimator: fitted, with `predict_proba` or `predict`.
        """
        if type(estimator) is not Pipeline:
            return None
        vectoriser, *others = (step for _, step in estimator.steps)
        weighting = vectoriser if isinstance(vectoriser, TfidfVectorizer) else None
        behind = 1
        if weighting is None and others and type(others[0]) is TfidfTransformer:
            weighting, behind = others[0], 2
        counter = WordCounter.like(vectoriser)
        if counter is None or len(estimator.steps) <= behind:
            return None
        final = estimator.steps[-1][1] if len(estimator.steps) == behind + 1 else estimator[behind:]
        pipeline = cls(counter, weighting, final)
        return pipeline if pipeline._gives_what(estimator, vectoriser.vocabulary_) else None

    def predict_proba(self, texts: Sequence[str]) -> Floats:
        """The probabilities of the K classes for n texts, n >= 1; an array of n x K."""
        if self._linear is None or self._decide is None:
            return _by_chunks(lambda some: self._of_matrix("predict_proba", some), texts)
        return self._linear.probabilities(_by_chunks(self._decide, texts))

    def predict(self, texts: Sequence[str]) -> npt.NDArray[Any]:
        """The predictions for n texts, n >= 1."""
        return _by_chunks(lambda some: self._of_matrix("predict", some), texts)

    def _weighed(self, texts: Sequence[str]) -> Counts:
        counts = self._counter.counts(texts)
        return _weigh(counts, self._weighting) if self._weighting else counts

    def _decider(self, linear: "_Linear") -> Callable[[Sequence[str]], Floats]:
        """What gives the decisions for texts: compiled, or by their counts."""
        compiled = self._counter.decider(_decision(self._weighting, linear))
        return compiled or (lambda texts: linear.decisions(self._weighed(texts)))

    def _of_matrix(self, method: str, texts: Sequence[str]) -> npt.NDArray[Any]:
        return np.asarray(getattr(self._final, method)(self._weighed(texts).matrix()))

    def _gives_what(self, estimator: Any, vocabulary: dict[str, int]) -> bool:
        method = "predict_proba" if hasattr(estimator, "predict_proba") else "predict"
        texts = _trial_texts(list(vocabulary))
        expected = np.asarray(getattr(estimator, method)(texts), dtype=np.float64)
        found = np.asarray(getattr(self, method)(texts), dtype=np.float64)
        same = np.allclose(found, expected, rtol=0, atol=_TOLERANCE)
        if not same:
            logger.warning("the pipeline is run by scikit-learn: by arrays, its scores differ")
        return same


def _by_chunks(
    function: Callable[[Sequence[str]], npt.NDArray[Any]], texts: Sequence[str]
) -> npt.NDArray[Any]:
    chunks = (texts[begin : begin + _ROWS] for begin in range(0, len(texts), _ROWS))
    return np.concatenate([function(chunk) for chunk in chunks])


def _weigh(counts: Counts, weighting: Any) -> Counts:
    """As `TfidfTransformer.transform` weighs, number type and order of operations included."""
    weights = counts.values
    if weights.dtype not in (np.float32, np.float64):
        weights = weights.astype(np.float64)
    if weighting.sublinear_tf:
        # Most counts are 1, whose weight is 1.
        several = np.flatnonzero(weights != 1)
        weights[several] = _sublinear(weights[several])
    if weighting.use_idf:
        weights *= weighting.idf_.take(counts.columns)
    if weighting.norm:
        squares = weights * weights if weighting.norm == "l2" else np.abs(weights)
        sums = np.bincount(counts.rows, weights=squares, minlength=counts.texts)
        lengths = np.sqrt(sums) if weighting.norm == "l2" else sums
        lengths[lengths == 0] = 1
        weights = (weights / lengths.take(counts.rows)).astype(weights.dtype)
    return counts._replace(values=weights)


def _sublinear(counts: Floats) -> Floats:
    weights: Floats = np.log(counts) + 1
    return weights


class _Linear:
    """A linear classifier: decisions of counts, and probabilities of decisions."""

    def __init__(
        self, coefficients: Floats, intercepts: Floats, of_many: Callable[[Floats], Floats]
    ) -> None:
        self.coefficients = coefficients
        self._intercepts = intercepts
        self._of_many = of_many

    def decisions(self, counts: Counts) -> Floats:
        """Sums of weighted coefficients, without the intercepts; an array of n x K, or n x 1."""
        decisions: Floats = counts.matrix() @ self.coefficients.T
        return decisions

    def probabilities(self, decisions: Floats) -> Floats:
        """The probabilities; an array of n x K. Of two classes one decision may tell both."""
        decisions = decisions + self._intercepts
        if decisions.shape[1] > 1:
            return self._of_many(decisions)
        second = expit(decisions)
        return np.hstack([1 - second, second])


def _linear(final: Any) -> _Linear | None:
    """How a linear classifier gets from weighted counts to probabilities; None for any other."""
    if type(final) is MultinomialNB:
        return _Linear(final.feature_log_prob_, final.class_log_prior_, _softmax)
    if type(final) is LogisticRegression:
        return _Linear(final.coef_, final.intercept_, _softmax)
    if type(final) is SGDClassifier and final.loss == "log_loss":
        return _Linear(final.coef_, final.intercept_, _one_vs_rest)
    return None


def _decision(weighting: Any, linear: _Linear) -> Decision:
    """The same as `_weigh` and `_Linear.decisions`, to be compiled."""
    width = linear.coefficients.shape[1]
    idf = weighting.idf_ if weighting and weighting.use_idf else np.ones(width)
    norms = {"l2": 2, "l1": 1, None: 0}
    return Decision(
        by_count=_sublinear if weighting and weighting.sublinear_tf else lambda counts: counts,
        by_column=idf,
        norm=norms[weighting.norm if weighting else None],
        coefficients=linear.coefficients,
    )


def _softmax(decisions: Floats) -> Floats:
    probabilities: Floats = softmax(decisions, axis=1)
    return probabilities


def _one_vs_rest(decisions: Floats) -> Floats:
    each = expit(decisions)
    # Where every class is ruled out, by a long text whose weights have no norm, all are alike.
    each[~each.any(axis=1)] = 1.0
    return np.asarray(each / each.sum(axis=1, keepdims=True))


#: Words that try lower-casing, borders of words, signs, bytes beyond ASCII, and no vocabulary.
_ODD_WORDS = (
    *("", "I", "_", "42", "!", "don't", "a\nb", "unheard-of", "y" * 40, "x\u00e9", "\u00c9T\u00c9"),
    *("so!?", "(so):)", "\U0001f642\U0001f642so", "so\u2764\ufe0f"),
    *("\u0130", "\u039f\u03a3", "na\u00efve", "\u2014", "\U0001f642", "\u4e2d\u6587", "e\u0301"),
)


def _trial_texts(vocabulary: list[str]) -> list[str]:
    """Texts of words in and out of a vocabulary; the same ones for the same vocabulary."""
    random = Random(0)  # noqa: S311  nothing here is secret
    texts = []
    for _ in range(_TRIAL_ROWS):
        words = random.choices(vocabulary, k=random.randrange(25))
        words += random.choices(_ODD_WORDS, k=random.randrange(5)) + words[: random.randrange(3)]
        random.shuffle(words)
        text = random.choice((" ", ", ", ".")).join(words)
        texts.append(random.choice((text, text.lower(), text.upper(), text.title())))
    return texts
