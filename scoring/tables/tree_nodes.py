"""The nodes of fitted tree ensembles, in one form for all kinds of scikit-learn's trees."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

#: The number of categories that a categorical split can tell apart: scikit-learn's sets are bits of
#: eight 32-bit numbers.
CATEGORIES = 256


@dataclass(frozen=True)
class TreeNodes:
    """N nodes of T trees, tree by tree; the first node of a tree is its root.

    Attributes:
        starts: int64 array of T + 1 positions: the first node of each tree, and the end.
        left: the left child, as a position in its tree; -1 for a leaf.
        right: the right child.
        feature: the column of the input that a node compares.
        threshold: float64; numbers up to it go to the left.
        missing_right: whether missing values go to the right.
        table: the position in `tables` of a categorical split; -1 for a numeric one.
        tables: uint8 array of splits x `CATEGORIES`: 1 for a category that goes to the right.
        values: float64 array of N x width: what a leaf adds to the sums.
        first_output: int64 array of T: the sum that the first value of a tree is added to.
        outputs: the number of sums.
    """

    starts: npt.NDArray[np.int64]
    left: npt.NDArray[np.int64]
    right: npt.NDArray[np.int64]
    feature: npt.NDArray[np.int64]
    threshold: npt.NDArray[np.float64]
    missing_right: npt.NDArray[np.bool_]
    table: npt.NDArray[np.int64]
    tables: npt.NDArray[np.uint8]
    values: npt.NDArray[np.float64]
    first_output: npt.NDArray[np.int64]
    outputs: int

    @property
    def is_leaf(self) -> npt.NDArray[np.bool_]:
        """Whether each node is a leaf."""
        return self.left < 0

    @property
    def tree(self) -> npt.NDArray[np.int64]:
        """The number of the tree of each node."""
        return np.repeat(np.arange(len(self.first_output)), np.diff(self.starts))

    def __post_init__(self) -> None:
        """Check what the compiled code relies on: a child comes after its parent.

        Raises:
            ValueError: the nodes are not such trees.
        """
        inner = ~self.is_leaf
        position = np.arange(len(self.left)) - self.starts[self.tree]
        size = np.diff(self.starts)[self.tree]
        for child in (self.left, self.right):
            if np.any((child <= position)[inner]) or np.any((child >= size)[inner]):
                raise ValueError("a child does not follow its parent in its tree")
        if np.any(self.feature[inner] < 0) or np.isnan(self.threshold[inner]).any():
            raise ValueError("a node compares no feature")

    @classmethod
    def from_trees(
        cls, trees: Sequence[Any], *, scale: float = 1.0, outputs: int = 0, missing: bool = True
    ) -> Self:
        """The nodes of `sklearn.tree._tree.Tree` objects.

        Args:
            trees: the trees, in the order in which their values are added up.
            scale: a factor for all values.
            outputs: K for boosting, whose trees have one value each and belong to the K sums in
                turn; 0 if each tree adds to all sums.
            missing: whether missing values go by the trees' `missing_go_to_left`; False if there
                are none.
        """
        values = np.concatenate([tree.value.reshape(tree.node_count, -1) for tree in trees])
        left = _joined(trees, "children_left")
        goes_left = [
            tree.missing_go_to_left.astype(bool) if missing else np.ones(tree.node_count, bool)
            for tree in trees
        ]
        return cls(
            starts=np.cumsum([0, *(tree.node_count for tree in trees)], dtype=np.int64),
            left=left,
            right=_joined(trees, "children_right"),
            feature=_joined(trees, "feature"),
            threshold=np.concatenate([tree.threshold for tree in trees]),
            missing_right=~np.concatenate(goes_left),
            table=np.full(len(left), -1),
            tables=np.empty((0, CATEGORIES), np.uint8),
            values=values * scale,
            first_output=np.arange(len(trees)) % max(outputs, 1),
            outputs=outputs or values.shape[1],
        )

    @classmethod
    def from_predictors(
        cls,
        predictors: Sequence[Sequence[Any]],
        known: npt.NDArray[np.uint32],
        feature_map: npt.NDArray[Any],
    ) -> Self:
        """The nodes of a `HistGradientBoosting` estimator.

        Args:
            predictors: its `TreePredictor` objects: one for each sum, in each iteration.
            known: the known categories of each categorical feature, as bits.
            feature_map: the position in `known`, by the number of a feature.
        """
        trees = [tree for iteration in predictors for tree in iteration]
        nodes = np.concatenate([tree.nodes for tree in trees])
        starts = np.cumsum([0, *(len(tree.nodes) for tree in trees)], dtype=np.int64)
        leaf = nodes["is_leaf"].astype(bool)
        categorical = nodes["is_categorical"].astype(bool) & ~leaf
        missing_right = ~nodes["missing_go_to_left"].astype(bool)
        feature = nodes["feature_idx"].astype(np.int64)
        table = np.full(len(nodes), -1)
        table[categorical] = np.arange(np.count_nonzero(categorical))
        tables = np.empty((np.count_nonzero(categorical), CATEGORIES), np.uint8)
        tree_of = np.repeat(np.arange(len(trees)), np.diff(starts))
        for row, node in zip(tables, np.flatnonzero(categorical), strict=True):
            goes_left = _bits(trees[tree_of[node]].raw_left_cat_bitsets[nodes["bitset_idx"][node]])
            is_known = _bits(known[feature_map[feature[node]]])
            # scikit-learn treats unknown categories as missing.
            row[:] = np.where(goes_left, 0, np.where(is_known, 1, missing_right[node]))
        return cls(
            starts=starts,
            left=np.where(leaf, -1, nodes["left"].astype(np.int64)),
            right=np.where(leaf, -1, nodes["right"].astype(np.int64)),
            feature=feature,
            threshold=np.where(categorical | leaf, 0, nodes["num_threshold"]).astype(np.float64),
            missing_right=missing_right,
            table=table,
            tables=tables,
            values=nodes["value"].astype(np.float64)[:, None],
            first_output=np.arange(len(trees)) % len(predictors[0]),
            outputs=len(predictors[0]),
        )


def _joined(trees: Sequence[Any], name: str) -> npt.NDArray[np.int64]:
    return np.concatenate([getattr(tree, name) for tree in trees]).astype(np.int64)


def _bits(words: npt.NDArray[np.uint32]) -> npt.NDArray[np.bool_]:
    """The 256 bits of eight 32-bit numbers, the lowest first."""
    numbers = np.arange(CATEGORIES)
    return (words[numbers // 32] >> (numbers % 32).astype(np.uint32) & 1).astype(bool)
