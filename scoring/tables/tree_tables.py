"""Lays nodes of trees out as the compiled `trees.c` reads them."""

from typing import Any

import numpy as np
import numpy.typing as npt

from scoring.tables.tree_nodes import TreeNodes

_COLUMN = np.dtype(
    [
        ("feature", np.int32),
        ("missing_right", np.int32),
        ("first", np.int64),
        ("thresholds", np.int32),
        ("categorical", np.int32),
    ]
)
_SMALL_NODE = np.dtype([(name, np.int32) for name in ("column", "threshold", "left", "right")])
_LARGE_NODE = np.dtype([("threshold", np.float32), ("place", np.uint32)])


def _columns(nodes: TreeNodes) -> tuple[npt.NDArray[Any], npt.NDArray[np.int64]]:
    """The columns that the nodes compare (see `trees.h`), and the column of each inner node.

    `first` is not set yet.
    """
    inner = np.flatnonzero(~nodes.is_leaf)
    # Equal tables of categories share a column.
    tables, table_of = np.unique(nodes.tables, axis=0, return_inverse=True)
    table = np.full(len(inner), -1)
    split = nodes.table[inner]
    table[split >= 0] = table_of.reshape(-1)[split[split >= 0]]
    keys = np.stack([nodes.feature[inner], nodes.missing_right[inner], table], axis=1)
    found, column_of = np.unique(keys.astype(np.int64), axis=0, return_inverse=True)
    columns = np.zeros(len(found), _COLUMN)
    columns["feature"], columns["missing_right"] = found[:, 0], found[:, 1]
    columns["categorical"] = found[:, 2] >= 0
    columns["first"] = np.maximum(found[:, 2], 0) * tables.shape[1]
    return columns, column_of.reshape(-1)


def small_tables(nodes: TreeNodes) -> tuple[dict[str, npt.NDArray[Any]], bool]:
    """The arrays of `small_trees` in `trees.c`, and whether a code needs two bytes.

    Raises:
        ValueError: a feature has too many thresholds.
    """
    columns, column_of = _columns(nodes)
    tree, inner = nodes.tree, ~nodes.is_leaf
    starts = nodes.starts
    leaves = int(np.bincount(tree[nodes.is_leaf]).max())
    # In the library, children come before their parents: the order is reversed in each tree.
    leaf_rank = _ranks(nodes.is_leaf, starts)
    inner_rank = _ranks(inner, starts)
    inner_counts = np.add.reduceat(inner, starts[:-1]).astype(np.int64)
    slot = np.where(inner, leaves + inner_counts[tree] - 1 - inner_rank, leaf_rank)
    codes = np.zeros(len(column_of), np.int64)
    thresholds = []
    numbers = nodes.threshold[inner]
    begin = 0
    for position, one in enumerate(columns):
        if one["categorical"]:
            continue
        mine = column_of == position
        unique, codes[mine] = np.unique(numbers[mine], return_inverse=True)
        one["first"], one["thresholds"] = begin, len(unique)
        begin += len(unique)
        thresholds.append(unique)
    most = int(columns["thresholds"].max(initial=0))
    if most > np.iinfo(np.uint16).max:
        raise ValueError("a feature has too many thresholds")
    found = np.empty(len(column_of), _SMALL_NODE)
    found["column"], found["threshold"] = column_of, codes
    for side in ("left", "right"):
        child = getattr(nodes, side)[inner] + starts[tree[inner]]
        found[side] = slot[child]
    # Reversing all nodes reverses the trees too, so each tree is put back to its place.
    ends = np.cumsum(inner_counts)
    node_tree = tree[inner]
    place = ends[node_tree] - 1 - inner_rank[inner]
    ordered = np.empty_like(found)
    ordered[place] = found
    tables = np.unique(nodes.tables, axis=0)
    return {
        "column": columns,
        "thresholds": np.concatenate([np.empty(0), *thresholds]),
        "categories": np.ascontiguousarray(tables),
        "starts": np.append(0, ends).astype(np.int64),
        "node": ordered,
        "value_starts": np.ascontiguousarray(
            np.append(0, np.cumsum(np.diff(starts) - inner_counts))[:-1] * nodes.values.shape[1]
        ).astype(np.int64),
        "values": np.ascontiguousarray(nodes.values[nodes.is_leaf]),
        "first_output": nodes.first_output.astype(np.int64),
    }, most > np.iinfo(np.uint8).max


def large_tables(nodes: TreeNodes) -> tuple[dict[str, npt.NDArray[Any]], int]:
    """The arrays of `large_trees` in `trees.c`, and the number of bits of a column's number."""
    tree, inner = nodes.tree, ~nodes.is_leaf
    starts = nodes.starts[tree]
    # The two children of the n-th inner node follow those of the inner nodes before it. Most nodes
    # come right after their parent then, because scikit-learn builds trees depth first.
    left = 1 + 2 * _ranks(inner, nodes.starts)[inner]
    position = np.zeros(len(tree), np.int64)
    for side, shift in (("left", 0), ("right", 1)):
        position[getattr(nodes, side)[inner] + starts[inner]] = left + shift
    place = position.copy()
    place[inner] = left
    copy = int(nodes.feature[inner].max(initial=0) + 1).bit_length()
    bits = copy + 1
    if int(place.max()).bit_length() + bits > 32:
        raise ValueError("a tree has too many nodes")
    column = np.where(inner, nodes.feature + 1 + (nodes.missing_right.astype(int) << copy), 0)
    order = position + starts
    found = np.empty(len(tree), _LARGE_NODE)
    found["place"][order] = place << bits | column
    values, value_starts, value_of = _distinct_values(nodes)
    threshold = rounded_down(nodes.threshold)
    threshold[~inner] = value_of.astype(np.uint32).view(np.float32)
    found["threshold"][order] = threshold
    return {
        "starts": nodes.starts,
        "node": found,
        "value_starts": value_starts,
        "values": values,
        "first_output": nodes.first_output.astype(np.int64),
    }, bits


def _distinct_values(nodes: TreeNodes) -> tuple[Any, Any, Any]:
    """The distinct values of the leaves of each tree.

    A classifier's large trees have few. Sums are the same, but more of the values stay in a cache.

    Returns:
        The values, tree by tree; the position of the first number of each tree; for each leaf the
        number of its values in its tree.
    """
    tree, values = nodes.tree[nodes.is_leaf], nodes.values[nodes.is_leaf]
    group = tree
    # As bits: -0.0 differs from 0.0.
    for column in np.ascontiguousarray(values.T).view(np.int64):
        _, number = np.unique(column, return_inverse=True)
        _, group = np.unique(group * len(values) + number, return_inverse=True)
    # The numbers of groups ascend with the tree.
    distinct = np.empty((int(group.max()) + 1, values.shape[1]))
    distinct[group] = values
    first = np.full(len(nodes.first_output), len(values))
    np.minimum.at(first, tree, group)
    return distinct, first * values.shape[1], group - first[tree]


def rounded_down(thresholds: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
    """The largest finite float32 numbers that are not above the thresholds.

    A float32 number exceeds such a number exactly if it exceeds the threshold.
    """
    limits = np.finfo(np.float32)
    rounded = np.clip(thresholds, limits.min, limits.max).astype(np.float32)
    below = np.nextafter(rounded, np.float32(-np.inf))
    return np.where(rounded > thresholds, below, rounded)


def _ranks(chosen: npt.NDArray[np.bool_], starts: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """How many nodes before each one in its tree are chosen."""
    before: npt.NDArray[np.int64] = np.cumsum(chosen) - chosen
    return before - np.repeat(before[starts[:-1]], np.diff(starts))
