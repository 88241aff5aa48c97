"""The `fast` kind: TF-IDF of words and word pairs, and a logistic regression on graded labels."""

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

#: The most words and pairs kept, those that matter most. With more of them, short texts of other
#: subjects are judged worse, and all are scored more slowly.
MAX_FEATURES = 70_000

#: Below so many texts a word that occurs once is kept: there are few enough of them.
SMALL = 5_000

#: A word, of one letter or more: "t" of "don't" tells as much as "not". And signs: what questions,
#: exclamations and emoticons are made of, and emoji. Others, such as commas, only cost time.
_WORD = r"(?u)\b\w+\b|[!?()<:;=\u2600-\u27bf\u2b50\U0001f300-\U0001faff]"

#: The least and the most that a term weighs more than another for what it decides.
_LEAST, _MOST = 0.05, 4.0

#: The inverse strengths of the regularisation that are tried; the best on the dev rows is kept.
INVERSE_REGULARISATIONS = (1.0, 0.3, 3.0)

#: Steps of the solver, and the ones before it that it remembers.
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
    progress: Progress = lambda doing, share: None,  # noqa: ARG005  the default tells nobody
) -> Pipeline:
    """Fit a pipeline whose `predict_proba` is graded as the scores are.

    What is learnt is the cross-entropy of the scores themselves. All words and pairs are learnt
    first; those that decide most, by coefficient and frequency, are kept, and learnt anew. Each
    then weighs as much more as its coefficient is larger than others' (as the ratios of Wang and
    Manning, ACL 2012), so that what says nothing of the score does not thin out what does.

    Args:
        texts: n texts.
        scores: n numbers in 0..1.
        dev_texts: m texts, on which the regularisation is chosen.
        dev_scores: m numbers in 0..1.
        weights: how much each of the n texts counts; None: all the same.
        progress: told what is being done, and the share of it that is done.

    Returns:
        A fitted pipeline with classes 0 and 1.
    """
    weights = np.ones(len(texts)) if weights is None else weights
    progress("counting words", 0.0)
    vectoriser = _vectoriser(min_df=1 if len(texts) < SMALL else 3)
    features = vectoriser.fit_transform(texts).astype(np.float64)
    terms, idf = vectoriser.get_feature_names_out(), vectoriser.idf_
    progress("choosing words", 0.2)
    first = np.abs(_fitted(features, scores, weights, INVERSE_REGULARISATIONS[0])[:-1])
    frequencies = np.bincount(
        features.indices, np.repeat(weights, np.diff(features.indptr)), minlength=len(terms)
    )
    importance = first * np.sqrt(frequencies)
    kept = np.sort(np.argsort(-importance, kind="stable")[:MAX_FEATURES])
    matters = np.clip(first[kept] / (first[kept].mean() or 1), _LEAST, _MOST)
    # Half precision, as of the coefficients; the same in training and in the file.
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
        # Another must be better, and not only as good: the first is what serves most data.
        if right > most:
            best, most = found, float(right)
    # Its use leaves the address of the stop words behind, a mere cache key: the same model would
    # have other bytes in every process, and another version.
    vars(vectoriser).pop("_stop_words_id", None)
    return Pipeline([("tfidf", vectoriser), ("logistic", _logistic(best))])


def _vectoriser(**options: Any) -> TfidfVectorizer:
    return TfidfVectorizer(
        ngram_range=(1, 2), token_pattern=_WORD, sublinear_tf=True, dtype=np.float32, **options
    )


def _with_terms(terms: list[str], idf: npt.NDArray[np.float32]) -> TfidfVectorizer:
    """A vectoriser fitted to these terms."""
    vectoriser = _vectoriser()
    # Plain integers take less room, and less time to load, than the NumPy ones of scikit-learn.
    vectoriser.vocabulary_ = {term: number for number, term in enumerate(terms)}
    vectoriser.fixed_vocabulary_ = False
    vectoriser.idf_ = idf
    return vectoriser


def _fitted(features: csr_matrix, scores: Floats, weights: Floats, inverse: float) -> Floats:
    """The coefficients with the least cross-entropy and squares; behind them the intercept."""
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
    # Half precision is enough for a coefficient, and takes a third of the room when it is packed.
    logistic.coef_ = found[np.newaxis, :-1].astype(np.float16).astype(np.float64)
    logistic.intercept_ = found[-1:]
    logistic.n_features_in_ = len(found) - 1
    return logistic
