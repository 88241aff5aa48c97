"""Copies an MLflow model that MLflow itself runs into a model folder."""

import shutil
import tempfile
import zipfile
from pathlib import Path

import pandas as pd

from scoring.mlflow_model import NARROW
from shared.signature import Signature
from shared.tables.trial_rows import typed_frame
from training.added.copied import Copied
from training.added.example_rows import example_values, read_example
from training.added.given_inputs import parse_inputs
from training.added.meaning import Meaning
from training.added.mlflow_folder import read_mlflow_folder


def copy_mlflow(file: Path, folder: Path, meaning: Meaning) -> Copied:
    """Copy a zip file with the folder of an MLflow model to `model.mlflow`.

    Loading such a model runs code from it.

    Raises:
        shared.errors.input.BadOption: an option does not fit the model.
        ValueError: it has no signature, which says what it takes and gives.
    """
    others = [option for option in vars(meaning) if option not in ("inputs", "example")]
    meaning.refuse(others, "an MLflow model says by its signature what it takes and gives")
    with tempfile.TemporaryDirectory() as unpacked:
        with zipfile.ZipFile(file) as archive:
            archive.extractall(unpacked)
        model = read_mlflow_folder(Path(unpacked))
    if not model.inputs or not model.outputs:
        raise ValueError(
            "MLflow runs it, and its MLmodel has no signature that says what it takes and gives. "
            "Log it again with signature=infer_signature(rows, predictions)"
        )
    shutil.copyfile(file, folder / "model.mlflow")
    inputs = parse_inputs(meaning.inputs or model.inputs)
    rows: pd.DataFrame | None = None
    if meaning.example is not None:
        shown = read_example(meaning.example)
        rows = typed_frame(inputs, example_values(shown, inputs))
    return Copied(
        options={NARROW: dict(model.narrow)} if model.narrow else {},
        signature=Signature(inputs=inputs, outputs=model.outputs),
        sources={one.name: "MLmodel" for one in inputs} | {"outputs": "MLmodel"},
        example=rows,
    )
