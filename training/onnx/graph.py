"""Builds an ONNX graph, one operator after another."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

#: The version of the operator set and of the file format. It is the lowest version that has all
#: operators used here, so that every ONNX Runtime since 1.14 can run the file.
_OPERATORS, _FORMAT = 18, 8

#: Weights are stored as bytes if they are whole multiples of 1, 1/2, 1/4 ... 1/2^15, and not larger
#: than this multiple.
_MAX_HALVINGS = 16
_LARGEST_BYTE = 127

#: An input of an operator: the name of a tensor (empty for an omitted input), or a constant.
Input = str | npt.NDArray[Any]


class Source(NamedTuple):
    """An input of a graph."""

    name: str
    type: int  #: Of its elements; a value of `onnx.TensorProto.DataType`.
    shape: list[str | int]  #: A string names a size that is not fixed.


class Graph:
    """A graph, or the body of a scan, as a list of operators in the order of execution."""

    def __init__(self, prefix: str = "") -> None:
        """Start an empty graph.

        Args:
            prefix: the prefix of all names; the body of a scan needs one that no other graph has.
        """
        self._prefix = prefix
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[onnx.TensorProto] = []

    def add(self, operator: str, *inputs: Input, output: int = 0, **attributes: Any) -> str:
        """Add an operator.

        Args:
            operator: the name of the operator in ONNX.
            inputs: the inputs, in order.
            output: the index of the output that is used.
            attributes: the attributes; those that are None are omitted.

        Returns:
            The name of the output.
        """
        name = f"{self._prefix}{operator}_{len(self._nodes)}"
        names = [given if isinstance(given, str) else self.constant(given) for given in inputs]
        given = {key: value for key, value in attributes.items() if value is not None}
        self._nodes.append(helper.make_node(operator, names, [""] * output + [name], name, **given))
        return name

    def split(self, tensor: str, parts: int) -> list[str]:
        """Split a tensor along its last axis into equal parts; returns their names."""
        names = [f"{self._prefix}part_{len(self._nodes)}_{part}" for part in range(parts)]
        self._nodes.append(helper.make_node("Split", [tensor], names, axis=-1, num_outputs=parts))
        return names

    def scan(
        self,
        step: "Graph",
        sequence: tuple[str, str],
        states: Sequence[tuple[str, str, str]],
        *,
        backwards: bool,
    ) -> str:
        """Do a step for each element of a sequence, which is along the first axis.

        Args:
            step: the body; it may use tensors of this graph.
            sequence: the name of the sequence in this graph (int32), and of one element in the
                body.
            states: for each state the name of its initial value in this graph, and of its value in
                the body before and after the step; all are float32 with two axes.
            backwards: process the sequence from its last element to its first.

        Returns:
            The name of the final value of the first state.
        """
        body = helper.make_graph(
            step._nodes,
            f"{step._prefix}graph",
            [_float(before, [None, None]) for _, before, _ in states]
            + [helper.make_tensor_value_info(sequence[1], TensorProto.INT32, [None])],
            [_float(after, [None, None]) for _, _, after in states],
            step._constants,
        )
        first, *others = (f"{step._prefix}last_{number}" for number in range(len(states)))
        values = [initial for initial, _, _ in states]
        self._nodes.append(
            helper.make_node(
                "Scan",
                [*values, sequence[0]],
                [first, *others],
                body=body,
                num_scan_inputs=1,
                scan_input_directions=[int(backwards)],
            )
        )
        return first

    def save(
        self,
        path: Path,
        *,
        sources: Sequence[Source],
        result: str,
        classes: int,
        metadata: Mapping[str, int],
    ) -> None:
        """Write the graph to a file.

        Args:
            path: the path of the file.
            sources: the inputs.
            result: the name of the output: float32, rows x `classes`.
            classes: the number of columns of the output.
            metadata: numbers to store in the file's metadata.
        """
        graph = helper.make_graph(
            self._nodes,
            "scorelane",
            [helper.make_tensor_value_info(one.name, one.type, one.shape) for one in sources],
            [_float(result, ["rows", classes])],
            self._constants,
        )
        model = helper.make_model(
            graph,
            producer_name="scorelane",
            opset_imports=[helper.make_opsetid("", _OPERATORS)],
            ir_version=_FORMAT,
        )
        helper.set_model_props(model, {key: str(value) for key, value in metadata.items()})
        path.write_bytes(model.SerializeToString(deterministic=True))

    def constant(self, array: npt.NDArray[Any]) -> str:
        """Store an array in the file; returns its name."""
        name = f"{self._prefix}constant_{len(self._constants)}"
        self._constants.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def table(self, array: npt.NDArray[np.float32]) -> str:
        """Store float32 numbers, as 8-bit or 16-bit numbers if that is exact; returns the name."""
        for exponent in range(_MAX_HALVINGS):
            multiples = np.rint(array * 2**exponent)
            if np.abs(multiples).max(initial=0) > _LARGEST_BYTE:
                break
            if np.array_equal(multiples, array * 2**exponent):
                whole = self.add(
                    "Cast", self.constant(multiples.astype(np.int8)), to=TensorProto.FLOAT
                )
                return self.add("Mul", whole, np.array(2.0**-exponent, dtype=np.float32))
        with np.errstate(over="ignore"):
            half = array.astype(np.float16)
        if not np.array_equal(half, array):
            return self.constant(array)
        return self.add("Cast", self.constant(half), to=TensorProto.FLOAT)


def _float(name: str, shape: Sequence[str | int | None]) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
