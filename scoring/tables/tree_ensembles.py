"""Copies of scikit-learn's tree ensembles that evaluate their trees by compiled code.

In a copy, only the method that walks through the trees is replaced. All that comes before and
after, such as the checks of the input, classes and links, remains scikit-learn's own. Sums are
formed in its order, so results are equal to the last bit.
"""

import copy
from collections.abc import Callable, Iterator
from itertools import groupby
from operator import itemgetter
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.tree import (
    DecisionTreeClassifier,
    DecisionTreeRegressor,
    ExtraTreeClassifier,
    ExtraTreeRegressor,
)

from scoring.tables.compiled_trees import LIBRARY, CompiledTrees
from scoring.tables.tree_nodes import TreeNodes

#: How many nodes of a forest are laid out at once.
_GROUP_NODES = 1_000_000


def with_compiled_trees(estimator: Any) -> Any:
    """A copy that evaluates its trees faster; None for other estimators, or without the library.

    Raises:
        ValueError: the library has no code for such trees.
    """
    make = KINDS.get(type(estimator))
    return make(estimator) if make and LIBRARY else None


def tree_groups(estimator: Any) -> Iterator[TreeNodes]:
    """The nodes of a fitted tree ensemble, of one of the classes in `KINDS`, some trees at once.

    The nodes of all trees together could take more memory than the estimator.
    """
    kind = KINDS[type(estimator)]
    if kind is _hist_boosting:
        known = estimator._bin_mapper.make_known_categories_bitsets()
        yield TreeNodes.from_predictors(estimator._predictors, *known)
    elif kind is _boosting:
        yield TreeNodes.from_trees(
            [tree.tree_ for tree in estimator.estimators_.ravel()],
            scale=estimator.learning_rate,
            outputs=estimator.estimators_.shape[1],
            missing=False,
        )
    elif kind is _tree:
        yield TreeNodes.from_trees([estimator.tree_])
    else:
        trees = [tree.tree_ for tree in estimator.estimators_]
        ends = np.cumsum([tree.node_count for tree in trees])
        for _, group in groupby(zip(trees, ends // _GROUP_NODES, strict=True), itemgetter(1)):
            yield TreeNodes.from_trees([tree for tree, _ in group])


def _forest_classifier(estimator: Any) -> Any:
    trees = CompiledTrees(tree_groups(estimator), single=True)
    classes = np.atleast_1d(estimator.n_classes_)
    most = trees.outputs // len(classes)

    def predict_proba(rows: Any) -> Any:
        numbers = estimator._validate_X_predict(rows)
        found = _mean(trees, numbers, len(estimator.estimators_))
        parts = [found[:, k * most : k * most + count] for k, count in enumerate(classes)]
        return parts if len(parts) > 1 else parts[0]

    fast = copy.copy(estimator)
    fast.predict_proba = predict_proba
    return fast


def _forest_regressor(estimator: Any) -> Any:
    trees = CompiledTrees(tree_groups(estimator), single=True)

    def predict(rows: Any) -> Any:
        numbers = estimator._validate_X_predict(rows)
        found = _mean(trees, numbers, len(estimator.estimators_))
        return found if trees.outputs > 1 else found[:, 0]

    fast = copy.copy(estimator)
    fast.predict = predict
    return fast


def _mean(trees: CompiledTrees, numbers: Any, count: int) -> npt.NDArray[np.float64]:
    found = np.zeros((numbers.shape[0], trees.outputs))
    trees.add(numbers, found)
    found /= count
    return found


class _Tree:
    """Stands in for `sklearn.tree._tree.Tree`, of which an estimator calls `predict` alone."""

    def __init__(self, trees: CompiledTrees, tree: Any) -> None:
        self._trees = trees
        self._tree = tree

    def predict(self, numbers: Any) -> Any:
        """The values of the leaves: rows x classes, or rows x outputs x classes."""
        found = np.zeros((numbers.shape[0], self._trees.outputs))
        self._trees.add(numbers, found)
        outputs = self._tree.n_outputs
        return found if outputs == 1 else found.reshape(len(found), outputs, -1)


def _tree(estimator: Any) -> Any:
    fast = copy.copy(estimator)
    fast.tree_ = _Tree(CompiledTrees(tree_groups(estimator), single=True), estimator.tree_)
    return fast


def _boosting(estimator: Any) -> Any:
    trees = CompiledTrees(tree_groups(estimator), single=True)

    def _raw_predict(numbers: Any) -> Any:
        found = estimator._raw_predict_init(numbers)
        trees.add(numbers, found)
        return found

    fast = copy.copy(estimator)
    fast._raw_predict = _raw_predict
    return fast


def _hist_boosting(estimator: Any) -> Any:
    trees = CompiledTrees(tree_groups(estimator), single=False)

    def _predict_iterations(numbers: Any, _predictors: Any, found: Any, *_: Any) -> None:
        trees.add(numbers, found)

    fast = copy.copy(estimator)
    fast._predict_iterations = _predict_iterations
    return fast


KINDS: dict[type, Callable[[Any], Any]] = {
    RandomForestClassifier: _forest_classifier,
    ExtraTreesClassifier: _forest_classifier,
    RandomForestRegressor: _forest_regressor,
    ExtraTreesRegressor: _forest_regressor,
    DecisionTreeClassifier: _tree,
    ExtraTreeClassifier: _tree,
    DecisionTreeRegressor: _tree,
    ExtraTreeRegressor: _tree,
    GradientBoostingClassifier: _boosting,
    GradientBoostingRegressor: _boosting,
    HistGradientBoostingClassifier: _hist_boosting,
    HistGradientBoostingRegressor: _hist_boosting,
}
