"""Converts Keras's recurrent layers, in one or directions directions, to ONNX operators."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from keras import layers

from training.onnx.flow import Flow, activation, array, ints
from training.onnx.folding import can_fold, folded

#: Recurrent layer -> the ONNX operator, and the order of its gates as positions in the order of
#: Keras. (LSTM: i, f, c, o in Keras, i, o, f, c in ONNX. GRU: z, r, h in directions.)
RECURRENT = {
    layers.LSTM: ("LSTM", (0, 3, 1, 2)),
    layers.GRU: ("GRU", (0, 1, 2)),
    layers.SimpleRNN: ("RNN", (0,)),
}

#: The merge modes of a Bidirectional, except "concat", and their ONNX operators.
_MERGES = {"sum": "ReduceSum", "mul": "ReduceProd", "ave": "ReduceMean"}


def recurrent(flow: Flow, layer: Any) -> None:
    """Convert an LSTM, a GRU or a SimpleRNN.

    Raises:
        ValueError: the layer uses an option that cannot be converted; the message says why.
    """
    if layer.go_backwards and layer.return_sequences:
        raise ValueError(f"its layer {layer.name} gives a sequence backwards")
    _run_recurrent(flow, [layer])
    flow.then("Squeeze", ints(1 if flow.is_sequence else 0))


def bidirectional(flow: Flow, layer: Any) -> None:
    """Convert a Bidirectional of LSTMs, GRUs or SimpleRNNs.

    Raises:
        ValueError: the layer uses an option that cannot be converted; the message says why.
    """
    directions = [layer.forward_layer, layer.backward_layer]
    if type(directions[0]) is not type(directions[1]) or type(directions[0]) not in RECURRENT:
        kinds = " and ".join(type(one).__name__ for one in directions)
        raise ValueError(f"its layer {layer.name} (Bidirectional of {kinds}) has no mapping")
    if layer.merge_mode != "concat" and layer.merge_mode not in _MERGES:
        raise ValueError(f"its layer {layer.name} has the merge_mode {layer.merge_mode}")
    _run_recurrent(flow, directions)
    # The output has an axis for the direction, before the axis of rows.
    axis = 1 if flow.is_sequence else 0
    if layer.merge_mode == "concat":
        flow.then("Transpose", perm=[0, 2, 1, 3] if flow.is_sequence else [1, 0, 2])
        flow.then("Reshape", ints(*[0] * (axis + 1), -1))
    else:
        flow.then(_MERGES[layer.merge_mode], ints(axis), keepdims=0)


def _run_recurrent(flow: Flow, directions: Sequence[Any]) -> None:
    """Append layers of one or two directions; the output is [time x] directions x rows x units."""
    first = directions[0]
    if first.stateful or first.return_state:
        raise ValueError(f"its layer {first.name} keeps or returns its state")
    operator, gates = RECURRENT[type(first)]
    functions = [activation(function) for layer in directions for function in _functions(layer)]
    for name, _ in functions:
        if name in ("Identity", "Softmax"):
            raise ValueError(
                f"its layer {first.name} has an activation that {operator} cannot have"
            )
    if flow.table is not None and can_fold(flow.table, directions):
        flow.tensor = folded(flow, flow.table, directions)
        flow.end_sequence()
        return
    kernels, recurrents, biases = [], [], []
    for layer in directions:
        cell = layer.cell
        kernels.append(_gates_first(array(cell.kernel), gates))
        recurrents.append(_gates_first(array(cell.recurrent_kernel), gates))
        biases.append(_two_biases(layer, gates))
    flow.then(
        operator,
        np.stack(kernels),
        np.stack(recurrents),
        np.stack(biases),
        flow.lengths() if flow.heed_mask() else "",
        output=0 if first.return_sequences else 1,
        hidden_size=first.units,
        direction="bidirectional" if len(directions) == 2 else _direction(first),
        activations=[name for name, _ in functions],
        activation_alpha=[given["alpha"] for _, given in functions if "alpha" in given] or None,
        activation_beta=[given["beta"] for _, given in functions if "beta" in given] or None,
        linear_before_reset=int(first.reset_after) if operator == "GRU" else None,
    )
    if not first.return_sequences:
        flow.end_sequence()


def _direction(layer: Any) -> str:
    return "reverse" if layer.go_backwards else "forward"


def _functions(layer: Any) -> list[Any]:
    """The activation functions of a recurrent layer, in the order of ONNX."""
    if isinstance(layer, layers.SimpleRNN):
        return [layer.activation]
    functions = [layer.recurrent_activation, layer.activation]
    return [*functions, layer.activation] if isinstance(layer, layers.LSTM) else functions


def _gates_first(kernel: npt.NDArray[np.float32], gates: Sequence[int]) -> npt.NDArray[np.float32]:
    """Transpose Keras's features x (gates x units) to ONNX's (gates x units) x features."""
    parts = np.split(kernel.T, len(gates))
    return np.concatenate([parts[gate] for gate in gates])


def _two_biases(layer: Any, gates: Sequence[int]) -> npt.NDArray[np.float32]:
    """The biases of the input and of the recurrence; in Keras only some GRUs have the second."""
    given = np.zeros((2, len(gates) * layer.units), dtype=np.float32)
    if layer.use_bias:
        bias = array(layer.cell.bias)
        given[: len(bias) if bias.ndim == 2 else 1] = bias
    return np.concatenate([_gates_first(bias, gates) for bias in given])
