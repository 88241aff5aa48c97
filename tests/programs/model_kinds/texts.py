"""Pipelines of scikit-learn over one text."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import joblib
import numpy as np
from programs.model_kinds import data
from programs.model_kinds.kind import Kind, Made, answers
from sklearn.calibration import CalibratedClassifierCV
from sklearn.decomposition import TruncatedSVD
from sklearn.ensemble import RandomForestClassifier, VotingClassifier
from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.multiclass import OneVsRestClassifier
from sklearn.naive_bayes import ComplementNB, MultinomialNB
from sklearn.pipeline import make_pipeline, make_union
from sklearn.svm import LinearSVC

#: What the classes are worth: negative and positive, or with neutral between them.
TWO, THREE = (0, 1), (0, 0.5, 1)


def fitted(
    folder: Path,
    build: Callable[[], Any],
    classes: int = 2,
    target: Callable[[list[str]], Any] = np.asarray,
    values: Sequence[float] | None = TWO,
    save: Callable[[Any, Path], object] = joblib.dump,
    file: str = "model.pkl",
    options: dict[str, Any] | None = None,
) -> Made:
    """Fit an estimator to texts, save it, and ask it about other texts.

    Args:
        folder: the folder that gets the file.
        build: makes the estimator, not fitted.
        classes: the number of classes of the texts.
        target: turns their labels into the target.
        values: what the classes are worth in a sentiment score; None: it gives none.
        save: stores it.
        file: the name of the file.
        options: what `add_model` must be told.
    """
    texts, labels = data.texts(classes)
    model = build().fit(texts, target(labels))
    save(model, folder / file)
    rows = data.asked_texts(classes)
    return Made(file, rows, answers(model, rows["text"].tolist(), values), options or {})


def text(
    name: str, build: Callable[[], Any], *, group: str = "Texts", accepted: bool = True, **more: Any
) -> Kind:
    """A kind of pipeline over texts; `more` is what `fitted` takes."""
    return Kind(group, name, partial(fitted, build=build, **more), accepted)


def logistic(**options: Any) -> LogisticRegression:
    """A logistic regression that has converged."""
    return LogisticRegression(max_iter=1000, **options)


def bag(last: Any, **options: Any) -> Any:
    """TF-IDF, and an estimator."""
    return make_pipeline(TfidfVectorizer(**options), last)


def _many(labels: list[str]) -> Any:
    """Three labels for each text, each 0 or 1."""
    return np.array([[one == "negative", one != "neutral", one > "o"] for one in labels], int)


def _grades(labels: list[str]) -> Any:
    return np.array([0.9 if one == "positive" else 0.2 for one in labels])


def _calibrated() -> Any:
    return CalibratedClassifierCV(LinearSVC(), cv=3)


def _united() -> Any:
    words = make_union(TfidfVectorizer(), TfidfVectorizer(analyzer="char", ngram_range=(2, 3)))
    return make_pipeline(words, logistic())


#: Words of two letters or apostrophes.
LETTERS = r"[a-z']{2,}"

TOPICS = {"classes": 50, "values": None}

KINDS = [
    text("TF-IDF of words, logistic regression", lambda: bag(logistic())),
    text("TF-IDF of words, three classes", lambda: bag(logistic()), classes=3, values=THREE),
    text("TF-IDF of words, 50 classes", lambda: bag(logistic()), **TOPICS),
    text(
        "counts of words and pairs, naive Bayes",
        lambda: make_pipeline(CountVectorizer(ngram_range=(1, 2)), MultinomialNB()),
    ),
    text(
        "complement naive Bayes, 50 classes",
        lambda: make_pipeline(CountVectorizer(binary=True), ComplementNB()),
        **TOPICS,
    ),
    text(
        "characters within words", lambda: bag(logistic(), analyzer="char_wb", ngram_range=(2, 4))
    ),
    text(
        "characters, case kept, accents stripped",
        lambda: bag(
            logistic(),
            analyzer="char",
            ngram_range=(1, 3),
            lowercase=False,
            strip_accents="unicode",
        ),
    ),
    text(
        "stop words, sublinear counts, own token pattern",
        lambda: bag(logistic(), stop_words="english", sublinear_tf=True, token_pattern=LETTERS),
    ),
    text(
        "hashed words, SGD with log loss",
        lambda: make_pipeline(
            HashingVectorizer(n_features=2**12), SGDClassifier(loss="log_loss", random_state=0)
        ),
        classes=3,
        values=THREE,
    ),
    text("calibrated linear SVC", lambda: bag(_calibrated())),
    text("linear SVC (no probabilities)", lambda: bag(LinearSVC()), **TOPICS),
    text("words and characters in one", _united),
    text(
        "latent semantic analysis, forest",
        lambda: make_pipeline(
            TfidfVectorizer(),
            TruncatedSVD(8, random_state=0),
            RandomForestClassifier(10, random_state=0),
        ),
    ),
    text(
        "soft voting of two pipelines",
        lambda: VotingClassifier(
            [("a", bag(logistic())), ("b", bag(MultinomialNB(), ngram_range=(1, 2)))], voting="soft"
        ),
    ),
    text(
        "grid search",
        lambda: GridSearchCV(bag(logistic()), {"logisticregression__C": [1, 10]}, cv=2),
    ),
    text(
        "three labels at once",
        lambda: bag(OneVsRestClassifier(logistic())),
        classes=3,
        target=_many,
        values=None,
    ),
]
