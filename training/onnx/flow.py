"""The state of a conversion from Keras to ONNX between two layers, on one branch of the model.

In Keras, sequences have the shape rows x time x features. Here they have the shape time x rows x
features, as ONNX's recurrent operators require, so that only the word numbers are transposed.
"""

from typing import Any, Self

import keras
import numpy as np
import numpy.typing as npt
from onnx import TensorProto

from scoring.networks.keras_files import hard_sigmoid_2
from training.onnx.graph import Graph

#: The name of the input of a graph that takes word numbers.
IDS = "ids"

#: Keras activation -> ONNX operator and its attributes.
_ACTIVATIONS: dict[str, tuple[str, dict[str, Any]]] = {
    "elu": ("Elu", {}),
    "exponential": ("Exp", {}),
    "hard_sigmoid": ("HardSigmoid", {"alpha": 1 / 6, "beta": 0.5}),
    "leaky_relu": ("LeakyRelu", {"alpha": 0.2}),
    "linear": ("Identity", {}),
    "relu": ("Relu", {}),
    "selu": ("Selu", {}),
    "sigmoid": ("Sigmoid", {}),
    "softmax": ("Softmax", {"axis": -1}),
    "softplus": ("Softplus", {}),
    "softsign": ("Softsign", {}),
    "tanh": ("Tanh", {}),
}


class Flow:
    """The output of the layers that were converted so far, and what is known about it.

    Attributes:
        graph: the graph of the layers so far, which all branches share.
        ids: the name of the tensor of word numbers, time x rows; empty if the input holds others.
            Of an input that takes n numbers, not n rows of numbers: rows.
        table: the embedding's weights, directly after the embedding layer; else None.
        words: the number of rows of the embedding; 0 before the embedding layer.
        is_sequence: the current tensor is time x rows x features, not rows x features.
        masked: zeros are masked for the next layer.
        skips_zeros: a layer used the mask.
        counts_zeros: a layer treated zeros, or the padding, like any other number.
    """

    def __init__(self, graph: Graph, tensor: str, *, ids: str = "") -> None:
        self.graph = graph
        self.ids, self._tensor = ids, tensor
        self.table: npt.NDArray[np.float32] | None = None
        self.words = 0
        self.is_sequence = self.masked = self.skips_zeros = self.counts_zeros = False
        self._lengths = ""

    @classmethod
    def of_ids(cls, graph: Graph, source: str) -> Self:
        """Begin with an input of word numbers, rows x time."""
        ids = graph.add("Transpose", source, perm=[1, 0])
        return cls(graph, ids, ids=ids)

    @classmethod
    def of_input(cls, graph: Graph, source: str, *, is_looked_up: bool, is_flat: bool) -> Self:
        """Begin with an input that columns fill.

        Args:
            graph: the graph.
            source: the name of its input.
            is_looked_up: it holds numbers for an Embedding.
            is_flat: it takes n numbers, not n rows of numbers.
        """
        if not is_looked_up:
            return cls(graph, graph.add("Cast", source, to=TensorProto.FLOAT))
        whole = graph.add("Cast", source, to=TensorProto.INT32)
        if is_flat:
            return cls(graph, whole, ids=whole)
        return cls.of_ids(graph, whole)

    @property
    def tensor(self) -> str:
        """The name of the current tensor."""
        if self.table is not None:
            self.tensor = self.graph.add("Gather", self.graph.table(self.table), self.ids)
        return self._tensor

    @tensor.setter
    def tensor(self, name: str) -> None:
        self._tensor, self.table = name, None

    def then(self, operator: str, *others: Any, **attributes: Any) -> None:
        """Append an operator whose first input is the current tensor."""
        self.tensor = self.graph.add(operator, self.tensor, *others, **attributes)

    def end_sequence(self) -> None:
        """Note that the current tensor has no time axis any more."""
        self.is_sequence = self.masked = False

    def heed_mask(self) -> bool:
        """Whether the next layer must skip zeros; records that it does so."""
        self.skips_zeros |= self.masked
        self.counts_zeros |= not self.masked
        return self.masked

    def ignore_mask(self) -> None:
        """Record that the next layer treats zeros like any other number."""
        self.counts_zeros, self.masked = True, False

    def lengths(self) -> str:
        """The name of the lengths of the rows, int32; valid if zeros are only at the end."""
        if not self._lengths:
            is_word = self.graph.add("Sign", self.ids)
            self._lengths = self.graph.add("ReduceSum", is_word, ints(0), keepdims=0)
        return self._lengths


def ints(*numbers: int) -> npt.NDArray[np.int64]:
    """Integers in the form in which ONNX takes axes and shapes."""
    return np.array(numbers, dtype=np.int64)


def array(variable: Any) -> npt.NDArray[np.float32]:
    """The values of a Keras variable, float32."""
    return np.asarray(keras.ops.convert_to_numpy(variable), dtype=np.float32)


def activation(function: Any) -> tuple[str, dict[str, Any]]:
    """The ONNX operator of a Keras activation, and its attributes.

    Raises:
        ValueError: the activation has no ONNX operator.
    """
    if function is hard_sigmoid_2:
        return "HardSigmoid", {"alpha": 0.2, "beta": 0.5}
    name = getattr(function, "__name__", str(function))
    # A custom function may have the name of a Keras function.
    if name not in _ACTIVATIONS or function is not keras.activations.get(name):
        raise ValueError(f"its activation {name} has no mapping")
    return _ACTIVATIONS[name]
