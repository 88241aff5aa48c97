"""Evaluates tree ensembles with the compiled `trees.c`.

The installation compiles it if it finds a C compiler (`hatch_build.py`).
"""

import ctypes
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import issparse

from scoring.tables.tree_nodes import TreeNodes
from scoring.tables.tree_tables import large_tables, small_tables
from shared.compiled import library

LIBRARY = library(
    Path(__file__).with_name("trees.so"),
    ["trees_add_small", "trees_add_large"],
    holds_lock=False,
)

#: How many numbers of a sparse matrix are made an array at a time.
_DENSE_NUMBERS = 1 << 21

#: The maximum number of leaves of a tree all of whose nodes are evaluated.
_MANY_LEAVES = 256

#: From this mean number of leaves on, walking through a tree is faster than evaluating all nodes.
_WALK_FROM = 128


def _struct(numbers: str, pointers: str) -> type[ctypes.Structure]:
    """A struct of 64-bit integers, followed by addresses."""
    fields: list[tuple[str, Any]] = [(name, ctypes.c_int64) for name in numbers.split()]
    fields += [(name, ctypes.c_void_p) for name in pointers.split()]
    return type("Struct", (ctypes.Structure,), {"_fields_": tuple(fields)})


_Small = _struct(
    "trees columns outputs width leaves wide",
    "column thresholds categories starts node value_starts values first_output",
)
_Large = _struct(
    "trees features outputs width bits", "starts node value_starts values first_output"
)


class _Matrix(ctypes.Structure):
    _fields_ = (
        ("values", ctypes.c_void_p),
        ("row_step", ctypes.c_int64),
        ("feature_step", ctypes.c_int64),
        ("single", ctypes.c_int64),
    )


class _Sums(ctypes.Structure):
    _fields_ = (
        ("values", ctypes.c_void_p),
        ("row_step", ctypes.c_int64),
        ("sum_step", ctypes.c_int64),
    )


class CompiledTrees:
    """Adds the values of trees up; usable only if `LIBRARY` is not None."""

    def __init__(self, groups: Iterable[TreeNodes], *, single: bool) -> None:
        """Copy the nodes into the tables of the library.

        Args:
            groups: the trees, in the order in which they are added up.
            single: whether the numbers that they compare are float32.

        Raises:
            ValueError: the library has no code for such trees.
        """
        self._groups = [_Group(nodes, single=single) for nodes in groups]
        self.outputs = self._groups[0].outputs

    def add(self, numbers: Any, sums: npt.NDArray[np.float64]) -> None:
        """Add what each tree gives for n rows, tree by tree.

        Args:
            numbers: n rows of features, float32 or float64 as the trees compare them; an array, or
                a sparse matrix by rows.
            sums: n x `outputs`.

        Raises:
            ValueError: the arrays have other shapes or types.
            MemoryError: there is too little memory for a block of rows.
        """
        if issparse(numbers):
            step = max(_DENSE_NUMBERS // max(numbers.shape[1], 1), 1)
            for start in range(0, numbers.shape[0], step):
                rows = slice(start, start + step)
                self.add(numbers[rows].toarray(), sums[rows])
            return
        for group in self._groups:
            group.add(numbers, sums)


class _Group:
    def __init__(self, nodes: TreeNodes, *, single: bool) -> None:
        self.outputs = nodes.outputs
        self._features = int(nodes.feature[~nodes.is_leaf].max(initial=-1)) + 1
        self._single = single
        leaves = np.bincount(nodes.tree[nodes.is_leaf])
        counts = {
            "trees": len(nodes.first_output),
            "outputs": nodes.outputs,
            "width": nodes.values.shape[1],
        }
        kind: type[ctypes.Structure]
        if leaves.max() <= _MANY_LEAVES and (leaves.mean() < _WALK_FROM or not single):
            self._add, kind = LIBRARY.trees_add_small, _Small
            arrays, wide = small_tables(nodes)
            counts |= {"columns": len(arrays["column"]), "leaves": int(leaves.max()), "wide": wide}
        elif single:
            self._add, kind = LIBRARY.trees_add_large, _Large
            arrays, bits = large_tables(nodes)
            counts |= {"features": self._features, "bits": bits}
        else:
            raise ValueError("large trees compare float64 numbers")
        # The struct has only the arrays' addresses, so they must live as long.
        self._arrays = arrays
        addresses = {name: array.ctypes.data for name, array in arrays.items()}
        self._struct = kind(**counts, **addresses)

    def add(self, numbers: npt.NDArray[Any], sums: npt.NDArray[np.float64]) -> None:
        dtype = np.float32 if self._single else np.float64
        if (
            numbers.ndim != 2
            or numbers.dtype != dtype
            or numbers.shape[1] < self._features
            or sums.shape != (len(numbers), self.outputs)
            or sums.dtype != np.float64
            or any(step % one.itemsize for one in (numbers, sums) for step in one.strides)
        ):
            raise ValueError("the compiled trees got arrays of another kind")
        row_step, feature_step = (step // numbers.itemsize for step in numbers.strides)
        matrix = _Matrix(numbers.ctypes.data, row_step, feature_step, self._single)
        row_step, sum_step = (step // sums.itemsize for step in sums.strides)
        out = _Sums(sums.ctypes.data, row_step, sum_step)
        rows = ctypes.c_int64(len(numbers))
        if self._add(ctypes.byref(self._struct), ctypes.byref(matrix), rows, ctypes.byref(out)):
            raise MemoryError
