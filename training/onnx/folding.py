"""Converts LSTMs directly after an embedding, with the embedding folded into their weights.

The input part of an LSTM's gates, embedding x kernel + bias, depends on the word alone. ONNX
Runtime computes it once for every word of the index, when it loads the file (constant folding), and
then looks it up. Per word of a text only the product with the state is computed, half of the work.
"""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
from keras import layers
from onnx import TensorProto

from training.onnx.flow import Flow, array, ints
from training.onnx.graph import Graph

#: The maximum memory in bytes for the gates of all words.
MAX_BYTES = 64e6

#: The order of the gates here, i, f, o, c, as positions in the order of Keras, i, f, c, o.
_GATES = (0, 1, 3, 2)

#: Added to the input gate for a zero that is skipped: the sigmoid becomes exactly 0.
_SHUT = -1e4


def can_fold(table: npt.NDArray[np.float32], directions: Sequence[Any]) -> bool:
    """Whether these layers are standard LSTMs, and the table of gates is small enough.

    Args:
        table: the embedding's weights, words x features.
        directions: one layer, or the two layers of a Bidirectional.
    """
    size = sum(4 * layer.units * len(table) * table.itemsize for layer in directions)
    return size <= MAX_BYTES and all(
        type(layer) is layers.LSTM
        and not layer.return_sequences
        and layer.activation is keras.activations.tanh
        and layer.recurrent_activation is keras.activations.sigmoid
        for layer in directions
    )


def folded(flow: Flow, table: npt.NDArray[np.float32], directions: Sequence[Any]) -> str:
    """Append LSTMs over the word numbers to the graph.

    If zeros are skipped, rows are reversed so that zeros come before the words. There they shut the
    input gate, so the state stays exactly zero, and no step needs the length of its row.

    Args:
        flow: the conversion; its current tensor is the output of the embedding.
        table: the embedding's weights, words x features.
        directions: one layer, or the two layers of a Bidirectional; see `can_fold`.

    Returns:
        The name of their last outputs, directions x rows x units.
    """
    graph, masked = flow.graph, flow.heed_mask()
    ids = flow.ids
    if masked:
        table = np.hstack([table, np.zeros((len(table), 1), np.float32)])
        table[0], table[0, -1] = 0, 1  # the last feature marks word number 0 as no word
    # A constant feature for the biases: adding them in a separate step would double the memory.
    table = np.hstack([table, np.ones((len(table), 1), np.float32)])
    words = graph.table(table)
    rows = graph.add("Shape", ids, start=1, end=2)
    outputs = []
    for number, layer in enumerate(directions):
        kernel = _in_order(layer.cell.kernel)
        if masked:
            kernel = np.vstack([kernel, np.repeat([_SHUT, 0, 0, 0], layer.units)])
            if not layer.go_backwards:
                lengths = graph.add("Cast", flow.lengths(), to=TensorProto.INT64)
                ids = graph.add("ReverseSequence", flow.ids, lengths, time_axis=0, batch_axis=1)
        bias = _in_order(layer.cell.bias) if layer.use_bias else np.zeros(4 * layer.units)
        gates = graph.add("MatMul", words, np.vstack([kernel, bias]).astype(np.float32))
        zeros = graph.add("ConstantOfShape", graph.add("Concat", rows, ints(layer.units), axis=0))
        step, word, states = _step(f"lstm_{number}_", gates, layer)
        last = graph.scan(
            step,
            (flow.ids if layer.go_backwards else ids, word),
            [(zeros, before, after) for before, after in states],
            backwards=masked or layer.go_backwards,
        )
        outputs.append(graph.add("Unsqueeze", last, ints(0)))
    return graph.add("Concat", *outputs, axis=0)


def _step(prefix: str, gates: str, layer: Any) -> tuple[Graph, str, list[tuple[str, str]]]:
    """Build the graph of one time step of an LSTM.

    The cell is that of Hochreiter and Schmidhuber (1997) with the forget gate of Gers, Schmidhuber
    and Cummins (2000), as in Keras.

    Returns:
        The graph; the name of its input, a word number; and for each state (output, cell) the name
        of its value before and after the step.
    """
    step = Graph(prefix)
    word, before, cell_before = (f"{prefix}{name}" for name in ("word", "output", "cell"))
    of_word = step.add("Gather", gates, word)
    summed = step.add("Gemm", before, _in_order(layer.cell.recurrent_kernel), of_word)
    *three, candidate = step.split(summed, 4)
    enter, forget, leave = (step.add("Sigmoid", gate) for gate in three)
    kept = step.add("Mul", forget, cell_before)
    entered = step.add("Mul", enter, step.add("Tanh", candidate))
    cell = step.add("Add", kept, entered)
    output = step.add("Mul", leave, step.add("Tanh", cell))
    return step, word, [(before, output), (cell_before, cell)]


def _in_order(weights: Any) -> npt.NDArray[np.float32]:
    """Reorder the gates along the last axis from the order of Keras to that of `_GATES`."""
    parts = np.split(array(weights), len(_GATES), axis=-1)
    return np.concatenate([parts[gate] for gate in _GATES], axis=-1)
