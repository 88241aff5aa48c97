"""Recurrent layers of Keras, one way and both ways, as operators of ONNX."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from keras import layers

from training.onnx.flow import Flow, activation, array, ints
from training.onnx.folding import can_fold, folded

#: Recurrent layers: the operator, and the gates of Keras in the order of ONNX (i, f, c, o become
#: i, o, f, c; both have z, r, h).
RECURRENT = {
    layers.LSTM: ("LSTM", (0, 3, 1, 2)),
    layers.GRU: ("GRU", (0, 1, 2)),
    layers.SimpleRNN: ("RNN", (0,)),
}

#: How a Bidirectional puts its two directions together, where it does not chain them.
_MERGES = {"sum": "ReduceSum", "mul": "ReduceProd", "ave": "ReduceMean"}


def recurrent(flow: Flow, layer: Any) -> None:
    """Map an LSTM, a GRU or a SimpleRNN.

    Raises:
        ValueError: it works in a way that cannot be expressed.
    """
    if layer.go_backwards and layer.return_sequences:
        raise ValueError(f"its layer {layer.name} gives a sequence backwards")
    _run_recurrent(flow, [layer])
    flow.then("Squeeze", ints(1 if flow.is_sequence else 0))


def bidirectional(flow: Flow, layer: Any) -> None:
    """Map a Bidirectional of one of them.

    Raises:
        ValueError: it works in a way that cannot be expressed.
    """
    both = [layer.forward_layer, layer.backward_layer]
    if type(both[0]) is not type(both[1]) or type(both[0]) not in RECURRENT:
        kinds = " and ".join(type(one).__name__ for one in both)
        raise ValueError(f"its layer {layer.name} (Bidirectional of {kinds}) has no mapping")
    if layer.merge_mode != "concat" and layer.merge_mode not in _MERGES:
        raise ValueError(f"its layer {layer.name} has the merge_mode {layer.merge_mode}")
    _run_recurrent(flow, both)
    # What came out has an axis for the direction, in front of the rows.
    axis = 1 if flow.is_sequence else 0
    if layer.merge_mode == "concat":
        flow.then("Transpose", perm=[0, 2, 1, 3] if flow.is_sequence else [1, 0, 2])
        flow.then("Reshape", ints(*[0] * (axis + 1), -1))
    else:
        flow.then(_MERGES[layer.merge_mode], ints(axis), keepdims=0)


def _run_recurrent(flow: Flow, directions: Sequence[Any]) -> None:
    """Run the layers of one or two directions: [time x] directions x rows x units."""
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
    """The activations of a recurrent layer, in the order of ONNX."""
    if isinstance(layer, layers.SimpleRNN):
        return [layer.activation]
    once = [layer.recurrent_activation, layer.activation]
    return [*once, layer.activation] if isinstance(layer, layers.LSTM) else once


def _gates_first(kernel: npt.NDArray[np.float32], gates: Sequence[int]) -> npt.NDArray[np.float32]:
    """Features x (gates x units), as Keras has it, to (gates x units) x features."""
    parts = np.split(kernel.T, len(gates))
    return np.concatenate([parts[gate] for gate in gates])


def _two_biases(layer: Any, gates: Sequence[int]) -> npt.NDArray[np.float32]:
    """The bias of the input and that of the recurrence; Keras has the second in some GRUs only."""
    given = np.zeros((2, len(gates) * layer.units), dtype=np.float32)
    if layer.use_bias:
        bias = array(layer.cell.bias)
        given[: len(bias) if bias.ndim == 2 else 1] = bias
    return np.concatenate([_gates_first(bias, gates) for bias in given])
