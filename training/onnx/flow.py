"""What flows through a graph from layer to layer of a Keras model.

Keras has sequences as rows x time x features; here they are time x rows x features, as the
recurrent operators of ONNX Runtime take them, and only the word numbers are transposed.
"""

from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from training.onnx.graph import Graph

#: The name of a graph's input.
IDS = "ids"

#: Activations of Keras by their names in ONNX, with attributes.
_ACTIVATIONS: dict[str, tuple[str, dict[str, Any]]] = {
    "elu": ("Elu", {}),
    "hard_sigmoid": ("HardSigmoid", {"alpha": 1 / 6, "beta": 0.5}),
    "linear": ("Identity", {}),
    "relu": ("Relu", {}),
    "sigmoid": ("Sigmoid", {}),
    "softmax": ("Softmax", {"axis": -1}),
    "softplus": ("Softplus", {}),
    "softsign": ("Softsign", {}),
    "tanh": ("Tanh", {}),
}


class Flow:
    """What flows from layer to layer.

    Attributes:
        ids: the name of the word numbers, time x rows.
        table: the embedding's, while nothing has come after it; then None.
        words: the rows of the embedding; 0 before it.
        is_sequence: the tensor is time x rows x features, and not rows x features.
        masked: zeros are masked.
        skips_zeros: a layer heeded the mask.
        counts_zeros: a layer took zeros, or the padding, as any other number.
    """

    def __init__(self) -> None:
        self.graph = Graph()
        self.ids = self._tensor = self.graph.add("Transpose", IDS, perm=[1, 0])
        self.table: npt.NDArray[np.float32] | None = None
        self.words = 0
        self.is_sequence = self.masked = self.skips_zeros = self.counts_zeros = False
        self._lengths = ""

    @property
    def tensor(self) -> str:
        """The name of the tensor."""
        if self.table is not None:
            self.tensor = self.graph.add("Gather", self.graph.table(self.table), self.ids)
        return self._tensor

    @tensor.setter
    def tensor(self, name: str) -> None:
        self._tensor, self.table = name, None

    def then(self, operator: str, *others: Any, **attributes: Any) -> None:
        """Go through an operator whose first input is the tensor."""
        self.tensor = self.graph.add(operator, self.tensor, *others, **attributes)

    def end_sequence(self) -> None:
        """Leave the time behind."""
        self.is_sequence = self.masked = False

    def heed_mask(self) -> bool:
        """Whether the layer is to skip zeros; notes down what it does."""
        self.skips_zeros |= self.masked
        self.counts_zeros |= not self.masked
        return self.masked

    def ignore_mask(self) -> None:
        """Note down that a layer takes zeros as any other number."""
        self.counts_zeros, self.masked = True, False

    def lengths(self) -> str:
        """The words of each row, int32, where zeros are at the end alone."""
        if not self._lengths:
            is_word = self.graph.add("Sign", self.ids)
            self._lengths = self.graph.add("ReduceSum", is_word, ints(0), keepdims=0)
        return self._lengths


def ints(*numbers: int) -> npt.NDArray[np.int64]:
    """Numbers as ONNX takes axes and shapes."""
    return np.array(numbers, dtype=np.int64)


def array(variable: Any) -> npt.NDArray[np.float32]:
    """The weights in a variable of Keras."""
    return np.asarray(keras.ops.convert_to_numpy(variable), dtype=np.float32)


def activation(function: Any) -> tuple[str, dict[str, Any]]:
    """The operator of an activation, and its attributes.

    Raises:
        ValueError: it has none.
    """
    name = getattr(function, "__name__", str(function))
    # Somebody's own function may have the name of one of Keras.
    if name not in _ACTIVATIONS or function is not keras.activations.get(name):
        raise ValueError(f"its activation {name} has no mapping")
    return _ACTIVATIONS[name]
