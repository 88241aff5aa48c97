"""Builds an ONNX graph, operator by operator."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

#: The version of the operators: the first that has all that are used, so that any ONNX Runtime
#: from 1.14 on can run the file; and the version of the file format that goes with it.
_OPERATORS, _FORMAT = 18, 8

#: Multiples of 1, 1/2, 1/4 and so on are looked for among numbers that may be kept as whole ones.
_MOST_HALVINGS = 16
_LARGEST_BYTE = 127

#: An input of an operator: the name of a tensor (empty: left out), or a constant.
Input = str | npt.NDArray[Any]


class Graph:
    """A graph, or what a graph does in each step of a scan, in the order of its operators."""

    def __init__(self, prefix: str = "") -> None:
        """Begin a graph.

        Args:
            prefix: of all names in it; a step's must differ from those of the graph around it.
        """
        self._prefix = prefix
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[onnx.TensorProto] = []

    def add(self, operator: str, *inputs: Input, output: int = 0, **attributes: Any) -> str:
        """Add an operator.

        Args:
            operator: its name in ONNX.
            inputs: its inputs, in order.
            output: which of its outputs is used.
            attributes: its attributes; those that are None are left out.

        Returns:
            The name of the output.
        """
        name = f"{self._prefix}{operator}_{len(self._nodes)}"
        names = [given if isinstance(given, str) else self.constant(given) for given in inputs]
        given = {key: value for key, value in attributes.items() if value is not None}
        self._nodes.append(helper.make_node(operator, names, [""] * output + [name], name, **given))
        return name

    def split(self, tensor: str, parts: int) -> list[str]:
        """Cut a tensor's last axis into equal parts."""
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
            step: what is done; it may use what this graph has.
            sequence: its name here (int32), and that of its element in the step.
            states: for each state the name of its first value here, and the names of its value in
                the step, before and after; float32, of two axes.
            backwards: the last element comes first.

        Returns:
            The name of the first state's last value.
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
        self, path: Path, *, source: str, result: str, classes: int, about: Mapping[str, int]
    ) -> None:
        """Write the graph to a file.

        Args:
            path: of the file.
            source: the name of the input, n rows of word numbers, int32.
            result: the name of the output, n rows of `classes` numbers, float32.
            classes: numbers in a row of the output.
            about: kept in the file's metadata.
        """
        graph = helper.make_graph(
            self._nodes,
            "scorelane",
            [helper.make_tensor_value_info(source, TensorProto.INT32, ["rows", "words"])],
            [_float(result, ["rows", classes])],
            self._constants,
        )
        model = helper.make_model(
            graph,
            producer_name="scorelane",
            opset_imports=[helper.make_opsetid("", _OPERATORS)],
            ir_version=_FORMAT,
        )
        helper.set_model_props(model, {key: str(value) for key, value in about.items()})
        path.write_bytes(model.SerializeToString(deterministic=True))

    def constant(self, array: npt.NDArray[Any]) -> str:
        """Keep an array in the file; its name."""
        name = f"{self._prefix}constant_{len(self._constants)}"
        self._constants.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def table(self, array: npt.NDArray[np.float32]) -> str:
        """Keep float32 numbers in the file, in a quarter or half of the room if nothing is lost."""
        for exponent in range(_MOST_HALVINGS):
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
