"""Models of other versions of scikit-learn that are refused, because their scores may differ."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sklearn
from sklearn.cross_decomposition import PLSRegression
from sklearn.decomposition import SparsePCA
from sklearn.ensemble import (
    AdaBoostClassifier,
)
from sklearn.feature_extraction.text import (
    CountVectorizer,
)
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from support.old_models import TEXTS, TWO, dense, scores_of, tfidf

from scoring.saved.reading import read_estimator
from shared.errors.model import UnusableModel


def test_a_tfidf_without_its_idf_is_refused(saved: Callable[..., Path]) -> None:
    """scikit-learn would weight nothing, and say nothing."""
    fitted = make_pipeline(tfidf(), LogisticRegression()).fit(TEXTS, TWO)
    del fitted[0]._tfidf.idf_
    with pytest.raises(UnusableModel, match="its TF-IDF has no IDF"):
        read_estimator(saved(fitted, "1.3.2"))


def with_options(estimator: Any, **options: Any) -> Any:
    vars(estimator).update(options)
    return estimator


@pytest.mark.parametrize(
    ("version", "final", "reason"),
    [
        ("0.24.2", LogisticRegression(), "before 1.0"),
        ("99.0.0", LogisticRegression(), "newer than the installed one"),
        ("1.2.2", AdaBoostClassifier(n_estimators=2), "AdaBoostClassifier"),
        (
            "1.5.2",
            with_options(AdaBoostClassifier(n_estimators=2), algorithm="SAMME.R"),
            "SAMME.R",
        ),
        ("1.5.2", KNeighborsClassifier(2), "neighbours at equal distances"),
        ("1.4.2", dense(PLSRegression(1))[-1], "PLSRegression"),
        ("1.4.2", make_pipeline(SparsePCA(2, random_state=0), Ridge()), "SparsePCA"),
    ],
)
def test_what_may_differ_is_refused(
    saved: Callable[..., Path], version: str, final: Any, reason: str
) -> None:
    """What was not proved equal is refused; the message names both versions and what to do."""
    needs_dense = isinstance(final, PLSRegression) or hasattr(final, "steps")
    fitted = (dense(final) if needs_dense else make_pipeline(CountVectorizer(), final)).fit(
        TEXTS, TWO
    )
    with pytest.raises(UnusableModel, match=reason) as refused:
        read_estimator(saved(fitted, version))
    message = str(refused.value)
    assert f"scikit-learn {version} saved it, here is scikit-learn {sklearn.__version__}" in message
    assert f"save it again with scikit-learn {sklearn.__version__}" in message


def test_a_model_that_fails_names_the_version_that_saved_it(saved: Callable[..., Path]) -> None:
    """If an old model raises an error, the message names both versions."""
    fitted = make_pipeline(CountVectorizer(), LogisticRegression()).fit(TEXTS, TWO)
    del fitted[-1].intercept_
    with pytest.raises(UnusableModel, match=r"scikit-learn 1\.3\.2 saved it, and .* is installed"):
        scores_of(saved(fitted, "1.3.2"))
