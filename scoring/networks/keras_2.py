"""Translates the configuration of a model that Keras 2 saved into one that Keras 3 reads.

The translated model gives the scores that it gave in Keras 2. Only layers and activations whose
meaning was compared in both versions are translated; all others are refused. Options that act in
training alone are left out. This module needs no Keras.
"""

import json
from collections.abc import Callable, Container, Iterator
from typing import Any

#: The name under which `scoring.networks.keras_files` registers `hard_sigmoid` as Keras 1 and 2
#: define it, clip(0.2 x + 0.5, 0, 1). Keras 3 has clip(x / 6 + 0.5, 0, 1) under that name.
HARD_SIGMOID_2 = "scorelane>hard_sigmoid_2"

_HARD_SIGMOID_2 = {
    "module": "builtins",
    "class_name": "function",
    "config": "hard_sigmoid_2",
    "registered_name": HARD_SIGMOID_2,
}

#: Activations that are the same function in Keras 2 and 3.
_ACTIVATIONS = {
    *("elu", "exponential", "gelu", "leaky_relu", "linear", "log_softmax", "mish", "relu", "relu6"),
    *("selu", "sigmoid", "silu", "softmax", "softplus", "softsign", "swish", "tanh"),
}

#: Layers that Keras 3 computes as Keras 2 did, once their options are translated.
_LAYERS = {
    *("Activation", "ActivityRegularization", "Add", "AlphaDropout", "Average", "AveragePooling1D"),
    *("BatchNormalization", "Bidirectional", "Concatenate", "Conv1D", "Cropping1D", "Dense"),
    *("DepthwiseConv1D", "Dot", "Dropout", "ELU", "Embedding", "Flatten", "GRU", "GRUCell"),
    *("GaussianDropout", "GaussianNoise", "GlobalAveragePooling1D", "GlobalMaxPooling1D"),
    *("InputLayer", "LSTM", "LSTMCell", "LayerNormalization", "LeakyReLU", "Masking", "Maximum"),
    *("MaxPooling1D", "Minimum", "Multiply", "PReLU", "Permute", "RNN", "ReLU", "RepeatVector"),
    *("Reshape", "SeparableConv1D", "SimpleRNN", "SimpleRNNCell", "Softmax", "SpatialDropout1D"),
    *("StackedRNNCells", "Subtract", "TimeDistributed", "UpSampling1D", "ZeroPadding1D"),
}

#: Models, which hold layers. Keras 2 called a functional model `Model` or `Functional`.
_MODELS = {"Sequential": "Sequential", "Functional": "Functional", "Model": "Functional"}

#: Options that decide nothing when a model scores, and endings of such options.
_TRAINING_ONLY = {
    *("fused", "implementation", "input_dtype", "input_length", "noise_shape", "ragged", "seed"),
    *("trainable", "unit_forget_bias", "virtual_batch_size"),
}
_TRAINING_ENDINGS = ("_initializer", "_regularizer", "_constraint")

#: Options that must be false. The first two are of recurrent layers, the others normalise.
_MUST_BE_FALSE = ("time_major", "stateful", "renorm", "mode")


def translate(model: dict[str, Any]) -> dict[str, Any]:
    """Translate the configuration of a model, with the class and all layers.

    Args:
        model: `class_name` and `config`, from the HDF5 attribute `model_config` or from
            `config.json` in a `.keras` file.

    Returns:
        The same in the form of an HDF5 file, for Keras 3. A Sequential begins with an InputLayer.

    Raises:
        ValueError: a part of it is not known to mean the same in Keras 3; the message names it.
    """
    name = model.get("class_name")
    if name not in _MODELS:
        raise ValueError(f"its class {name} is neither Sequential nor Functional")
    return _layer(model)


def _layer(layer: dict[str, Any]) -> dict[str, Any]:
    kind, config = layer["class_name"], dict(layer["config"])
    if kind in _MODELS:
        kind, config = _MODELS[kind], _model_config(config)
    elif kind in _LAYERS:
        config = _layer_config(kind, config)
    elif kind in ("TFOpLambda", "SlicingOpLambda"):
        raise ValueError(f"its layer {config.get('name')} ({kind}) is code, which is not run here")
    else:
        raise ValueError(
            f"its layer {config.get('name')} ({kind}) is not known to mean the same in both"
        )
    if '"training": true' in json.dumps(layer.get("inbound_nodes")):
        raise ValueError(f"its layer {config.get('name')} ({kind}) acts as in training")
    translated = {"class_name": kind, "config": config}
    # How a functional model connects its layers.
    return translated | {key: layer[key] for key in ("name", "inbound_nodes") if key in layer}


def _model_config(config: dict[str, Any]) -> dict[str, Any]:
    layers = config["layers"]
    kept = {key: config[key] for key in ("name", "input_layers", "output_layers") if key in config}
    if "input_layers" in config:
        translated = [_layer(layer) for layer in layers]
        return _calls_from_zero(kept | {"layers": translated})
    shape = config.get("build_input_shape") or _input_shape(layers[0])
    translated = [_layer(layer) for layer in layers]
    if translated[0]["class_name"] != "InputLayer":
        if not shape:
            raise ValueError("it does not say the shape of its input")
        name = f"{translated[0]['config']['name']}_input"
        first = {"batch_shape": [None, *shape[1:]], "dtype": "float32", "name": name}
        translated.insert(0, {"class_name": "InputLayer", "config": first})
    return kept | {"layers": translated}


def _calls_from_zero(config: dict[str, Any]) -> dict[str, Any]:
    """Count the calls of each model in a functional model from 0.

    In Keras 2 the call that made the inner model may count as the first one.
    """
    inner = {one["name"] for one in config["layers"] if one["class_name"] in _MODELS}
    calls = list(_calls(config, inner))
    first = {name: min(call[1] for call in calls if call[0] == name) for name, *_ in calls}
    for call in calls:
        call[1] -= first[call[0]]
    return config


def _calls(part: Any, names: Container[str]) -> Iterator[list[Any]]:
    """All lists [name, number of the call, number of the output, ...] in a configuration."""
    if isinstance(part, dict):
        part = list(part.values())
    if not isinstance(part, list):
        return
    if len(part) >= 3 and isinstance(part[0], str) and part[0] in names:
        yield part
    for one in part:
        yield from _calls(one, names)


def _input_shape(layer: dict[str, Any]) -> Any:
    """The shape of a layer's input that its own options give, or those of the model's first layer.

    Before `InputLayer`, the first layer of a Sequential had the option `batch_input_shape`; an
    `Embedding` may have `input_length` instead.
    """
    config = layer["config"]
    if shape := config.get("batch_input_shape"):
        return shape
    if layer["class_name"] == "Embedding":
        return [None, config.get("input_length")]
    return _input_shape(config["layers"][0]) if config.get("layers") else None


def _layer_config(kind: str, config: dict[str, Any]) -> dict[str, Any]:
    name = config.get("name")
    for option in _MUST_BE_FALSE:
        if config.pop(option, False):
            raise ValueError(f"its layer {name} ({kind}) has the option {option}")
    if kind in _ADAPTED:
        _ADAPTED[kind](config)
    config.pop("batch_input_shape", None)
    if isinstance(config.get("dtype"), dict):  # a policy, such as mixed_float16
        config["dtype"] = config["dtype"]["config"]["name"]
    for option, translated in _PARTS.items():
        if option in config:
            config[option] = translated(config[option])
    return {
        key: value
        for key, value in config.items()
        if key not in _TRAINING_ONLY and not key.endswith(_TRAINING_ENDINGS)
    }


def _input(config: dict[str, Any]) -> None:
    config["batch_shape"] = [None, *config["batch_input_shape"][1:]]


def _gru(config: dict[str, Any]) -> None:
    # Written since Keras 2.2. Before, the reset gate always acted first.
    config.setdefault("reset_after", False)
    _gated(config)


def _gated(config: dict[str, Any]) -> None:
    # The default was another one in each age of Keras, and all of them wrote it.
    if "recurrent_activation" not in config:
        raise ValueError(f"its layer {config.get('name')} does not say its recurrent_activation")


def _leaky_relu(config: dict[str, Any]) -> None:
    config["negative_slope"] = config.pop("alpha")


def _batch_normalization(config: dict[str, Any]) -> None:
    if isinstance(config["axis"], list):
        (config["axis"],) = config["axis"]


def _depthwise(config: dict[str, Any]) -> None:
    if config.pop("groups", 1) != 1:
        raise ValueError(f"its layer {config.get('name')} has groups")


#: Class of a layer -> a function that changes its options in place.
_ADAPTED: dict[str, Callable[[dict[str, Any]], None]] = {
    "BatchNormalization": _batch_normalization,
    "DepthwiseConv1D": _depthwise,
    "GRU": _gru,
    "GRUCell": _gru,
    "InputLayer": _input,
    "LSTM": _gated,
    "LSTMCell": _gated,
    "LeakyReLU": _leaky_relu,
    "SeparableConv1D": _depthwise,
}


def _inner(layer: dict[str, Any]) -> dict[str, Any]:
    """Translate a layer in another layer's options, where Keras 3 needs its module too."""
    return {"module": "keras.layers", "registered_name": None, **_layer(layer)}


def _activation(value: Any) -> Any:
    if value is None:
        return "linear"
    if isinstance(value, dict):
        if value.get("class_name") in _LAYERS:
            return _inner(value)
        value = value.get("config")
    if value == "hard_sigmoid":
        return _HARD_SIGMOID_2
    if value not in _ACTIVATIONS:
        raise ValueError(f"its activation {value} is not known to mean the same in both")
    return value


def _inner_list(layers: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [_inner(layer) for layer in layers]


#: Option -> how its value is translated.
_PARTS: dict[str, Callable[[Any], Any]] = {
    "activation": _activation,
    "recurrent_activation": _activation,
    **dict.fromkeys(("layer", "backward_layer", "cell"), _inner),
    "cells": _inner_list,
}
