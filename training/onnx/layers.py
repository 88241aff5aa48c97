"""Converts the Keras layers of text models to an ONNX graph."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from keras import layers
from onnx import TensorProto

from scoring.networks.keras_files import all_layers
from scoring.networks.onnx_network import LENGTH, SKIPS_ZEROS, WORDS
from training.onnx.flow import IDS, Flow, activation, array, ints
from training.onnx.recurrent import RECURRENT, bidirectional, recurrent


def write_onnx(model: Any, path: Path) -> None:
    """Write a Keras model as ONNX.

    The file takes rows of word numbers, as the model does. If the model skips zeros, the rows may
    hold zeros only at their end.

    Args:
        model: a Keras model whose layers form a chain from word numbers to one row of outputs per
            text.
        path: the path of the file.

    Raises:
        ValueError: the model cannot be converted; the message says why.
    """
    flow = Flow()
    for layer in all_layers(model):
        mapping = _MAPPINGS.get(type(layer))
        if mapping is None:
            raise ValueError(f"its layer {layer.name} ({type(layer).__name__}) has no mapping")
        mapping(flow, layer)
    if flow.skips_zeros and flow.counts_zeros:
        raise ValueError("one of its layers skips zeros, and another one counts them")
    if flow.is_sequence or not flow.words:
        raise ValueError("it does not turn word numbers into one row of outputs per text")
    flow.graph.save(
        path,
        source=IDS,
        result=flow.tensor,
        classes=model.output_shape[-1],
        metadata={
            LENGTH: model.input_shape[1] or 0,
            WORDS: flow.words,
            SKIPS_ZEROS: int(flow.skips_zeros),
        },
    )


def _activate(flow: Flow, layer: Any) -> None:
    operator, attributes = activation(layer.activation)
    flow.then(operator, **attributes)


def _pass(flow: Flow, layer: Any) -> None:
    """Add nothing: the layer acts in training only."""


def _embedding(flow: Flow, layer: Any) -> None:
    if flow.words:
        raise ValueError("it has two Embedding layers")
    flow.table = array(layer.embeddings)
    flow.words, flow.masked, flow.is_sequence = layer.input_dim, layer.mask_zero, True


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


def _average(flow: Flow, layer: Any) -> None:
    if not flow.masked:
        flow.ignore_mask()
        _pool(flow, layer, "ReduceMean")
        return
    flow.heed_mask()
    # Padding must not count. A text without known words becomes 0 / 0, as in Keras.
    is_word = flow.graph.add("Unsqueeze", flow.graph.add("Sign", flow.ids), ints(2))
    flow.then("Mul", flow.graph.add("Cast", is_word, to=TensorProto.FLOAT))
    _pool(flow, layer, "ReduceSum")
    lengths = flow.graph.add("Cast", flow.lengths(), to=TensorProto.FLOAT)
    flow.then("Div", flow.graph.add("Unsqueeze", lengths, ints(1)))


def _maximum(flow: Flow, layer: Any) -> None:
    flow.ignore_mask()
    _pool(flow, layer, "ReduceMax")


def _pool(flow: Flow, layer: Any, operator: str) -> None:
    if not flow.is_sequence or layer.keepdims or layer.data_format != "channels_last":
        raise ValueError(f"its layer {layer.name} pools in a way that has no mapping")
    flow.then(operator, ints(0), keepdims=0)
    flow.end_sequence()


def _flatten(flow: Flow, layer: Any) -> None:  # noqa: ARG001  the signature of every mapping
    if flow.is_sequence:
        flow.ignore_mask()
        flow.then("Transpose", perm=[1, 0, 2])
        flow.then("Reshape", ints(0, -1))
        flow.end_sequence()


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
            layers.InputLayer,
            layers.Dropout,
            layers.SpatialDropout1D,
            layers.GaussianNoise,
            layers.GaussianDropout,
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
    layers.GlobalAveragePooling1D: _average,
    layers.GlobalMaxPooling1D: _maximum,
    layers.LayerNormalization: _layer_normalization,
}
