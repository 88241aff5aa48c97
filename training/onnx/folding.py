"""LSTMs right behind an embedding, with the embedding folded into their weights.

What an LSTM adds to its gates for a word depends on the word alone: embedding x kernel + bias. It
is computed once for every word, when the file is loaded (ONNX Runtime folds constants), and is then
looked up. Only the product with the state is left to do for each word of a text: half of the work.
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

#: The most bytes of memory that the gates of all words may take.
MOST_BYTES = 64e6

#: The gates of Keras (i, f, c, o) in the order in which they are taken here: i, f, o, c.
_GATES = (0, 1, 3, 2)

#: Added to the input gate for a zero that is skipped: the gate is shut, to the last bit.
_SHUT = -1e4


def can_fold(table: npt.NDArray[np.float32], directions: Sequence[Any]) -> bool:
    """Whether these layers are LSTMs as usual, and the words few enough.

    Args:
        table: of the embedding, words x features.
        directions: one layer, or two that go both ways.
    """
    size = sum(4 * layer.units * len(table) * table.itemsize for layer in directions)
    return size <= MOST_BYTES and all(
        type(layer) is layers.LSTM
        and not layer.return_sequences
        and layer.activation is keras.activations.tanh
        and layer.recurrent_activation is keras.activations.sigmoid
        for layer in directions
    )


def folded(flow: Flow, table: npt.NDArray[np.float32], directions: Sequence[Any]) -> str:
    """Run LSTMs over the word numbers; the name of their last outputs, directions x rows x units.

    Zeros that are skipped are made to come before the words, where they shut the input gate: the
    state stays exactly zero, and no step needs to know how long a row is.
    """
    graph, masked = flow.graph, flow.heed_mask()
    ids = flow.ids
    if masked:
        table = np.hstack([table, np.zeros((len(table), 1), np.float32)])
        table[0], table[0, -1] = 0, 1  # the last feature says that this is no word
    # A feature that every row has, for the biases: added apart, they would take the memory twice.
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
    """The step of a word; the name of the word in it, and of each state, before and after.

    Hochreiter and Schmidhuber's cell with the forget gate of Gers et al., as Keras has it.
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
    """The gates along the last axis, in the order in which they are taken here."""
    parts = np.split(array(weights), len(_GATES), axis=-1)
    return np.concatenate([parts[gate] for gate in _GATES], axis=-1)
