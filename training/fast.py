"""Trains the `fast` kind: TF-IDF of words and word pairs, and a logistic regression.

TF-IDF is scikit-learn's, with sublinear term frequency (Manning, Raghavan and Schuetze,
"Introduction to Information Retrieval", 2008, chapter 6).
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.sparse import csr_matrix, diags_array
from scipy.special import expit
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import normalize

from training.intervals import right_rows

#: The maximum number of words and pairs in the vocabulary; the most important ones are kept. With
#: more, the scores of short texts on other subjects get worse, and scoring gets slower.
MAX_FEATURES = 70_000

#: With fewer texts than this, words that occur in one text only are kept too.
FEW_TEXTS = 5_000

#: A word of one letter or more: the "t" of "don't" tells as much as "not". And single signs: those
#: of questions, exclamations and emoticons, and emoji. Other signs, such as commas, only cost time.
_WORD = r"(?u)\b\w+\b|[!?()<:;=\u2600-\u27bf\u2b50\U0001f300-\U0001faff]"

#: The limits of the factor by which the importance of a term changes its weight.
_MIN_FACTOR, _MAX_FACTOR = 0.05, 4.0

#: The inverse regularisation strengths to try, scikit-learn's C; the best on the dev rows is used.
INVERSE_REGULARISATIONS = (1.0, 0.3, 3.0)

#: The maximum number of steps of the solver L-BFGS, and the number of past steps it remembers.
_STEPS, _REMEMBERED = 150, 12

Floats = npt.NDArray[np.float64]
Progress = Callable[[str, float], None]


def fit_fast(
    texts: list[str],
    scores: Floats,
    dev_texts: list[str],
    dev_scores: Floats,
    *,
    weights: Floats | None = None,
    progress: Progress = lambda step, share: None,  # noqa: ARG005  the default reports nothing
) -> Pipeline:
    """Fit a pipeline whose `predict_proba` returns graded scores.

    The loss is the cross-entropy between the predicted probability and the score itself. A first
    regression uses all words and pairs. The most important terms, by coefficient and frequency, are
    kept, and each is weighted by its coefficient relative to the mean (similar to the log-count
    ratios of Wang and Manning, ACL 2012), so that uninformative terms do not dilute a text. A
    second regression is then fitted to the weighted terms.

    Args:
        texts: n texts.
        scores: n numbers in 0..1.
        dev_texts: m texts, used to choose the regularisation.
        dev_scores: m numbers in 0..1.
        weights: the weights of the n texts; None means equal weights.
        progress: called with the current step and the share of the work that is done, 0..1.

    Returns:
        A fitted pipeline with the classes 0 and 1.
    """
    weights = np.ones(len(texts)) if weights is None else weights
    progress("counting words", 0.0)
    vectoriser = _vectoriser(min_df=1 if len(texts) < FEW_TEXTS else 3)
    features = vectoriser.fit_transform(texts).astype(np.float64)
    terms, idf = vectoriser.get_feature_names_out(), vectoriser.idf_
    progress("choosing words", 0.2)
    first = np.abs(_fitted(features, scores, weights, INVERSE_REGULARISATIONS[0])[:-1])
    frequencies = np.bincount(
        features.indices, np.repeat(weights, np.diff(features.indptr)), minlength=len(terms)
    )
    importance = first * np.sqrt(frequencies)
    kept = np.sort(np.argsort(-importance, kind="stable")[:MAX_FEATURES])
    matters = np.clip(first[kept] / (first[kept].mean() or 1), _MIN_FACTOR, _MAX_FACTOR)
    # Rounded to half precision before training, so that the saved weights are the trained ones.
    matters = (idf[kept] * matters).astype(np.float16) / idf[kept]
    terms, idf = terms[kept], (idf[kept] * matters).astype(np.float32)
    features = normalize(features[:, kept] @ diags_array(matters))
    vectoriser = _with_terms([str(term) for term in terms], idf)
    dev = vectoriser.transform(dev_texts)
    best, most = np.zeros(0), -1.0
    for number, inverse in enumerate(INVERSE_REGULARISATIONS):
        progress("fitting", 0.4 + 0.6 * number / len(INVERSE_REGULARISATIONS))
        found = _fitted(features, scores, weights, inverse)
        right = right_rows(expit(dev @ found[:-1] + found[-1]), dev_scores).mean()
        # Strictly better, not equal: the first strength suits most data.
        if right > most:
            best, most = found, float(right)
    # scikit-learn caches the address of the stop words here. It would give the same model other
    # bytes, and so another version, in every process.
    vars(vectoriser).pop("_stop_words_id", None)
    return Pipeline([("tfidf", vectoriser), ("logistic", _logistic(best))])


def _vectoriser(**options: Any) -> TfidfVectorizer:
    return TfidfVectorizer(
        ngram_range=(1, 2), token_pattern=_WORD, sublinear_tf=True, dtype=np.float32, **options
    )


def _with_terms(terms: list[str], idf: npt.NDArray[np.float32]) -> TfidfVectorizer:
    """A fitted vectoriser with exactly these terms."""
    vectoriser = _vectoriser()
    # Python integers take less space and load faster than the NumPy integers of scikit-learn.
    vectoriser.vocabulary_ = {term: number for number, term in enumerate(terms)}
    vectoriser.fixed_vocabulary_ = False
    vectoriser.idf_ = idf
    return vectoriser


def _fitted(features: csr_matrix, scores: Floats, weights: Floats, inverse: float) -> Floats:
    """Fit a logistic regression with L2 regularisation; returns the coefficients and the intercept.

    It minimises the weighted cross-entropy plus the sum of squared coefficients / (2 * inverse), by
    L-BFGS (Liu and Nocedal, 1989). The intercept comes last and is not regularised.
    """
    transposed = features.T.tocsr()

    def objective(found: Floats) -> tuple[float, Floats]:
        decisions = features @ found[:-1] + found[-1]
        entropy = weights @ (np.logaddexp(0, decisions) - scores * decisions)
        slopes = weights * (expit(decisions) - scores)
        held_back = found[:-1] / inverse
        gradient = np.append(transposed @ slopes + held_back, slopes.sum())
        return float(entropy + found[:-1] @ held_back / 2), gradient

    found: Floats = minimize(
        objective,
        np.zeros(features.shape[1] + 1),
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": _STEPS, "maxcor": _REMEMBERED},
    ).x
    return found


def _logistic(found: Floats) -> LogisticRegression:
    logistic = LogisticRegression()
    logistic.classes_ = np.array([0, 1])
    # Half precision is enough for a coefficient, and takes a third of the space when compressed.
    logistic.coef_ = found[np.newaxis, :-1].astype(np.float16).astype(np.float64)
    logistic.intercept_ = found[-1:]
    logistic.n_features_in_ = len(found) - 1
    return logistic
