"""Explains trees and their ensembles by the paths of rows through them.

At each split on its way from the root to a leaf, the expected value of a row changes from that of
the node to that of the child; the change is an effect of the column that was compared (Saabas,
"Interpreting random forests", 2014). The expected value of a node is the mean of its leaves,
weighted by the rows of the fit that reached them. So the effects and the expected values of the
roots add up exactly to what the trees give.
"""

import functools
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.ensemble import GradientBoostingClassifier, GradientBoostingRegressor
from sklearn.ensemble._forest import BaseForest
from sklearn.ensemble._hist_gradient_boosting.gradient_boosting import BaseHistGradientBoosting
from sklearn.tree import BaseDecisionTree
from typing_extensions import override

from scoring.explanations.attribution import Attribution
from scoring.explanations.source_columns import Sources
from scoring.tables.tree_ensembles import KINDS, tree_groups
from scoring.tables.tree_nodes import TreeNodes

Floats = npt.NDArray[np.float64]


class TreePaths(Attribution):
    """A tree or an ensemble of trees of one output.

    Attributes:
        before: the steps that the ensemble itself does before its trees.
    """

    def __init__(self, final: Any, *, turned: bool) -> None:
        """Take a fitted ensemble.

        Raises:
            ValueError: it begins with an estimator of its own, or has several outputs.
        """
        is_histogram = isinstance(final, BaseHistGradientBoosting)
        preprocessor = getattr(final, "_preprocessor", None)
        self.before = [] if preprocessor is None else [preprocessor]
        self._final, self._turned = final, turned
        self._dtype = np.float64 if is_histogram else np.float32
        self._scale, self._first = _scale_and_first(final)
        self._outputs = _outputs_of(final)
        # Of two classes the probability of the second one is explained.
        self._pair = self._outputs == 2
        self.numbers = 1 if self._pair else self._outputs

    @functools.cached_property
    def _groups(self) -> list[tuple[TreeNodes, Floats]]:
        """The nodes of the trees, with the expected value of each.

        Only once a job asks for an explanation: they take as much memory as the trees.
        """
        return [(nodes, _expected(nodes, covers)) for nodes, covers in _with_covers(self._final)]

    @functools.cached_property
    @override
    def base_values(self) -> Floats:
        roots = np.zeros(self._outputs)
        for nodes, expected in self._groups:
            for tree, start in enumerate(nodes.starts[:-1]):
                begin = nodes.first_output[tree]
                roots[begin : begin + expected.shape[1]] += expected[start]
        base = self._first + roots * self._scale
        return np.asarray(self._signed(base[1:] if self._pair else base, base[:1]))

    def _signed(self, numbers: Any, of_first: Any) -> Any:
        """The explained numbers: where the first of two classes counts, its own."""
        if not self._turned:
            return numbers
        return of_first if self._pair else -numbers

    @override
    def effects(self, rows: Any, sources: Sources, width: int) -> tuple[Floats, Any]:
        numbers = np.asarray(rows.toarray() if hasattr(rows, "toarray") else rows)
        numbers = numbers.astype(self._dtype).astype(np.float64)
        found = np.zeros((self._outputs, len(numbers), width))
        for nodes, expected in self._groups:
            for tree in range(len(nodes.first_output)):
                _add_paths(nodes, expected, tree, numbers, sources, found)
        found *= self._scale
        chosen = np.zeros(len(numbers), dtype=np.int32)
        if self._pair:
            return self._signed(found[1], found[0]), chosen
        if self._outputs == 1:
            return self._signed(found[0], None), chosen
        totals = self.base_values[:, None] + found.sum(axis=2)
        chosen = totals.argmax(axis=0).astype(np.int32)
        return found[chosen, np.arange(len(numbers))], chosen


def tree_paths(final: Any, *, turned: bool) -> TreePaths | None:
    """What explains a fitted tree or ensemble; None for any other estimator.

    Raises:
        ValueError: it begins with an estimator of its own, or has several outputs.
    """
    return TreePaths(final, turned=turned) if type(final) in KINDS else None


def _scale_and_first(final: Any) -> tuple[float, Any]:
    """The factor of the sums of all trees, and what they are added to."""
    if getattr(final, "n_outputs_", 1) != 1:
        raise ValueError("it has several outputs")
    if isinstance(final, BaseForest):
        return 1 / len(final.estimators_), 0.0
    if isinstance(final, GradientBoostingClassifier | GradientBoostingRegressor):
        if final.init_ != "zero" and not isinstance(final.init_, DummyClassifier | DummyRegressor):
            raise ValueError("it begins with an estimator of its own")
        return 1.0, final._raw_predict_init(np.zeros((1, final.n_features_in_)))[0]
    if isinstance(final, BaseHistGradientBoosting):
        return 1.0, np.ravel(final._baseline_prediction)
    return 1.0, 0.0


def _outputs_of(final: Any) -> int:
    """How many sums the trees add to."""
    if isinstance(final, GradientBoostingClassifier | GradientBoostingRegressor):
        return int(final.estimators_.shape[1])
    if isinstance(final, BaseHistGradientBoosting):
        return int(final.n_trees_per_iteration_)
    return len(getattr(final, "classes_", [None]))


def _with_covers(final: Any) -> Iterator[tuple[TreeNodes, Floats]]:
    """The nodes of the trees, and how many rows of the fit reached each."""
    if isinstance(final, BaseHistGradientBoosting):
        counts = [tree.nodes["count"] for one in final._predictors for tree in one]
    elif isinstance(final, BaseDecisionTree):
        counts = [final.tree_.weighted_n_node_samples]
    else:
        trees = np.ravel(final.estimators_)
        counts = [tree.tree_.weighted_n_node_samples for tree in trees]
    covers, begin = np.concatenate(counts).astype(np.float64), 0
    for nodes in tree_groups(final):
        yield nodes, covers[begin : begin + len(nodes.left)]
        begin += len(nodes.left)


def _expected(nodes: TreeNodes, covers: Floats) -> Floats:
    """The mean of the leaves below each node, weighted by covers: N x width."""
    first = nodes.starts[:-1][nodes.tree]
    found = nodes.values.copy()
    levels = [nodes.starts[:-1]]
    while len(inner := levels[-1][~nodes.is_leaf[levels[-1]]]):
        levels.append(np.concatenate([child[inner] + first[inner] for child in _children(nodes)]))
    for level in reversed(levels):
        inner = level[~nodes.is_leaf[level]]
        left, right = (child[inner] + first[inner] for child in _children(nodes))
        share = (covers[left] / (covers[left] + covers[right]))[:, None]
        found[inner] = share * found[left] + (1 - share) * found[right]
    return found


def _children(nodes: TreeNodes) -> tuple[Any, Any]:
    return nodes.left, nodes.right


def _add_paths(
    nodes: TreeNodes,
    expected: Floats,
    tree: int,
    numbers: Floats,
    sources: Sources,
    found: Floats,
) -> None:
    """Add the effects of one tree: `found` is outputs x rows x columns of the user's."""
    start, first = nodes.starts[tree], nodes.first_output[tree]
    rows = np.arange(len(numbers))
    at = np.full(len(numbers), start)
    while len(rows := rows[~nodes.is_leaf[at[rows]]]):
        node = at[rows]
        feature = nodes.feature[node]
        value = numbers[rows, feature]
        goes_right = np.where(
            np.isnan(value), nodes.missing_right[node], ~(value <= nodes.threshold[node])
        )
        if (split := np.flatnonzero(nodes.table[node] >= 0)).size:
            goes_right[split] = _by_category(nodes, node[split], value[split])
        child = start + np.where(goes_right, nodes.right[node], nodes.left[node])
        change = expected[child] - expected[node]
        for output in range(expected.shape[1]):
            found[first + output, rows, sources[feature]] += change[:, output]
        at[rows] = child


def _by_category(nodes: TreeNodes, node: Any, value: Floats) -> npt.NDArray[np.bool_]:
    """Whether categories go to the right; missing and unknown ones as the split says."""
    is_known = (value >= 0) & (value < nodes.tables.shape[1])
    places = np.where(is_known, value, 0).astype(np.intp)
    by_table = nodes.tables[nodes.table[node], places].astype(bool)
    return np.asarray(np.where(is_known, by_table, nodes.missing_right[node]), dtype=bool)
