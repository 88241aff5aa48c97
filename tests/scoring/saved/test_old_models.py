"""Models that other versions of scikit-learn saved score as they did there.

Each test fits a model with the installed version and turns it into what an older version would have
saved. The states were taken from real files: scikit-learn 1.1.3, 1.2.2, 1.3.2, 1.4.2, 1.5.2, 1.6.1,
1.7.2 and 1.8.0 each saved about 280 kinds of pipelines together with their own scores, and those
that are served under 1.9.1 differ by less than 1e-9.
"""

import io
import pickle
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import joblib
import numpy as np
import pytest
import sklearn
from scipy.sparse import diags
from scipy.special import expit, softmax
from sklearn import base
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.cross_decomposition import PLSRegression
from sklearn.decomposition import SparsePCA, TruncatedSVD
from sklearn.ensemble import (
    AdaBoostClassifier,
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
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
from sklearn.linear_model import LogisticRegression, Ridge, RidgeClassifier, SGDClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.naive_bayes import MultinomialNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import MaxAbsScaler, StandardScaler
from sklearn.semi_supervised import SelfTrainingClassifier
from sklearn.svm import SVC, LinearSVC
from sklearn.tree import DecisionTreeClassifier, _tree

from scoring.saved.parts import all_parts
from scoring.saved.reading import read_estimator
from scoring.saved.unpickling import version_note
from scoring.sklearn_model import SklearnModel
from shared.errors.model import UnusableModel
from shared.model import load_model, write_card

GOOD = ["good", "a good film", "very good caf\u00e9", "good and fine", "so fine", "fine film"]
BAD = ["bad", "a bad film", "very bad d\u00e9j\u00e0", "bad and dull", "so dull", "dull film"]
SOSO = ["so so", "a plain film", "very plain", "plain and so", "so usual", "usual film"]
TEXTS = [*GOOD, *BAD, *SOSO]
TWO = [1] * 6 + [0] * 6 + [1, 0] * 3
THREE = [3] * 6 + [1] * 6 + [2] * 6
NEW = [
    "",
    "good bad",
    "\u00c9T\u00c9 caf\u00e9 \U0001f642 good",
    "so very plain a usual film",
    "unknown",
]


@pytest.fixture
def saved(tmp_path: Path) -> Callable[..., Path]:
    """Save an estimator as another version of scikit-learn would."""

    def save(estimator: Any, version: str, **joblib_options: Any) -> Path:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(base, "__version__", version)
            joblib.dump(estimator, tmp_path / "model.pkl", **joblib_options)
        return tmp_path / "model.pkl"

    return save


def scores_of(path: Path, **options: Any) -> list[float]:
    """The scores of new texts, by the way that a worker takes."""
    write_card(path.parent, name="mine", format="pkl", files=["model.pkl"], options=options)
    model = load_model(path.parent)
    assert isinstance(model, SklearnModel)
    return model.numbers(NEW).tolist()


def expected_of(estimator: Any, values: list[float]) -> Any:
    return pytest.approx(estimator.predict_proba(NEW) @ np.array(values), rel=0, abs=1e-12)


def age_idf(estimator: Any) -> None:
    """Until 1.4, a `TfidfTransformer` had a diagonal matrix instead of `idf_`."""
    for part in all_parts(estimator):
        if isinstance(part, TfidfTransformer) and "idf_" in vars(part):
            part._idf_diag = diags(vars(part).pop("idf_"), format="csr")


def tfidf() -> TfidfVectorizer:
    return TfidfVectorizer()


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


def dense(*steps: Any) -> Any:
    return make_pipeline(CountVectorizer(), TruncatedSVD(4, random_state=0), *steps)


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


@pytest.mark.parametrize("compress", [0, 3, ("gzip", 3), ("bz2", 3), ("xz", 3), ("lzma", 3)])
@pytest.mark.parametrize("protocol", [2, 4, 5])
def test_compressed_files_are_read(
    saved: Callable[..., Path], compress: Any, protocol: int
) -> None:
    """Files of joblib in each of its compressions are read, also those of an old version."""
    fitted = make_pipeline(tfidf(), LogisticRegression()).fit(TEXTS, TWO)
    expected = expected_of(fitted, [0, 1])
    age_idf(fitted)
    path = saved(fitted, "1.3.2", compress=compress, protocol=protocol)
    assert "1.3.2" in version_note(path)
    assert scores_of(path) == expected
    assert version_note(saved(fitted, sklearn.__version__, compress=compress)) == ""


@pytest.mark.parametrize("protocol", range(6))
def test_a_plain_pickle_names_its_version(tmp_path: Path, protocol: int) -> None:
    """The version is found in pickles of every protocol."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(base, "__version__", "1.2.dev0")
        content = pickle.dumps(LogisticRegression(), protocol=protocol)
    (tmp_path / "model.pkl").write_bytes(content)
    assert "scikit-learn 1.2.dev0 saved it" in version_note(tmp_path / "model.pkl")
    (tmp_path / "model.pkl").write_bytes(content.replace(b"_sklearn", b"_unknown"))
    assert version_note(tmp_path / "model.pkl") == ""
