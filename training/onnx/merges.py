"""Converts the Keras layers that join branches to ONNX operators."""

from collections.abc import Callable, Sequence
from copy import copy
from typing import Any

import numpy as np
from keras import layers

from training.onnx.flow import Flow


def merged(flows: Sequence[Flow], operator: str, **attributes: Any) -> Flow:
    """Join branches by an operator that takes any number of tensors.

    Raises:
        ValueError: some are sequences and others not, or zeros are masked in one of them.
    """
    if len({flow.is_sequence for flow in flows}) > 1:
        raise ValueError("it joins a sequence with what is none")
    if any(flow.masked for flow in flows):
        raise ValueError("it joins sequences, some of whose elements are masked")
    tensors = [flow.tensor for flow in flows]
    joined = copy(flows[0])
    joined.tensor = joined.graph.add(operator, *tensors, **attributes)
    joined.words = min((flow.words for flow in flows if flow.words), default=0)
    joined.skips_zeros = any(flow.skips_zeros for flow in flows)
    joined.counts_zeros = any(flow.counts_zeros for flow in flows)
    return joined


def _concatenate(layer: Any, flows: Sequence[Flow]) -> Flow:
    last = 2 if flows[0].is_sequence else 1
    if layer.axis not in (-1, last):
        raise ValueError(f"its layer {layer.name} joins along another axis than the last")
    return merged(flows, "Concat", axis=-1)


def _by(operator: str) -> Callable[[Any, Sequence[Flow]], Flow]:
    def merge(layer: Any, flows: Sequence[Flow]) -> Flow:  # noqa: ARG001  as all others here
        return merged(flows, operator)

    return merge


def _in_turn(operator: str) -> Callable[[Any, Sequence[Flow]], Flow]:
    """Join by an operator that takes two tensors."""

    def merge(layer: Any, flows: Sequence[Flow]) -> Flow:  # noqa: ARG001  as all others here
        joined, *others = flows
        for other in others:
            joined = merged([joined, other], operator)
        return joined

    return merge


def _mean(layer: Any, flows: Sequence[Flow]) -> Flow:
    joined = _by("Sum")(layer, flows)
    joined.then("Mul", np.array(1 / len(flows), np.float32))
    return joined


#: Layer -> what joins its inputs.
MERGES: dict[type, Callable[[Any, Sequence[Flow]], Flow]] = {
    layers.Add: _by("Sum"),
    layers.Average: _mean,
    layers.Concatenate: _concatenate,
    layers.Maximum: _by("Max"),
    layers.Minimum: _by("Min"),
    layers.Multiply: _in_turn("Mul"),
    layers.Subtract: _in_turn("Sub"),
}
