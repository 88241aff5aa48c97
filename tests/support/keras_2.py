"""Writes model files as Keras 2 wrote them, and computes their scores with NumPy."""

import io
import json
import zipfile

import h5py
import numpy as np

#: The rows of the embedding, its features, and the units of the LSTM.
WORDS, FEATURES, UNITS = 12, 4, 3


def weights(seed=0):
    """Random weights of an Embedding, an LSTM and a Dense of one unit, large enough to matter."""
    random = np.random.default_rng(seed)
    shapes = {
        "embedding": [(WORDS, FEATURES)],
        "lstm": [(FEATURES, 4 * UNITS), (UNITS, 4 * UNITS), (4 * UNITS,)],
        "dense": [(UNITS, 1), (1,)],
    }
    return {
        name: [random.normal(0, 1.2, shape).astype(np.float32) for shape in of_layer]
        for name, of_layer in shapes.items()
    }


def embedding(length, *, mask=False):
    """The first layer, without an InputLayer before it."""
    config = {"input_dim": WORDS, "output_dim": FEATURES, "mask_zero": mask}
    config |= {"batch_input_shape": [None, length], "input_length": length, "dtype": "float32"}
    return layer("Embedding", "embedding", **config)


def lstm(**options):
    """An LSTM whose gates are hard sigmoids, as was the default until Keras 2.2."""
    config = {"units": UNITS, "activation": "tanh", "recurrent_activation": "hard_sigmoid"}
    config |= {"time_major": False, "implementation": 1, "unit_forget_bias": True}
    return layer("LSTM", "lstm", **config | options)


def dense():
    """The last layer: one sigmoid."""
    return layer("Dense", "dense", units=1, activation="sigmoid", use_bias=True)


def layer(kind, name, **config):
    """The configuration of a layer."""
    return {"class_name": kind, "config": {"name": name, "trainable": True, **config}}


def sequential(*layers, name="sequential"):
    """The configuration of a model."""
    return {"class_name": "Sequential", "config": {"name": name, "layers": list(layers)}}


def write_hdf5(path, model, given, *, version="2.2.4-tf", backend="tensorflow"):
    """Write an HDF5 file; `given` has the arrays of each outer layer that has weights, by name."""
    with h5py.File(path, "w") as file:
        if version:
            file.attrs["keras_version"] = version
        file.attrs["backend"] = backend
        file.attrs["model_config"] = json.dumps(model)
        group = file.create_group("model_weights")
        group.attrs["layer_names"] = [name.encode() for name in given]
        for name, arrays in given.items():
            names = [f"{name}/weight_{number}:0" for number in range(len(arrays))]
            of_layer = group.create_group(name)
            of_layer.attrs["weight_names"] = [each.encode() for each in names]
            for each, array in zip(names, arrays, strict=True):
                of_layer[each] = array
    return path


def write_keras(path, model, given, *, version="2.15.0"):
    """Write a `.keras` file of a model of `embedding`, `lstm` and `dense`."""
    content = io.BytesIO()
    with h5py.File(content, "w") as file:
        for name, arrays in given.items():
            inside = "cell/vars" if name == "lstm" else "vars"
            for number, array in enumerate(arrays):
                file[f"layers/{name}/{inside}/{number}"] = array
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("metadata.json", json.dumps({"keras_version": version}))
        archive.writestr("config.json", json.dumps(model))
        archive.writestr("model.weights.h5", content.getvalue())
    return path


def scores(given, rows, *, mask=False):
    """The scores of rows of word numbers: an LSTM with Keras 2's hard sigmoid, step by step."""

    def hard_sigmoid(x):
        return np.clip(0.2 * x + 0.5, 0, 1)

    (table,), (kernel, recurrent, bias), (last, offset) = given.values()
    result = []
    for row in rows:
        output, cell = np.zeros(UNITS), np.zeros(UNITS)
        for number in row:
            if mask and not number:
                continue
            gates = np.split(table[number] @ kernel + output @ recurrent + bias, 4)
            enter, forget, leave = (hard_sigmoid(gates[at]) for at in (0, 1, 3))
            cell = forget * cell + enter * np.tanh(gates[2])
            output = leave * np.tanh(cell)
        result.append(1 / (1 + np.exp(-(output @ last + offset)))[0])
    return np.array(result)
