"""Converts Keras's pooling layers over time to ONNX operators."""

from typing import Any

from keras import layers
from onnx import TensorProto

from training.onnx.flow import Flow, ints


def average(flow: Flow, layer: Any) -> None:
    """Convert a GlobalAveragePooling1D.

    Raises:
        ValueError: it uses an option that cannot be converted.
    """
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


def maximum(flow: Flow, layer: Any) -> None:
    """Convert a GlobalMaxPooling1D.

    Raises:
        ValueError: it uses an option that cannot be converted.
    """
    flow.ignore_mask()
    _pool(flow, layer, "ReduceMax")


def _pool(flow: Flow, layer: Any, operator: str) -> None:
    if not flow.is_sequence or layer.keepdims or layer.data_format != "channels_last":
        raise ValueError(f"its layer {layer.name} pools in a way that has no mapping")
    flow.then(operator, ints(0), keepdims=0)
    flow.end_sequence()


def windows(flow: Flow, layer: Any) -> None:
    """Convert a MaxPooling1D or an AveragePooling1D.

    Raises:
        ValueError: it uses an option that cannot be converted.
    """
    if not flow.is_sequence or layer.data_format != "channels_last":
        raise ValueError(f"its layer {layer.name} pools in a way that has no mapping")
    flow.ignore_mask()
    flow.then("Transpose", perm=[1, 2, 0])
    flow.then(
        "MaxPool" if isinstance(layer, layers.MaxPooling1D) else "AveragePool",
        kernel_shape=list(layer.pool_size),
        strides=list(layer.strides),
        auto_pad="SAME_UPPER" if layer.padding == "same" else None,
    )
    flow.then("Transpose", perm=[2, 0, 1])
