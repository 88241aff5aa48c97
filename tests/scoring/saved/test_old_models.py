"""Models that other versions of scikit-learn saved score as they did there.

Each test fits a model with the installed version and turns it into what an older version would have
saved. The states were taken from real files: scikit-learn 1.1.3, 1.2.2, 1.3.2, 1.4.2, 1.5.2, 1.6.1,
1.7.2 and 1.8.0 each saved about 280 kinds of pipelines together with their own scores, and those
that are served under 1.9.1 differ by less than 1e-9.
"""

import io
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.special import expit, softmax
from sklearn import base
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import (
    ExtraTreesClassifier,
    RandomForestClassifier,
    StackingClassifier,
)
from sklearn.feature_extraction.text import (
    CountVectorizer,
    HashingVectorizer,
    TfidfTransformer,
    TfidfVectorizer,
)
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.naive_bayes import MultinomialNB
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import MaxAbsScaler, StandardScaler
from sklearn.semi_supervised import SelfTrainingClassifier
from sklearn.svm import SVC, LinearSVC
from sklearn.tree import DecisionTreeClassifier, _tree
from support.old_models import NEW, TEXTS, THREE, TWO, age_idf, dense, expected_of, scores_of, tfidf


@pytest.mark.parametrize("version", ["1.0.2", "1.1.3", "1.3.2", "1.4.2"])
@pytest.mark.parametrize(
    "pipeline",
    [
        make_pipeline(tfidf(), LogisticRegression()),
        make_pipeline(
            TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 3), sublinear_tf=True),
            LogisticRegression(),
        ),
        make_pipeline(CountVectorizer(), TfidfTransformer(norm="l1"), MultinomialNB()),
        make_pipeline(HashingVectorizer(n_features=64), TfidfTransformer(), LogisticRegression()),
        make_pipeline(
            FeatureUnion([("a", tfidf()), ("b", CountVectorizer())]), LogisticRegression()
        ),
        GridSearchCV(make_pipeline(tfidf(), LogisticRegression()), {}, cv=2),
        CalibratedClassifierCV(make_pipeline(tfidf(), LinearSVC()), cv=2),
        make_pipeline(TfidfVectorizer(use_idf=False), LogisticRegression()),
    ],
)
def test_tfidf_keeps_its_idf(saved: Callable[..., Path], pipeline: Any, version: str) -> None:
    """A model saved before 1.5 is served with the IDF that it had, wherever its TF-IDF is."""
    fitted = base.clone(pipeline).fit(TEXTS, TWO)
    expected = expected_of(fitted, [0, 1])
    age_idf(fitted)
    assert scores_of(saved(fitted, version)) == expected


@pytest.mark.parametrize(
    ("version", "multi_class", "solver", "way"),
    [
        ("1.7.2", "ovr", "lbfgs", "ovr"),
        ("1.7.2", "deprecated", "liblinear", "ovr"),
        ("1.4.2", "auto", "liblinear", "ovr"),
        ("1.4.2", "auto", "newton-cholesky", "ovr"),
        ("1.6.1", "deprecated", "newton-cholesky", "softmax"),
        ("1.1.3", "auto", "lbfgs", "softmax"),
        ("1.1.3", "multinomial", "saga", "softmax"),
    ],
)
def test_three_classes_keep_their_multi_class(
    saved: Callable[..., Path], version: str, multi_class: str, solver: str, way: str
) -> None:
    """A regression of three classes keeps the probabilities of its option `multi_class`."""
    fitted = make_pipeline(CountVectorizer(), LogisticRegression()).fit(TEXTS, THREE)
    decisions = fitted.decision_function(NEW)
    each = expit(decisions)
    expected = (
        each / each.sum(axis=1, keepdims=True) if way == "ovr" else softmax(decisions, axis=1)
    )
    vars(fitted[-1]).update(multi_class=multi_class, solver=solver)
    scores = scores_of(saved(fitted, version), class_values=[0, 0.2, 1])
    assert scores == pytest.approx(expected @ np.array([0, 0.2, 1]), rel=0, abs=1e-12)


@pytest.mark.parametrize(("multi_class", "factor"), [("multinomial", 2), ("ovr", 1), ("auto", 1)])
def test_two_classes_keep_their_multi_class(
    saved: Callable[..., Path], multi_class: str, factor: int
) -> None:
    """Two classes with `multinomial` had the softmax of -d and d, the sigmoid of 2d."""
    fitted = make_pipeline(CountVectorizer(), LogisticRegression()).fit(TEXTS, TWO)
    expected = expit(factor * fitted.decision_function(NEW))
    fitted[-1].multi_class = multi_class
    assert scores_of(saved(fitted, "1.6.1")) == pytest.approx(expected, rel=0, abs=1e-12)


class OldTrees(pickle.Pickler):
    """Pickles trees as 1.3 did (counts instead of shares), or as 1.2 (also without a field)."""

    def __init__(self, file: Any, *, field: bool) -> None:
        super().__init__(file)
        self._field = field

    def reducer_override(self, obj: Any) -> Any:
        if type(obj) is not _tree.Tree:
            return NotImplemented
        kind, arguments, state = obj.__reduce__()
        nodes, values = state["nodes"], state["values"]
        if not self._field:
            fields = [name for name in nodes.dtype.names if name != "missing_go_to_left"]
            old = np.zeros(len(nodes), dtype=[(name, nodes.dtype[name]) for name in fields])
            for name in fields:
                old[name] = nodes[name]
            nodes = old
        values = values * state["nodes"]["weighted_n_node_samples"][:, None, None]
        return kind, arguments, {**state, "nodes": nodes, "values": values}


@pytest.mark.parametrize(("version", "field"), [("1.3.2", True), ("1.1.3", False)])
@pytest.mark.parametrize(
    "classifier",
    [
        DecisionTreeClassifier(max_depth=2, class_weight="balanced", random_state=0),
        RandomForestClassifier(5, random_state=0, min_samples_leaf=3),
        ExtraTreesClassifier(5, random_state=0, max_depth=2),
        CalibratedClassifierCV(RandomForestClassifier(5, random_state=0, max_depth=2), cv=2),
    ],
)
def test_trees_keep_their_probabilities(
    tmp_path: Path, classifier: Any, version: str, field: bool
) -> None:
    """Trees saved before 1.4 are served with shares, not with the counts that they hold."""
    fitted = make_pipeline(CountVectorizer(), base.clone(classifier)).fit(TEXTS, TWO)
    expected = expected_of(fitted, [0, 1])
    file = io.BytesIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(base, "__version__", version)
        OldTrees(file, field=field).dump(fitted)
    (tmp_path / "model.pkl").write_bytes(file.getvalue())
    assert scores_of(tmp_path / "model.pkl") == expected


def age_calibrated(fitted: Any) -> None:
    for part in (fitted[-1], *fitted[-1].calibrated_classifiers_):
        part.base_estimator = vars(part).pop("estimator")


def age_columns(fitted: Any) -> None:
    step = fitted[2]
    step.transformers_ = [
        (name, "passthrough" if name == "remainder" else each, columns)
        for name, each, columns in step.transformers_
    ]


def renamed(**names: str) -> Callable[[Any], None]:
    def age(fitted: Any) -> None:
        for new, old in names.items():
            value = vars(fitted[-1]).pop(new)
            if old:
                setattr(fitted[-1], old, value)

    return age


def without(step: int, *names: str) -> Callable[[Any], None]:
    def age(fitted: Any) -> None:
        for name in names:
            vars(fitted[step]).pop(name, None)

    return age


@pytest.mark.parametrize(
    ("pipeline", "age"),
    [
        (dense(CalibratedClassifierCV(LinearSVC(), cv=2)), age_calibrated),
        (
            dense(SelfTrainingClassifier(LogisticRegression())),
            renamed(estimator="base_estimator", estimator_="base_estimator_"),
        ),
        (
            dense(StackingClassifier([("a", LogisticRegression())], cv=2)),
            renamed(_label_encoder="_le"),
        ),
        (
            dense(CalibratedClassifierCV(RidgeClassifier(), cv=2)),
            lambda fitted: [
                vars(each.estimator).pop("classes_", None)
                for each in fitted[-1].calibrated_classifiers_
            ],
        ),
        (
            dense(SimpleImputer(), LogisticRegression()),
            without(2, "keep_empty_features", "_fill_dtype"),
        ),
        (
            make_pipeline(CountVectorizer(), MaxAbsScaler(), LogisticRegression()),
            without(1, "clip"),
        ),
        (
            dense(
                ColumnTransformer([("s", StandardScaler(), [0])], remainder="passthrough"),
                LogisticRegression(),
            ),
            age_columns,
        ),
        (dense(RandomForestClassifier(3, random_state=0)), renamed(estimator="base_estimator")),
    ],
)
@pytest.mark.filterwarnings("ignore:y contains no unlabeled")
def test_attributes_with_new_names_are_found(
    saved: Callable[..., Path], pipeline: Any, age: Callable[[Any], None]
) -> None:
    """Models from before an attribute got its name are served with the same scores."""
    fitted = pipeline.fit(TEXTS, TWO)
    expected = expected_of(fitted, [0, 1])
    age(fitted)
    # Real files of 1.1 have counts in their trees: see `test_trees_keep_their_probabilities`.
    assert scores_of(saved(fitted, "1.4.2")) == expected


@pytest.mark.filterwarnings("ignore:.*probability:FutureWarning")
def test_an_svc_keeps_its_probabilities(saved: Callable[..., Path]) -> None:
    """An SVC from before 1.9 is served with the same scores."""
    fitted = make_pipeline(CountVectorizer(), SVC(probability=True, random_state=0))
    fitted.fit(TEXTS, TWO)
    expected = expected_of(fitted, [0, 1])
    vars(fitted[-1]).pop("_effective_probability", None)
    assert scores_of(saved(fitted, "1.4.2")) == expected
