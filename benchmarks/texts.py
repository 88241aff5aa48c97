"""Text pipelines of many kinds, scoring alone: our code against scikit-learn's, in one process."""

import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from sklearn.calibration import CalibratedClassifierCV
from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.multiclass import OneVsRestClassifier
from sklearn.naive_bayes import ComplementNB
from sklearn.pipeline import FeatureUnion, make_pipeline, make_union
from sklearn.svm import LinearSVC
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # it ships no types

from benchmarks import reviews
from benchmarks.fitted import SEED
from benchmarks.report import Options, Table, faster, interleave
from scoring.words.fast_vectorisers import with_fast_vectorisers
from scoring.words.word_pipeline import WordPipeline

#: The largest difference of a probability from scikit-learn's; of a label, none.
DIFFERENCE = 1e-12

#: The number of classes of the kinds that have many.
MANY = 50


class Kind(NamedTuple):
    """A kind of pipeline.

    Attributes:
        make: makes it, not fitted.
        floor: how many times as fast as scikit-learn it should be.
        classes: the number of classes of its labels.
    """

    make: Callable[[], Any]
    floor: float
    classes: int = 2


def _characters(analyzer: str) -> TfidfVectorizer:
    return TfidfVectorizer(analyzer=analyzer, ngram_range=(2, 4), max_features=100_000)


def _both() -> FeatureUnion:
    return make_union(TfidfVectorizer(), _characters("char_wb"))


#: What it is -> the pipeline. The floors of the kinds that were fast before are theirs.
KINDS: dict[str, Kind] = {
    "words": Kind(lambda: make_pipeline(TfidfVectorizer(), LogisticRegression()), 8),
    "stop words, binary": Kind(
        lambda: make_pipeline(
            CountVectorizer(stop_words="english", binary=True), LogisticRegression()
        ),
        8,
    ),
    "1 to 3 words, stop words, sublinear": Kind(
        lambda: make_pipeline(
            TfidfVectorizer(stop_words="english", sublinear_tf=True, ngram_range=(1, 3)),
            LogisticRegression(),
        ),
        8,
    ),
    "calibrated linear SVC": Kind(
        lambda: make_pipeline(TfidfVectorizer(), CalibratedClassifierCV(LinearSVC())), 8
    ),
    "SGD, log loss": Kind(
        lambda: make_pipeline(TfidfVectorizer(), SGDClassifier(loss="log_loss", random_state=0)), 8
    ),
    "SGD, modified Huber loss": Kind(
        lambda: make_pipeline(
            TfidfVectorizer(), SGDClassifier(loss="modified_huber", random_state=0)
        ),
        8,
    ),
    "SGD, hinge loss (labels)": Kind(
        lambda: make_pipeline(TfidfVectorizer(), SGDClassifier(random_state=0)), 8
    ),
    "linear SVC (labels)": Kind(lambda: make_pipeline(TfidfVectorizer(), LinearSVC()), 8),
    "complement naive Bayes": Kind(lambda: make_pipeline(TfidfVectorizer(), ComplementNB()), 8),
    f"logistic regression, {MANY} classes": Kind(
        lambda: make_pipeline(TfidfVectorizer(max_features=10_000), LogisticRegression(max_iter=5)),
        5,
        MANY,
    ),
    f"one-vs-rest, {MANY} classes": Kind(
        lambda: make_pipeline(
            TfidfVectorizer(max_features=10_000), OneVsRestClassifier(LogisticRegression())
        ),
        5,
        MANY,
    ),
    "2 to 4 characters": Kind(lambda: make_pipeline(_characters("char"), LogisticRegression()), 5),
    "2 to 4 characters inside words": Kind(
        lambda: make_pipeline(_characters("char_wb"), LogisticRegression()), 5
    ),
    "words and characters": Kind(lambda: make_pipeline(_both(), LogisticRegression()), 4),
    "hashed words": Kind(
        lambda: make_pipeline(HashingVectorizer(n_features=2**18), LogisticRegression()), 8
    ),
    "hashed words and word pairs": Kind(
        lambda: make_pipeline(HashingVectorizer(ngram_range=(1, 2)), LogisticRegression()), 8
    ),
}


def run(options: Options) -> list[Table]:
    """Compare the processor time of scoring, and the scores."""
    rows, fitted, rounds = (300, 500, 1) if options.quick else (5_000, 5_000, 5)
    texts, training = reviews.chosen(options, rows), reviews.texts(fitted, SEED)
    about = (
        f"{len(texts):,} texts, {rounds} interleaved rounds, one thread, rows per second of "
        "processor time. The last column says what runs, and the largest difference from "
        f"scikit-learn's probabilities (at most {DIFFERENCE:.0e})."
    )
    table = Table(
        "Kinds of text pipelines: what runs in our runtime, and the same pipeline in scikit-learn",
        ("pipeline", "ours", "scikit-learn"),
        notes=[about],
    )
    with threadpool_limits(1):
        for title, kind in KINDS.items():
            pipeline = kind.make().fit(training, _labels(training, kind.classes))
            _compare(table, title, kind, pipeline, texts, rounds)
    return [table]


def _compare(
    table: Table, title: str, kind: Kind, pipeline: Any, texts: list[str], rounds: int
) -> None:
    fast = WordPipeline.from_estimator(pipeline) or with_fast_vectorisers(pipeline)
    how = "scikit-learn"
    if fast is not None:
        compiled = getattr(fast, "is_row_by_row", False)
        how = "compiled" if compiled else "counted"
    method = "predict_proba" if hasattr(pipeline, "predict_proba") else "predict"
    ours, theirs = getattr(fast or pipeline, method), getattr(pipeline, method)
    difference = _difference(ours(texts), theirs(texts))
    table.check(difference <= DIFFERENCE, f"{title}: off by {difference:.1e}")
    rates = interleave(
        {"ours": lambda: _rate(ours, texts), "theirs": lambda: _rate(theirs, texts)}, rounds
    )
    note = f"{how}, {difference:.0e}"
    table.rows.append(faster(title, rates["ours"], rates["theirs"], floor=kind.floor, note=note))


def _labels(texts: list[str], classes: int) -> list[int]:
    if classes == 2:
        return reviews.labels(texts)
    return [len(text.split()) % classes for text in texts]


def _difference(found: npt.NDArray[Any], expected: npt.NDArray[Any]) -> float:
    if found.dtype.kind not in "fiu":
        return 0.0 if np.array_equal(found, expected) else 1.0
    return float(np.abs(found - expected).max())


def _rate(score: Callable[[list[str]], Any], texts: list[str]) -> float:
    began = time.process_time()
    score(texts)
    return len(texts) / (time.process_time() - began)
