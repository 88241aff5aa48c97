"""Follows the layers of a Keras model from its inputs to its outputs."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import keras

_Value = TypeVar("_Value")


def walk(
    model: Any,
    given: Sequence[_Value],
    apply: Callable[[Any, list[_Value]], Sequence[_Value]],
) -> list[_Value]:
    """Compute something for each output of a model, layer by layer.

    A layer that is called twice is met twice. The layers of a model in the model are met one by
    one. This uses the record that Keras keeps of the calls that made a tensor (`KerasHistory`).

    Args:
        model: a Sequential or functional Keras model.
        given: a value for each of its inputs.
        apply: takes a layer and the values of its inputs, and returns those of its outputs.

    Raises:
        ValueError: a layer is called in a way that is not followed.
    """
    known: dict[int, _Value] = {
        id(tensor): value for tensor, value in zip(model.inputs, given, strict=True)
    }

    def value_of(tensor: Any) -> _Value:
        if id(tensor) not in known:
            operation, call, _ = tensor._keras_history
            node = operation._inbound_nodes[call]
            # Not `node.input_tensors`: they include the mask, which layers of Keras's own make.
            sources = [value_of(one) for one in _tensors(node.arguments.args)]
            if not sources:
                raise ValueError(f"its layer {operation.name} takes its inputs by name")
            if isinstance(operation, keras.Model):
                found: Sequence[_Value] = walk(operation, sources, apply)
            else:
                found = apply(operation, sources)
            known.update(zip(map(id, node.output_tensors), found, strict=True))
        return known[id(tensor)]

    return [value_of(tensor) for tensor in model.outputs]


def _tensors(arguments: Any) -> list[Any]:
    return [one for one in keras.tree.flatten(arguments) if isinstance(one, keras.KerasTensor)]
