"""Converts the layers of a Keras model to an ONNX graph."""

from collections.abc import Callable
from copy import copy
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import layers
from onnx import TensorProto

from scoring.networks.keras_walk import walk
from scoring.networks.onnx_network import LENGTH, SKIPS_ZEROS, WORDS
from training.onnx.flow import IDS, Flow, activation, array, ints
from training.onnx.graph import Graph, Source
from training.onnx.merges import MERGES, merged
from training.onnx.pooling import average, maximum, windows
from training.onnx.recurrent import RECURRENT, bidirectional, recurrent


def write_onnx(model: Any, path: Path) -> None:
    """Write a Keras model as ONNX.

    The file takes rows of word numbers, as the model does. If the model skips zeros, the rows may
    hold zeros only at their end.

    Args:
        model: a Keras model from word numbers to one row of outputs per text.
        path: the path of the file.

    Raises:
        ValueError: the model cannot be converted; the message says why.
    """
    graph = Graph()
    flow = converted(model, [Flow.of_ids(graph, IDS)])
    if flow.skips_zeros and flow.counts_zeros:
        raise ValueError("one of its layers skips zeros, and another one counts them")
    if flow.is_sequence or not flow.words:
        raise ValueError("it does not turn word numbers into one row of outputs per text")
    graph.save(
        path,
        sources=[Source(IDS, TensorProto.INT32, ["rows", "words"])],
        result=flow.tensor,
        classes=sum(one.shape[-1] for one in model.outputs),
        metadata={
            LENGTH: model.input_shape[1] or 0,
            WORDS: flow.words,
            SKIPS_ZEROS: int(flow.skips_zeros),
        },
    )


def converted(model: Any, flows: list[Flow]) -> Flow:
    """Convert the layers of a model.

    Args:
        model: a Sequential or functional Keras model.
        flows: its inputs.

    Returns:
        Its outputs, one after another.

    Raises:
        ValueError: the model cannot be converted; the message says why.
    """
    outputs = walk(model, flows, _convert)
    return outputs[0] if len(outputs) == 1 else merged(outputs, "Concat", axis=-1)


def _convert(layer: Any, sources: list[Flow]) -> list[Flow]:
    kind = f"{layer.name} ({type(layer).__name__})"
    if type(layer) in MERGES:
        return [MERGES[type(layer)](layer, sources)]
    mapping = _MAPPINGS.get(type(layer))
    if mapping is None or len(sources) != 1:
        raise ValueError(f"its layer {kind} has no mapping")
    # A copy, because other branches may begin at the same place.
    flow = copy(sources[0])
    if flow.ids and not flow.words and type(layer) is not layers.Embedding and mapping is not _pass:
        raise ValueError(f"its layer {kind} takes word numbers before an Embedding")
    mapping(flow, layer)
    return [flow]


def _activate(flow: Flow, layer: Any) -> None:
    if layer.activation is keras.activations.silu:
        flow.then("Mul", flow.graph.add("Sigmoid", flow.tensor))
        return
    operator, attributes = activation(layer.activation)
    flow.then(operator, **attributes)


def _pass(flow: Flow, layer: Any) -> None:
    """Add nothing: the layer acts in training only."""


def _embedding(flow: Flow, layer: Any) -> None:
    if flow.words or not flow.ids:
        raise ValueError("one of its Embedding layers takes no word numbers")
    flow.table = array(layer.embeddings)
    flow.words, flow.masked = layer.input_dim, layer.mask_zero
    flow.is_sequence = len(layer.output.shape) == 3


def _dense(flow: Flow, layer: Any) -> None:
    flow.then("MatMul", array(layer.kernel))
    if layer.use_bias:
        flow.then("Add", array(layer.bias))
    _activate(flow, layer)


def _batch_normalization(flow: Flow, layer: Any) -> None:
    _last_axis_only(flow, layer)
    scale = 1 / np.sqrt(array(layer.moving_variance).astype(np.float64) + layer.epsilon)
    if layer.scale:
        scale *= array(layer.gamma)
    offset = -array(layer.moving_mean) * scale
    if layer.center:
        offset += array(layer.beta)
    flow.then("Mul", scale.astype(np.float32))
    flow.then("Add", offset.astype(np.float32))


def _layer_normalization(flow: Flow, layer: Any) -> None:
    _last_axis_only(flow, layer)
    if layer.rms_scaling:
        raise ValueError("its LayerNormalization has rms_scaling")
    size = layer.input.shape[-1]
    scale = array(layer.gamma) if layer.scale else np.ones(size, np.float32)
    offset = array(layer.beta) if layer.center else np.zeros(size, np.float32)
    flow.then("LayerNormalization", scale, offset, axis=-1, epsilon=layer.epsilon)


def _last_axis_only(flow: Flow, layer: Any) -> None:
    last = 2 if flow.is_sequence else 1
    axes = layer.axis if isinstance(layer.axis, list | tuple) else [layer.axis]
    if list(axes) not in ([-1], [last]):
        raise ValueError(f"its layer {layer.name} normalises over another axis than the last")


def _flatten(flow: Flow, layer: Any) -> None:  # noqa: ARG001  the signature of every mapping
    if flow.is_sequence:
        flow.ignore_mask()
        flow.then("Transpose", perm=[1, 0, 2])
        flow.then("Reshape", ints(0, -1))
        flow.end_sequence()


def _reshape(flow: Flow, layer: Any) -> None:
    shape = layer.output.shape[1:]
    if len(shape) == 1:
        _flatten(flow, layer)
    elif flow.is_sequence or len(shape) != 2 or None in shape:
        raise ValueError(f"its layer {layer.name} makes a shape that has no mapping")
    else:
        flow.then("Reshape", ints(0, *shape))
        flow.then("Transpose", perm=[1, 0, 2])
        flow.is_sequence = True


def _normalization(flow: Flow, layer: Any) -> None:
    _last_axis_only(flow, layer)
    if layer.invert:
        raise ValueError(f"its layer {layer.name} has the option invert")
    deviation = np.sqrt(array(layer.variance)).reshape(-1)
    flow.then("Sub", array(layer.mean).reshape(-1))
    flow.then("Div", np.maximum(deviation, np.float32(keras.config.epsilon())))


def _rescaling(flow: Flow, layer: Any) -> None:
    flow.then("Mul", np.asarray(layer.scale, np.float32))
    flow.then("Add", np.asarray(layer.offset, np.float32))


def _softmax(flow: Flow, layer: Any) -> None:
    _last_axis_only(flow, layer)
    flow.then("Softmax", axis=-1)


def _leaky_relu(flow: Flow, layer: Any) -> None:
    flow.then("LeakyRelu", alpha=float(layer.negative_slope))


def _elu(flow: Flow, layer: Any) -> None:
    flow.then("Elu", alpha=float(layer.alpha))


def _relu(flow: Flow, layer: Any) -> None:
    if layer.threshold:
        raise ValueError(f"its layer {layer.name} has a threshold")
    flow.then("LeakyRelu", alpha=float(layer.negative_slope or 0))
    if layer.max_value is not None:
        flow.then("Min", np.array(layer.max_value, np.float32))


def _convolution(flow: Flow, layer: Any) -> None:
    if layer.data_format != "channels_last":
        raise ValueError(f"its layer {layer.name} has its channels first")
    flow.ignore_mask()
    kernel = array(layer.kernel).transpose(2, 1, 0)  # width x in x filters -> filters x in x width
    before = layer.dilation_rate[0] * (kernel.shape[2] - 1) if layer.padding == "causal" else 0
    flow.then("Transpose", perm=[1, 2, 0])
    flow.then(
        "Conv",
        kernel,
        *([array(layer.bias)] if layer.use_bias else []),
        strides=list(layer.strides),
        dilations=list(layer.dilation_rate),
        group=layer.groups,
        auto_pad="SAME_UPPER" if layer.padding == "same" else None,
        pads=[before, 0] if before else None,
    )
    flow.then("Transpose", perm=[2, 0, 1])
    _activate(flow, layer)


_MAPPINGS: dict[type, Callable[[Flow, Any], None]] = {
    **dict.fromkeys(
        (
            layers.ActivityRegularization,
            layers.AlphaDropout,
            layers.Dropout,
            layers.SpatialDropout1D,
            layers.GaussianNoise,
            layers.GaussianDropout,
            layers.Identity,
        ),
        _pass,
    ),
    **dict.fromkeys(RECURRENT, recurrent),
    layers.Activation: _activate,
    layers.BatchNormalization: _batch_normalization,
    layers.Bidirectional: bidirectional,
    layers.Conv1D: _convolution,
    layers.Dense: _dense,
    layers.Embedding: _embedding,
    layers.Flatten: _flatten,
    layers.GlobalAveragePooling1D: average,
    layers.GlobalMaxPooling1D: maximum,
    layers.AveragePooling1D: windows,
    layers.ELU: _elu,
    layers.LayerNormalization: _layer_normalization,
    layers.LeakyReLU: _leaky_relu,
    layers.MaxPooling1D: windows,
    layers.Normalization: _normalization,
    layers.ReLU: _relu,
    layers.Rescaling: _rescaling,
    layers.Reshape: _reshape,
    layers.Softmax: _softmax,
}
