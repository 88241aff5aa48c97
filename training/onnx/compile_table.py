"""Compiles a Keras model over columns to ONNX, and keeps it if it gives the same outputs."""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
from onnx import TensorProto

from scoring.networks.compiled import COMPILED_FIGURE, COMPILED_FILE
from scoring.networks.feeds import Feed, Feeds
from scoring.networks.keras_checks import brief
from scoring.networks.keras_files import read_keras
from scoring.networks.onnx_table import OnnxTable
from scoring.networks.table_network import TableNetwork
from scoring.networks.table_rows import rows_for
from shared.signature import Input
from training.onnx.flow import Flow
from training.onnx.graph import Graph, Source
from training.onnx.layers import converted

logger = logging.getLogger(__name__)

#: The maximum difference of an output from Keras's, as a share of the largest one (at least of 1).
TOLERANCE = 1e-5

#: The size of the numbers that a network takes: up to it the tolerance stays as it is.
_USUAL = 10

#: The number of rows on which both are compared.
_ROWS = 1000

_TYPES = {
    "float32": TensorProto.FLOAT,
    "float64": TensorProto.DOUBLE,
    "int32": TensorProto.INT32,
    "int64": TensorProto.INT64,
    "bool": TensorProto.BOOL,
}


def compile_table(
    folder: Path, feeds: Feeds, inputs: Sequence[Input], units: int
) -> dict[str, float]:
    """Compile `model.keras` in a folder to `model.onnx`, if it gives the same outputs.

    If the model cannot be compiled, a warning with the reason is logged, and TensorFlow will run
    the model.

    Args:
        folder: the folder with `model.keras`.
        feeds: the inputs of the model.
        inputs: the inputs of its signature.
        units: how many numbers it gives for a row.

    Returns:
        For the card's figures: the largest difference of an output from that of Keras's `predict`.
        Empty if the model was not compiled.

    Raises:
        ValueError: the model cannot be read; the message says why.
    """
    model = read_keras(folder / "model.keras")
    path = folder / COMPILED_FILE
    try:
        write_table_onnx(model, feeds, path)
        difference = _proven_difference(model, OnnxTable(path, feeds, units), inputs)
    # A layer may be in any state, and ONNX Runtime has a separate exception class for each error
    # code.
    except Exception as error:  # noqa: BLE001  whatever it is, TensorFlow can run the model
        path.unlink(missing_ok=True)
        logger.warning("TensorFlow will run this model. It cannot be compiled: %s.", brief(error))
        return {}
    return {COMPILED_FIGURE: difference}


def write_table_onnx(model: Any, feeds: Feeds, path: Path) -> None:
    """Write a Keras model over columns as ONNX.

    Raises:
        ValueError: the model cannot be converted; the message says why.
    """
    graph = Graph()
    sources = [_source(feed, number) for number, feed in enumerate(feeds.each)]
    flows = [
        Flow.of_input(graph, one.name, is_looked_up=feed.below is not None, is_flat=feed.flat)
        for one, feed in zip(sources, feeds.each, strict=True)
    ]
    flow = converted(model, flows)
    if flow.is_sequence:
        raise ValueError("it does not give one row of outputs for each row")
    if flow.skips_zeros:
        raise ValueError("one of its layers skips zeros")
    classes = sum(one.shape[-1] for one in model.outputs)
    graph.save(path, sources=sources, result=flow.tensor, classes=classes, metadata={})


def _source(feed: Feed, number: int) -> Source:
    if feed.dtype not in _TYPES:
        raise ValueError(f"its input {feed.name} holds {feed.dtype}")
    shape: list[str | int] = ["rows"] if feed.flat else ["rows", len(feed.columns)]
    return Source(f"input_{number}", _TYPES[feed.dtype], shape)


def _proven_difference(model: Any, compiled: TableNetwork, inputs: Sequence[Input]) -> float:
    """The largest difference between the compiled outputs and those of Keras's `predict`.

    Raises:
        ValueError: the difference is larger than the tolerance, or not a number.
    """
    frame = rows_for(compiled.feeds, inputs, _ROWS, seed=1)
    arrays, _ = compiled.feeds.arrays(frame)
    expected = keras_outputs(model, arrays)
    differences = np.abs(compiled.outputs(frame) - expected)
    largest = np.maximum(1, np.abs(expected).max(axis=0))
    # Both round the same sums, and the rounding grows with the numbers of the row.
    numbers = [np.abs(one.reshape(len(frame), -1).astype(np.float64)) for one in arrays]
    size = np.maximum(1, np.hstack(numbers).max(axis=1, keepdims=True) / _USUAL)
    if not (differences <= TOLERANCE * largest * size).all():
        raise ValueError(f"its outputs would differ from TensorFlow's by {differences.max():.1g}")
    return float(differences.max())


def keras_outputs(model: Any, arrays: Sequence[npt.NDArray[Any]]) -> npt.NDArray[np.float64]:
    """What Keras's `predict` gives for n rows: n x K, one output after another."""
    flat = keras.Model(list(model.inputs), list(model.outputs))
    found = flat.predict(list(arrays), batch_size=32, verbose=0)
    each = found if isinstance(found, list | tuple) else [found]
    rows = len(arrays[0])
    return np.concatenate([np.asarray(one, np.float64).reshape(rows, -1) for one in each], axis=1)
