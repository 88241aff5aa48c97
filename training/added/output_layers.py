"""Decides what the output layers of a user's Keras model mean, from their activations."""

from collections.abc import Sequence
from typing import Any

import keras

from scoring.networks.heads import Head
from shared.errors.input import BadOption

_SIGMOIDS = ("sigmoid", "hard_sigmoid", "hard_sigmoid_2")


def heads_of(
    model: Any, classes: Sequence[str] | None = None, labels: Sequence[str] | None = None
) -> tuple[list[Head], list[str]]:
    """What the output layers of a model mean.

    Args:
        model: a Keras model, each of whose outputs is n rows of units.
        classes: the names of the classes of its one softmax or sigmoid, in the order of the units;
            None: 0, 1, ...
        labels: the names of its outputs, if it has several: layers, or the units of one layer.

    Returns:
        The heads, and sentences on what was taken for granted.

    Raises:
        shared.errors.input.BadOption: the names do not fit the outputs.
        ValueError: an output has another form; the message says what to do.
    """
    layers = [_output_layer(model, number) for number in range(len(model.outputs))]
    several = len(layers) > 1
    names = _layer_names(model, layers, labels) if several else [""]
    heads, notes = [], []
    for output, layer, name in zip(model.outputs, layers, names, strict=True):
        # TextVectorization has an axis of length 1 on paper that it does not have in fact.
        *others, units = output.shape[1:] or (None,)
        if units is None or any(size != 1 for size in others):
            raise ValueError(
                f"its output {layer.name} has the shape {tuple(output.shape)}; it must be rows of "
                "a known number of units. End it with a layer such as Flatten or a pooling"
            )
        head, note = _head(layer, units, name, classes, None if several else labels)
        heads.append(head)
        notes.append(note)
    taken = [head for head in heads if head.kind == "classes"]
    if classes is not None and len(taken) != 1:
        reason = f"it has {len(taken) or 'no'} outputs with classes"
        raise BadOption(option="classes", value=",".join(classes), reason=reason)
    return heads, notes


def activation_of(layer: Any) -> str:
    """The name of the activation that a layer ends with; empty if it is not known."""
    if isinstance(layer, keras.layers.Softmax):
        return "softmax"
    return getattr(getattr(layer, "activation", None), "__name__", "")


def _output_layer(model: Any, number: int) -> Any:
    """The layer that gives an output, also if it is in a model that is in the model."""
    history = model.outputs[number]._keras_history
    if isinstance(history.operation, keras.Model):
        return _output_layer(history.operation, history.tensor_index)
    return history.operation


def _layer_names(model: Any, layers: list[Any], labels: Sequence[str] | None) -> list[str]:
    names = list(labels or [one._keras_history.operation.name for one in model.outputs])
    if len(set(names)) != len(layers):
        if labels is None:
            return [f"{name}_{number}" for number, name in enumerate(names)]
        reason = f"it has {len(layers)} outputs; give each another name"
        raise BadOption(option="labels", value=",".join(labels), reason=reason)
    return names


def _head(
    layer: Any,
    units: int,
    name: str,
    classes: Sequence[str] | None,
    labels: Sequence[str] | None,
) -> tuple[Head, str]:
    activation, where = activation_of(layer), f"The output layer {layer.name}"
    if activation == "softmax" and units == 1:
        raise ValueError(
            "its last layer is a softmax of one unit, which is always 1. Use a sigmoid, and train "
            "it again"
        )
    if activation == "softmax" or (activation in _SIGMOIDS and units == 1):
        chosen = _names(classes, 2 if units == 1 else units, "classes")
        head = Head("classes", units, chosen, name)
        if units == 1:
            meant = f"is one sigmoid: the probability of class {chosen[1]} rather than {chosen[0]}"
        else:
            meant = f"is a softmax of {units} units: classes"
        return head, f"{where} {meant}{_unless(classes, 'classes')}."
    chosen = _names(labels, units, "labels")
    if activation in _SIGMOIDS:
        head = Head("labels", units, chosen, name)
        meant = "is several sigmoids: labels, each true or not by itself (over 0.5)"
        return head, f"{where} {meant}{_unless(labels, 'labels')}."
    kind = f"the activation {activation}" if activation else "no known activation"
    note = f"{where} has {kind}: its numbers are given as they are."
    if units > 1 and activation in ("linear", ""):
        note += " If they are logits of classes, end the model with a softmax."
    elif activation in ("linear", ""):
        note += " If it is a logit, end the model with a sigmoid."
    return Head("numbers", units, chosen, name), note


def _unless(given: Sequence[str] | None, option: str) -> str:
    return (
        ""
        if given is not None
        else f"; their names are not known, so they are counted from 0 (--{option})"
    )


def _names(given: Sequence[str] | None, count: int, option: str) -> tuple[str | int, ...]:
    if given is None:
        return tuple(range(count))
    names = [name.strip() for name in given]
    if len(names) != count or len(set(names)) != count or not all(names):
        reason = f"it has {count} of them; give as many different names"
        raise BadOption(option=option, value=",".join(given), reason=reason)
    if all(name.isdecimal() and str(int(name)) == name for name in names):
        return tuple(map(int, names))
    return tuple(names)
