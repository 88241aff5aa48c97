"""Models of tables as other versions of scikit-learn saved them."""

from collections import UserList
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.compose import ColumnTransformer, _column_transformer, make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier, IsolationForest
from sklearn.linear_model import LogisticRegression
from sklearn.multioutput import ClassifierChain
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder
from support.passengers import FATES, NUMBERS, PASSENGERS, TAGS, columns

from scoring.saved.parts import all_parts
from scoring.saved.reading import read_estimator
from shared.errors.model import UnusableModel


class _RemainderColsList(UserList[int]):
    """The list of the remaining columns in scikit-learn 1.5 to 1.7."""


_RemainderColsList.__module__ = _column_transformer.__name__


def parts(estimator: Any, kind: type) -> Any:
    return (part for part in all_parts(estimator) if isinstance(part, kind))


def age_remainder(estimator: Any) -> None:
    for part in parts(estimator, ColumnTransformer):
        places = _RemainderColsList(part._remainder[2])
        part._remainder = (*part._remainder[:2], places)
        part.transformers_ = [
            (name, step, places if name == "remainder" else chosen)
            for name, step, chosen in part.transformers_
        ]


def age_encoders(estimator: Any) -> None:
    for part in parts(estimator, OneHotEncoder):
        part.sparse = vars(part).pop("sparse_output")
        vars(part).pop("_drop_idx_after_grouping", None)
    for part in parts(estimator, OrdinalEncoder):
        vars(part).pop("_infrequent_enabled", None)


def age_chain(estimator: Any) -> None:
    for part in parts(estimator, ClassifierChain):
        part.base_estimator = vars(part).pop("estimator")


def age_boosting(estimator: Any) -> None:
    check = estimator._preprocessor.named_transformers_["numerical"]
    keywords = dict(check.func.keywords)
    keywords["force_all_finite"] = keywords.pop("ensure_all_finite")
    check.func = partial(check.func.func, **keywords)


PASSING = make_column_transformer((OrdinalEncoder(), ["sex"]), remainder="passthrough")
TYPED = PASSENGERS[["sex", "fare"]].astype({"sex": "category"})
CASES = [
    (make_pipeline(columns(), LogisticRegression()), PASSENGERS, FATES, age_remainder),
    (
        make_pipeline(PASSING, LogisticRegression(max_iter=1000)),
        PASSENGERS[["fare", "sex", "cabin"]],
        FATES,
        age_remainder,
    ),
    (make_pipeline(columns(), LogisticRegression()), PASSENGERS, FATES, age_encoders),
    (make_pipeline(PASSING, LogisticRegression()), TYPED, FATES, age_encoders),
    (ClassifierChain(LogisticRegression()), NUMBERS, TAGS, age_chain),
    (HistGradientBoostingClassifier(max_iter=3), TYPED, FATES, age_boosting),
]


@pytest.mark.parametrize(("estimator", "rows", "target", "age"), CASES)
def test_models_of_tables_keep_their_probabilities(
    saved: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
    estimator: Any,
    rows: Any,
    target: Any,
    age: Callable[[Any], None],
) -> None:
    """What changed between the versions is repaired, also the columns that no step names."""
    monkeypatch.setenv("OMP_NUM_THREADS", "1")  # else a process is started to count the cores
    fitted = estimator.fit(rows, target)
    expected = fitted.predict_proba(rows)
    age(fitted)
    name = _RemainderColsList.__name__
    with monkeypatch.context() as patch:
        patch.setattr(_column_transformer, name, _RemainderColsList, raising=False)
        path = saved(fitted, "1.5.2")
    found = read_estimator(path).predict_proba(rows)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)


def test_what_an_old_isolation_forest_lacks_is_told(saved: Callable[..., Path]) -> None:
    """Before 1.3 it did not keep what it decides by now."""
    fitted = IsolationForest(n_estimators=3).fit(NUMBERS)
    with pytest.raises(UnusableModel, match="kept less of its trees"):
        read_estimator(saved(fitted, "1.2.2"))
