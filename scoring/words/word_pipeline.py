"""Runs a scikit-learn word pipeline faster, if trial texts prove that the scores are equal."""

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

from scoring.words.compiled_words import LinearModel
from scoring.words.word_counts import Counts, WordCounter

logger = logging.getLogger(__name__)

Floats = npt.NDArray[np.float64]

#: Texts per chunk: enough to share the cost of the calls, few enough for the processor's caches.
_ROWS = 2048

#: The maximum difference from scikit-learn's results. Sums run in the same order, so most results
#: are identical.
_TOLERANCE = 1e-12

_TRIAL_ROWS = 400


class WordPipeline:
    """A fitted `Pipeline` that starts with a word vectoriser. Use `from_estimator` to make one.

    It counts words with `WordCounter`, weights them as `TfidfTransformer` does, and computes the
    probabilities of a linear classifier itself. Any other final estimator gets the same sparse
    matrix that scikit-learn would pass to it.
    """

    def __init__(self, counter: WordCounter, weighting: Any, final: Any) -> None:
        self._counter = counter
        self._weighting = weighting
        self._final = final
        self._classifier = _linear_classifier(final)
        self._decide = self._decision_function(self._classifier) if self._classifier else None

    @classmethod
    def from_estimator(cls, estimator: Any) -> Self | None:
        """Convert an estimator; None if it is not supported or its results are not proven equal.

        Args:
            estimator: a fitted estimator with `predict_proba` or `predict`.
        """
        if type(estimator) is not Pipeline:
            return None
        vectoriser, *others = (step for _, step in estimator.steps)
        weighting = vectoriser if isinstance(vectoriser, TfidfVectorizer) else None
        preparing = 1
        if weighting is None and others and type(others[0]) is TfidfTransformer:
            weighting, preparing = others[0], 2
        counter = WordCounter.from_vectoriser(vectoriser)
        if counter is None or len(estimator.steps) <= preparing:
            return None
        rest = estimator[preparing:]
        pipeline = cls(counter, weighting, rest.steps[0][1] if len(rest) == 1 else rest)
        return pipeline if pipeline._agrees_with(estimator, vectoriser.vocabulary_) else None

    def predict_proba(self, texts: Sequence[str]) -> Floats:
        """The probabilities of the K classes for n texts, n >= 1; an array of n x K."""
        if self._classifier is None or self._decide is None:
            return _by_chunks(lambda chunk: self._apply_final("predict_proba", chunk), texts)
        return self._classifier.probabilities(_by_chunks(self._decide, texts))

    def predict(self, texts: Sequence[str]) -> npt.NDArray[Any]:
        """The predictions for n texts, n >= 1."""
        return _by_chunks(lambda chunk: self._apply_final("predict", chunk), texts)

    def _weighed(self, texts: Sequence[str]) -> Counts:
        counts = self._counter.counts(texts)
        return _weigh(counts, self._weighting) if self._weighting else counts

    def _decision_function(
        self, classifier: "_LinearClassifier"
    ) -> Callable[[Sequence[str]], Floats]:
        """Make the function from texts to decisions: compiled if possible, else from counts."""
        compiled = self._counter.decision_function(_linear_model(self._weighting, classifier))
        return compiled or (lambda texts: classifier.decisions(self._weighed(texts)))

    def _apply_final(self, method: str, texts: Sequence[str]) -> npt.NDArray[Any]:
        return np.asarray(getattr(self._final, method)(self._weighed(texts).matrix()))

    def _agrees_with(self, estimator: Any, vocabulary: dict[str, int]) -> bool:
        """Whether the results on trial texts equal the estimator's, within the tolerance."""
        method = "predict_proba" if hasattr(estimator, "predict_proba") else "predict"
        texts = _trial_texts(list(vocabulary))
        expected = np.asarray(getattr(estimator, method)(texts), dtype=np.float64)
        found = np.asarray(getattr(self, method)(texts), dtype=np.float64)
        same = np.allclose(found, expected, rtol=0, atol=_TOLERANCE)
        if not same:
            logger.warning("scikit-learn runs the pipeline, because faster code gives other scores")
        return same


def _by_chunks(
    function: Callable[[Sequence[str]], npt.NDArray[Any]], texts: Sequence[str]
) -> npt.NDArray[Any]:
    chunks = (texts[begin : begin + _ROWS] for begin in range(0, len(texts), _ROWS))
    return np.concatenate([function(chunk) for chunk in chunks])


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
    """Sublinear term frequency, 1 + ln(count), as scikit-learn's `sublinear_tf` has it."""
    weights: Floats = np.log(counts) + 1
    return weights


class _LinearClassifier:
    """A linear classifier: weighted counts to decisions, and decisions to probabilities."""

    def __init__(
        self, coefficients: Floats, intercepts: Floats, normalise: Callable[[Floats], Floats]
    ) -> None:
        self.coefficients = coefficients
        self._intercepts = intercepts
        self._normalise = normalise

    def decisions(self, counts: Counts) -> Floats:
        """The sums of weight x coefficient, without intercepts; an array of n x K or n x 1."""
        decisions: Floats = counts.matrix() @ self.coefficients.T
        return decisions

    def probabilities(self, decisions: Floats) -> Floats:
        """The probabilities, an array of n x K. With two classes, decisions may be n x 1."""
        decisions = decisions + self._intercepts
        if decisions.shape[1] > 1:
            return self._normalise(decisions)
        second = expit(decisions)
        return np.hstack([1 - second, second])


def _linear_classifier(final: Any) -> _LinearClassifier | None:
    """Read a linear classifier's coefficients; None for any other estimator.

    The links to probabilities are those of scikit-learn: softmax for `MultinomialNB` and
    `LogisticRegression`, and normalised one-vs-rest sigmoids for `SGDClassifier`.
    """
    if type(final) is MultinomialNB:
        return _LinearClassifier(final.feature_log_prob_, final.class_log_prior_, _softmax)
    if type(final) is LogisticRegression:
        return _LinearClassifier(final.coef_, final.intercept_, _softmax)
    if type(final) is SGDClassifier and final.loss == "log_loss":
        return _LinearClassifier(final.coef_, final.intercept_, _one_vs_rest)
    return None


def _linear_model(weighting: Any, classifier: _LinearClassifier) -> LinearModel:
    """`_weigh` followed by `_LinearClassifier.decisions`, as the compiled code takes it."""
    width = classifier.coefficients.shape[1]
    idf = weighting.idf_ if weighting and weighting.use_idf else np.ones(width)
    norms = {"l2": 2, "l1": 1, None: 0}
    return LinearModel(
        by_count=_sublinear if weighting and weighting.sublinear_tf else lambda counts: counts,
        by_column=idf,
        norm=norms[weighting.norm if weighting else None],
        coefficients=classifier.coefficients,
    )


def _softmax(decisions: Floats) -> Floats:
    probabilities: Floats = softmax(decisions, axis=1)
    return probabilities


def _one_vs_rest(decisions: Floats) -> Floats:
    """Normalised sigmoids, as in `SGDClassifier.predict_proba` (Zadrozny and Elkan, 2002)."""
    each = expit(decisions)
    # A long text without a norm may give every class the probability 0; all are then equal.
    each[~each.any(axis=1)] = 1.0
    return np.asarray(each / each.sum(axis=1, keepdims=True))


#: Words for the trial texts: capitals, word borders, signs, bytes beyond ASCII, unknown words.
_ODD_WORDS = (
    *("", "I", "_", "42", "!", "don't", "a\nb", "unheard-of", "y" * 40, "x\u00e9", "\u00c9T\u00c9"),
    *("so!?", "(so):)", "\U0001f642\U0001f642so", "so\u2764\ufe0f"),
    *("\u0130", "\u039f\u03a3", "na\u00efve", "\u2014", "\U0001f642", "\u4e2d\u6587", "e\u0301"),
)


def _trial_texts(vocabulary: list[str]) -> list[str]:
    """Texts of words inside and outside a vocabulary; always the same for the same vocabulary."""
    random = Random(0)  # noqa: S311  nothing here is secret
    texts = []
    for _ in range(_TRIAL_ROWS):
        words = random.choices(vocabulary, k=random.randrange(25))
        words += random.choices(_ODD_WORDS, k=random.randrange(5)) + words[: random.randrange(3)]
        random.shuffle(words)
        text = random.choice((" ", ", ", ".")).join(words)
        texts.append(random.choice((text, text.lower(), text.upper(), text.title())))
    return texts
