"""Reads Keras files of every version, so that the model gives the scores of that version."""

import json
import re
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import keras

from scoring.networks.keras_2 import HARD_SIGMOID_2, translate
from scoring.networks.keras_checks import brief

#: Until this version, Keras 3 merged masked sequences in other ways than it does now.
_MERGES_AS_NOW = (3, 7)

_PACKAGE, _, _NAME = HARD_SIGMOID_2.partition(">")


@keras.saving.register_keras_serializable(package=_PACKAGE, name=_NAME)  # type: ignore[untyped-decorator]  # keras ships no types
def hard_sigmoid_2(x: Any) -> Any:
    """`hard_sigmoid` as Keras 1 and 2 define it: 0.2 x + 0.5, limited to 0..1."""
    return keras.ops.clip(0.2 * x + 0.5, 0.0, 1.0)


def read_keras(path: Path) -> Any:
    """Read a Keras file (`.hdf5`, `.h5` or `.keras`) without the optimizer's state.

    A file of Keras 2 is translated: see `scoring.networks.keras_2`.

    Raises:
        ValueError: the file cannot be read, or its layers are not known to mean the same in this
            version of Keras; the message says why.
    """
    version, config, backend = _description(path)
    found = re.match(r"(\d+)\.(\d+)", version)
    major, minor = map(int, found.groups()) if found else (1, 0)
    if major not in (2, 3):
        age = "too old" if major < 2 else "too new"
        raise ValueError(
            f"it was saved by Keras {version}, which is {age} for Keras {keras.__version__} here"
        )
    if '"class_name": "Lambda"' in json.dumps(config):
        raise ValueError("it has a Lambda layer, which is code, and is not run here")
    try:
        if major == 2:
            model = _read_keras_2(path, config, backend)
        else:
            model = keras.models.load_model(path, compile=False)
        if (major, minor) < _MERGES_AS_NOW:
            _check_merges(model)
    # A damaged or foreign file makes h5py or a layer's constructor raise any kind of exception.
    except Exception as error:
        kind = "" if type(error) is ValueError else f"{type(error).__name__}: "
        raise ValueError(
            f"it was saved by Keras {version}, and Keras {keras.__version__} here cannot read it "
            f"so that it means the same ({kind}{brief(error)}). Save the whole model with "
            "model.save('model.h5'), without Lambda or custom layers"
        ) from error
    return model


def _description(path: Path) -> tuple[str, dict[str, Any], str]:
    """The version of Keras that saved a file, the model's configuration, and Keras's backend.

    Raises:
        ValueError: the file is damaged, or holds no whole model; the message says why.
    """
    try:
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                version = json.loads(archive.read("metadata.json"))["keras_version"]
                return version, json.loads(archive.read("config.json")), ""
        with h5py.File(path) as file:
            attributes = {**file.get("model_weights", file).attrs, **file.attrs}
    except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
        raise ValueError(
            f"Keras {keras.__version__} cannot read it: it is not an HDF5 file or a .keras file "
            f"({brief(error)}). Save the whole model with model.save('model.h5')"
        ) from error
    if "model_config" not in attributes:
        raise ValueError(
            "it holds only weights, without the layers; save it with model.save('model.h5')"
        )
    # Keras 1 wrote no version at first.
    version, backend = (
        _text(attributes.get(key, other))
        for key, other in (("keras_version", "1"), ("backend", ""))
    )
    return version, json.loads(attributes["model_config"]), backend


def is_current(path: Path) -> bool:
    """Whether a file that can be read is a `.keras` file of Keras 3, which needs no translation."""
    return zipfile.is_zipfile(path) and _description(path)[0].startswith("3.")


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def _read_keras_2(path: Path, config: dict[str, Any], backend: str) -> Any:
    if backend not in ("tensorflow", ""):
        raise ValueError(f"its weights are in the form of {backend}, not in that of TensorFlow")
    translated = translate(config)
    kind = keras.Sequential if translated["class_name"] == "Sequential" else keras.Model
    model = kind.from_config(translated["config"])
    # Keras chooses the format of weights by the file's name; early `.keras` files were HDF5.
    with tempfile.TemporaryDirectory() as folder:
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                model.load_weights(archive.extract("model.weights.h5", folder))
        else:
            named = Path(folder, "model.h5")
            named.symlink_to(path.resolve())
            model.load_weights(named)
    return model


def all_layers(model: Any) -> Iterator[Any]:
    """The layers of a model and of the models in it, in their order."""
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from all_layers(layer)
        else:
            yield layer


def _check_merges(model: Any) -> None:
    """Refuse layers that merge sequences, some of whose elements are masked.

    Raises:
        ValueError: there is such a layer.
    """
    layers = list(all_layers(model))
    if not any(
        isinstance(one, keras.layers.Masking) or getattr(one, "mask_zero", False) for one in layers
    ):
        return
    for layer in layers:
        if isinstance(layer, _MERGES) and any(len(one.shape) > 2 for one in layer.input):
            raise ValueError(
                f"its layer {layer.name} ({type(layer).__name__}) merges masked sequences, which "
                "had another meaning there; use mask_zero=False"
            )


_MERGES = (
    keras.layers.Add,
    keras.layers.Average,
    keras.layers.Concatenate,
    keras.layers.Dot,
    keras.layers.Maximum,
    keras.layers.Minimum,
    keras.layers.Multiply,
    keras.layers.Subtract,
)
