"""Tree ensembles in compiled code give scikit-learn's results, bit by bit."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from scipy.sparse import csc_matrix, csr_matrix
from sklearn.ensemble import (
    BaggingClassifier,
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
    VotingClassifier,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import (
    DecisionTreeClassifier,
    DecisionTreeRegressor,
    ExtraTreeClassifier,
    ExtraTreeRegressor,
)

from scoring.tables import compiled_trees, tree_tables
from scoring.tables.faster import faster_table
from scoring.tables.tree_ensembles import tree_groups

Numbers = npt.NDArray[np.float64]

pytestmark = [
    pytest.mark.skipif(compiled_trees.LIBRARY is None, reason="nothing was compiled"),
    pytest.mark.usefixtures("one_thread"),
]


def _rows(count: int = 600, seed: int = 0) -> Numbers:
    """Continuous columns, one of few whole numbers, and one of huge and tiny numbers."""
    random = np.random.default_rng(seed)
    rows = random.normal(size=(count, 5))
    rows[:, 3] = random.integers(0, 9, count)
    rows[:, 4] = 10.0 ** random.integers(-30, 30, count) * rows[:, 0]
    return rows


_X = _rows()
_Z = _X[:, 0] * _X[:, 1] + (_X[:, 3] > 4) + np.random.default_rng(1).normal(size=len(_X))
_TWO = (_Z > 0).astype(int)
_THREE = np.array(["low", "middle", "high"], dtype=object)[np.digitize(_Z, [-0.5, 0.5])]
_MISSING = np.where(np.random.default_rng(2).random(_X.shape) < 0.1, np.nan, _X)

_KINDS: dict[str, tuple[Any, Any, Any]] = {
    "forest of two classes": (RandomForestClassifier(20, random_state=0), _X, _TWO),
    "forest of three named classes": (RandomForestClassifier(20, random_state=0), _X, _THREE),
    "forest of one class": (RandomForestClassifier(3), _X, np.ones(len(_X))),
    "forest of small trees": (
        RandomForestClassifier(50, max_leaf_nodes=12, class_weight="balanced"),
        _X,
        _TWO,
    ),
    "forest trained with missing values": (RandomForestClassifier(20), _MISSING, _TWO),
    "forest of two outputs": (
        RandomForestClassifier(10),
        _X,
        np.stack([_TWO, np.digitize(_Z, [-1, 0, 1])], axis=1),
    ),
    "forest for numbers": (RandomForestRegressor(20), _X, _Z * 1e6),
    "forest for pairs of numbers": (RandomForestRegressor(9), _X, np.stack([_Z, _X[:, 1]], 1)),
    "forest of small trees for numbers": (RandomForestRegressor(9, max_depth=4), _MISSING, _Z),
    "extra trees": (ExtraTreesClassifier(20, random_state=0), _MISSING, _THREE),
    "extra trees for numbers": (ExtraTreesRegressor(20, random_state=0), _X, _Z),
    "tree": (DecisionTreeClassifier(), _MISSING, _TWO),
    "tree for numbers": (DecisionTreeRegressor(), _X, _Z),
    "tree for pairs of numbers": (DecisionTreeRegressor(), _X, np.stack([_Z, _X[:, 1]], 1)),
    "small tree": (DecisionTreeClassifier(max_depth=3), _X, _THREE),
    "random tree": (ExtraTreeClassifier(), _X, _THREE),
    "random tree for numbers": (ExtraTreeRegressor(), _X, _Z),
    "boosting": (GradientBoostingClassifier(n_estimators=30), _X, _TWO),
    "boosting from zero": (GradientBoostingClassifier(n_estimators=9, init="zero"), _X, _TWO),
    "boosting with the exponential loss": (
        GradientBoostingClassifier(n_estimators=20, loss="exponential", subsample=0.5),
        _X,
        _TWO,
    ),
    "boosting of three classes": (GradientBoostingClassifier(n_estimators=20), _X, _THREE),
    "boosting for numbers": (GradientBoostingRegressor(loss="huber", max_depth=6), _X, _Z),
    "boosting of many thresholds": (
        GradientBoostingRegressor(n_estimators=400, max_features=1),
        _X,
        _Z,
    ),
    "histograms": (HistGradientBoostingClassifier(max_iter=30), _MISSING, _TWO),
    "histograms of three classes": (HistGradientBoostingClassifier(max_iter=20), _X, _THREE),
    "histograms for numbers": (HistGradientBoostingRegressor(max_iter=30), _MISSING, _Z),
    "histograms for counts": (
        HistGradientBoostingRegressor(loss="poisson", max_iter=30, categorical_features=[3]),
        _MISSING,
        np.exp(_Z),
    ),
    "bag of trees": (BaggingClassifier(n_estimators=5, max_features=0.6), _X, _TWO),
    "vote": (
        VotingClassifier([("a", DecisionTreeClassifier()), ("b", RandomForestClassifier(5))]),
        _X,
        _THREE,
    ),
    "pipeline": (make_pipeline(StandardScaler(), RandomForestClassifier(9)), _X, _THREE),
}


def _assert_equal(found: Any, expected: Any) -> None:
    if isinstance(expected, list):
        for one, other in zip(found, expected, strict=True):
            np.testing.assert_array_equal(one, other)
    else:
        np.testing.assert_array_equal(found, expected)
        assert found.dtype == expected.dtype


@pytest.mark.parametrize("kind", _KINDS)
def test_results_are_identical(kind: str) -> None:
    """Every kind of trees gives the same bits, for arrays of both precisions and orders."""
    estimator, rows, target = _KINDS[kind]
    estimator.fit(rows, target)
    fast = faster_table(estimator)
    assert fast is not None
    others = _rows(777, seed=5)
    if np.isnan(rows).any():
        others[::7, 1] = np.nan
        others[::5, 3] = np.nan
    for changed in (others, others.astype(np.float32), np.asfortranarray(others), others[:1]):
        _assert_equal(fast.predict(changed), estimator.predict(changed))
        if hasattr(estimator, "predict_proba"):
            _assert_equal(fast.predict_proba(changed), estimator.predict_proba(changed))


@pytest.mark.parametrize("leaves", [20, None], ids=["small trees", "large trees"])
@pytest.mark.parametrize("count", [1, 7, 8, 9, 127, 128, 129, 4095, 4096, 4097, 8197])
def test_blocks_of_rows_end_anywhere(count: int, leaves: int | None) -> None:
    """No row is left out or read twice at the end of a block, and blocks may miss values or not."""
    estimator = ExtraTreesRegressor(3, max_leaf_nodes=leaves, random_state=0).fit(_MISSING, _Z)
    fast = faster_table(estimator)
    rows = _rows(count)
    _assert_equal(fast.predict(rows), estimator.predict(rows))
    for row in (0, count // 2, -1):
        changed = rows.copy()
        changed[row, [1, 4]] = np.nan
        _assert_equal(fast.predict(changed), estimator.predict(changed))


@pytest.mark.parametrize(
    "estimator",
    [
        RandomForestClassifier(9, random_state=0),
        DecisionTreeRegressor(),
        GradientBoostingClassifier(n_estimators=9),
    ],
    ids=lambda one: type(one).__name__,
)
def test_sparse_rows_are_taken(estimator: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sparse matrix, as encoders give it, is treated block by block; NaN in it is refused."""
    monkeypatch.setattr(compiled_trees, "_DENSE_NUMBERS", 1000)
    rows = np.where(np.abs(_X) < 0.7, 0, _X)
    estimator.fit(csr_matrix(rows), _TWO)
    fast = faster_table(estimator)
    for kind in (csr_matrix, csc_matrix):
        _assert_equal(fast.predict(kind(rows)), estimator.predict(kind(rows)))
    with pytest.raises(ValueError, match="NaN"):
        fast.predict(csr_matrix(_MISSING))


def test_a_large_forest_is_laid_out_in_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    """The trees of several groups are added up in the same order."""
    monkeypatch.setattr("scoring.tables.tree_ensembles._GROUP_NODES", 700)
    estimator = RandomForestRegressor(20).fit(_X, _Z)
    assert len(list(tree_groups(estimator))) > 3
    fast = faster_table(estimator)
    _assert_equal(fast.predict(_rows(seed=8)), estimator.predict(_rows(seed=8)))


def test_takes_the_categories_of_a_frame() -> None:
    """Splits by category go as scikit-learn's, for known, unknown and missing categories."""
    random = np.random.default_rng(0)
    frame = pd.DataFrame({"a": _MISSING[:, 0], "b": random.choice(list("stuvwxyz"), len(_X))})
    frame["b"] = frame["b"].astype("category")
    estimator = HistGradientBoostingClassifier(max_iter=30, categorical_features=["b"])
    estimator.fit(frame, (_Z + frame["b"].isin(list("suz")) > 1).astype(int))
    fast = faster_table(estimator)
    assert fast is not None
    others = frame.iloc[::-1].copy()
    others["b"] = others["b"].astype(object)
    others.iloc[::9, 1] = "unknown"
    others.iloc[::11, 1] = np.nan
    _assert_equal(fast.predict_proba(others), estimator.predict_proba(others))


def test_refuses_what_scikit_learn_refuses() -> None:
    """Rows that scikit-learn refuses raise the same exception."""
    estimator = RandomForestClassifier(5).fit(pd.DataFrame(_X, columns=list("abcde")), _TWO)
    fast = faster_table(estimator)
    for rows in (
        pd.DataFrame(_X, columns=list("edcba")),
        pd.DataFrame(np.full((1, 5), np.inf), columns=list("abcde")),
    ):
        with pytest.raises(ValueError, match=r".") as expected:
            estimator.predict_proba(rows)
        with pytest.raises(ValueError, match=r".") as found:
            fast.predict_proba(rows)
        assert str(found.value) == str(expected.value)


def test_leaves_subclasses_alone() -> None:
    """A subclass may do anything, so scikit-learn runs it."""

    class Own(RandomForestClassifier):
        def predict_proba(self, X: Any) -> Any:  # noqa: N803  scikit-learn's name
            return 1 - super().predict_proba(X)

    assert faster_table(Own(5).fit(_X, _TWO)) is None


def test_different_results_are_not_served(monkeypatch: pytest.MonkeyPatch) -> None:
    """If the compiled code gave other sums, scikit-learn's own would run."""
    estimator = RandomForestRegressor(5).fit(_X, _Z)
    add = compiled_trees.CompiledTrees.add

    def wrong(self: Any, numbers: Any, sums: Any) -> None:
        add(self, numbers, sums)
        sums[0] += 1e-9

    monkeypatch.setattr(compiled_trees.CompiledTrees, "add", wrong)
    assert faster_table(estimator) is None


def test_trial_rows_find_a_threshold_rounded_the_wrong_way(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A threshold that is wrong by its last bit changes the result of a trial row."""
    estimator = RandomForestRegressor(1, max_leaf_nodes=300).fit(_X, _Z)
    monkeypatch.setattr(tree_tables, "rounded_down", lambda numbers: numbers.astype("f4"))
    monkeypatch.setattr(compiled_trees, "_WALK_FROM", 0)
    assert faster_table(estimator) is None


def test_does_without_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a compiler, nothing is replaced."""
    monkeypatch.setattr("scoring.tables.tree_ensembles.LIBRARY", None)
    assert faster_table(DecisionTreeClassifier().fit(_X, _TWO)) is None


def test_arrays_of_another_shape_are_refused() -> None:
    """The compiled code never reads beyond the rows that it is given."""
    estimator = DecisionTreeRegressor().fit(_X, _Z)
    trees = compiled_trees.CompiledTrees(tree_groups(estimator), single=True)
    for numbers in (_X, _X[:, :2].astype(np.float32)):
        with pytest.raises(ValueError, match="another kind"):
            trees.add(numbers, np.zeros((len(numbers), 1)))
