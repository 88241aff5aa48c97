"""Reads a folder with an MLflow model: what it is, which columns it takes, and example rows.

MLflow itself is not needed. The format is described in its documentation ("MLflow Models: storage
format").
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from shared.signature import Input, Output
from training.added.mlflow_signature import mlflow_inputs, mlflow_outputs, narrow_types

MLMODEL = "MLmodel"

#: Flavour -> the key of its entry that names the file; the first that is there is taken, since
#: these are served without MLflow.
_OWN_FLAVOURS = {
    "sklearn": "pickled_model",
    "onnx": "data",
    "xgboost": "data",
    "lightgbm": "data",
    "catboost": "data",
    "keras": "data",
    "tensorflow": "data",
}

#: The ending of a file in a flavour -> the ending under which `add-model` reads it.
_ENDINGS = {".xgb": ".ubj", ".lgb": ".txt", ".cb": ".cbm"}


@dataclass(frozen=True)
class MlflowModel:
    """A folder with an MLflow model.

    Attributes:
        folder: the folder.
        flavour: a name of `_OWN_FLAVOURS`; `python_function` for every other flavour.
        file: the file of the model; None for `python_function`.
        ending: what the name of the file should end in.
        inputs: the columns that its signature names; empty without a signature.
        outputs: the same.
        narrow: the columns with numbers of 32 bits -> their dtype.
        parameters: the names of the parameters of its signature.
    """

    folder: Path
    flavour: str
    file: Path | None
    ending: str
    inputs: tuple[Input, ...]
    outputs: tuple[Output, ...]
    narrow: Mapping[str, str]
    parameters: tuple[str, ...]

    def example(self) -> pd.DataFrame | None:
        """The rows that were stored with the model as `input_example`; None if there are none.

        Only tables are read: frames in the orientation `split`, and arrays of n x k.
        """
        about = _mlmodel(self.folder).get("saved_input_example_info") or {}
        path = self.folder / str(about.get("artifact_path", ""))
        if about.get("type") not in ("dataframe", "ndarray") or not path.is_file():
            return None
        try:
            held = json.loads(path.read_bytes())
            if about["type"] == "ndarray":
                held = held["inputs"] if isinstance(held, dict) else held
                rows = pd.DataFrame(held, columns=[one.name for one in self.inputs] or None)
            else:
                rows = pd.DataFrame(held["data"], columns=held["columns"])
        except (KeyError, TypeError, ValueError):
            return None
        for one in self.inputs:
            if one.type == "datetime" and one.name in rows.columns:
                rows[one.name] = pd.to_datetime(rows[one.name])
        rows.columns = [str(name) for name in rows.columns]
        return rows


def is_mlflow_folder(path: Path) -> bool:
    """Whether a folder holds an MLflow model."""
    return (path / MLMODEL).is_file()


def read_mlflow_folder(folder: Path) -> MlflowModel:
    """Read the description of an MLflow model.

    Raises:
        ValueError: it is no such description, or names a file that is not there.
    """
    about = _mlmodel(folder)
    flavours = about.get("flavors")
    if not isinstance(flavours, dict):
        reason = f"its {MLMODEL} names no flavors, so it is no MLflow model"
        raise ValueError(reason)  # noqa: TRY004  a fault of the file, not of the caller
    signature = about.get("signature") or {}
    own = next((name for name in _OWN_FLAVOURS if _is_served(flavours, name)), None)
    file = _file(folder, own, flavours[own]) if own else None
    if file is None and "python_function" not in flavours:
        named = ", ".join(flavours)
        raise ValueError(f"its flavors ({named}) cannot be served, and it has no python_function")
    parameters = json.loads(signature.get("params") or "[]")
    return MlflowModel(
        folder=folder,
        flavour=own or "python_function",
        file=file,
        ending=_ENDINGS.get(file.suffix, file.suffix) if file else "",
        inputs=mlflow_inputs(signature.get("inputs")),
        outputs=mlflow_outputs(signature.get("outputs")) if own is None else (),
        narrow=narrow_types(signature.get("inputs")),
        parameters=tuple(str(one.get("name")) for one in parameters),
    )


def _mlmodel(folder: Path) -> dict[str, Any]:
    try:
        about = yaml.safe_load((folder / MLMODEL).read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ValueError(f"its {MLMODEL} is no YAML") from error
    if not isinstance(about, dict):
        raise ValueError(f"its {MLMODEL} is no YAML of an MLflow model")  # noqa: TRY004
    return about


def _is_served(flavours: Mapping[str, Any], name: str) -> bool:
    """Whether a flavour is there that needs no MLflow: it brings no modules of its own."""
    flavour = flavours.get(name)
    return isinstance(flavour, dict) and not flavour.get("code")


def _file(folder: Path, name: str, flavour: Mapping[str, Any]) -> Path:
    """The file of a flavour.

    Raises:
        ValueError: it is not there, or lies outside the folder.
    """
    named = str(flavour.get(_OWN_FLAVOURS[name]) or "model.pkl")
    path = (folder / named).resolve()
    if not path.is_relative_to(folder.resolve()):
        raise ValueError(f"its {MLMODEL} names a file outside its folder: {named}")
    if path.is_dir():
        # Keras: a folder with the model and the class that saved it.
        found = [path / f"model{ending}" for ending in (".keras", ".h5")]
        path = next((one for one in found if one.is_file()), path)
    if not path.is_file():
        raise ValueError(f"its {MLMODEL} names {named}, which is no file in {folder.name}")
    return path
