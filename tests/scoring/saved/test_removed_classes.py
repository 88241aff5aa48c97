"""Files that name classes which scikit-learn no longer has."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import sklearn
from sklearn import base
from sklearn.decomposition import TruncatedSVD
from sklearn.ensemble import (
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
)
from sklearn.feature_extraction.text import (
    CountVectorizer,
)
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.pipeline import make_pipeline
from support.old_models import TEXTS, THREE, TWO, expected_of, scores_of

from scoring.saved.reading import read_estimator
from shared.errors.model import UnusableModel


@contextmanager
def removed_class(module: str, name: str) -> Iterator[type]:
    """A class that exists only while a pickle is written."""
    with pytest.MonkeyPatch.context() as patch:
        if module not in sys.modules:
            patch.setitem(sys.modules, module, ModuleType(module))
        kind = type(name, (), {"__module__": module, "__reduce__": lambda self: (type(self), ())})
        patch.setattr(sys.modules[module], name, kind, raising=False)
        yield kind


@pytest.mark.parametrize(
    ("classifier", "module", "attribute"),
    [
        (SGDClassifier(loss="log_loss"), "sklearn.linear_model._sgd_fast", "loss_function_"),
        (GradientBoostingClassifier(n_estimators=3), "sklearn.ensemble._gb_losses", "_loss"),
        (GradientBoostingClassifier(n_estimators=3, init="zero"), "_loss", "_loss"),
        (HistGradientBoostingClassifier(max_iter=3, min_samples_leaf=2), "_loss", "_loss"),
    ],
)
@pytest.mark.parametrize("labels", [TWO, THREE])
def test_a_loss_of_a_removed_class_is_replaced(
    saved: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
    classifier: Any,
    module: str,
    attribute: str,
    labels: list[int],
) -> None:
    """A model whose file names a loss function that is gone is served with the same scores."""
    monkeypatch.setenv("OMP_NUM_THREADS", "1")  # else a process is started to count the cores
    pipeline = make_pipeline(CountVectorizer(), TruncatedSVD(3, random_state=0), classifier)
    if isinstance(classifier, SGDClassifier):
        pipeline = make_pipeline(CountVectorizer(), classifier)
    fitted = base.clone(pipeline).fit(TEXTS, labels)
    expected = expected_of(fitted, np.linspace(0, 1, len(set(labels))).tolist())
    vars(fitted[-1]).pop("_loss_function_", None)
    with removed_class(module, "Log") as kind:
        setattr(fitted[-1], attribute, kind())
        if isinstance(classifier, SGDClassifier):
            fitted[-1].loss = "log"
        path = saved(fitted, "1.4.2")
    assert scores_of(path) == expected


def test_an_unknown_removed_class_is_refused(saved: Callable[..., Path]) -> None:
    """What is gone and was not only for fitting is refused, and named."""
    fitted = make_pipeline(CountVectorizer(), LogisticRegression()).fit(TEXTS, TWO)
    with removed_class("sklearn.linear_model._base", "Scaled") as kind:
        fitted[-1].link_ = kind()
        path = saved(fitted, "1.2.2")
    with pytest.raises(UnusableModel, match=r"_base\.Scaled, which is gone") as refused:
        read_estimator(path)
    assert "scikit-learn 1.2.2 saved it" in str(refused.value)
    assert f"here is scikit-learn {sklearn.__version__}" in str(refused.value)
