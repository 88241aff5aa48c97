"""Turns a user's own model file into a model folder, and proves that it works."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pandas as pd

from shared.errors.model import UnusableModel
from shared.model import SCORE, Card, load_model, write_card
from training.added.copied import Copied
from training.added.meaning import Meaning
from training.added.mlflow_source import is_mlflow, mlflow_source
from training.added.model_file import format_of
from training.added.proof import check_example, classes_of, proof_rows, prove
from training.model_folder import library_versions, new_model_folder

#: The values of a row, by the name of their column.
Values = dict[str, Any]


@dataclass(frozen=True)
class Added:
    """The result of adding a model.

    Attributes:
        card: the card of the new model.
        classes: what each class is worth in a score; empty if the model predicts the score itself,
            or gives no score.
        examples: the rows that the model has scored as a proof: the inputs, and the outputs, each
            by name. A missing value is None.
        sources: the name of an input, or `outputs` -> where the card has it from.
        notes: what else the person should know.
    """

    card: Card
    classes: dict[str, float] = field(default_factory=dict)
    examples: list[tuple[Values, Values]] = field(default_factory=list)
    sources: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def proof(self) -> dict[str, float]:
        """The texts of the proof -> their scores; empty if the model gives no score for a text.

        A text without any word that the model knows may have none, and is then left out.
        """
        inputs = self.card.signature.inputs
        return {
            given[inputs[0].name]: found[SCORE]
            for given, found in self.examples
            if len(inputs) == 1 and found.get(SCORE) is not None
        }


def add_model(
    file: Path,
    *,
    name: str,
    output: Path,
    meaning: Meaning | None = None,
    description: str = "",
    force: bool = False,
    registry: str | None = None,
) -> Added:
    """Copy a model file into `output/name`, load it, score a few texts, and write its card.

    A Keras model is compiled if possible. Loading a pickle runs code from the file, so add only
    files that you trust.

    Args:
        file: a scikit-learn model (`.pkl`, `.pickle`, `.joblib`, `.sav`, `.skops`), a Keras model
            (`.hdf5`, `.h5`, `.keras`), an ONNX file (`.onnx`), or a file of XGBoost (`.ubj`,
            `.json`), LightGBM (`.txt`) or CatBoost (`.cbm`). Also the folder of an
            MLflow model, and one in a registry: `models:/name@alias` or `models:/name/3`.
        name: the name of the new model.
        output: the folder that holds the model folders.
        meaning: what the model file does not tell.
        description: the description in the model's card.
        force: replace an existing model of the same name.
        registry: the address of the registry of MLflow; None: `MLFLOW_TRACKING_URI`.

    Raises:
        shared.errors.model.UnusableModel: the file cannot be served; nothing is left in `output`.
        shared.errors.model.ModelExists: a model of this name exists, and `force` is false.
        shared.errors.input.BadOption: an option does not fit the file.
        shared.errors.model.BadName: a model may not have this name.
    """
    meaning = meaning or Meaning()
    if is_mlflow(file):
        more = {"name": name, "output": output, "description": description, "force": force}
        return _add_mlflow(file, registry, meaning, more)
    try:
        kind = format_of(file)
    except ValueError as error:
        raise UnusableModel(path=file, reason=str(error)) from error
    with new_model_folder(output, name, force=force) as folder:
        try:
            copied = _copy(kind, file, folder, meaning)
            form = copied.format or kind
            card = write_card(
                folder,
                name=name,
                format=form,
                options=copied.options,
                signature=copied.signature,
                description=description,
                files=[path.name for path in folder.iterdir()],
                figures=copied.figures,
                libraries=library_versions(*_LIBRARIES[form]),
            )
            model = load_model(folder)
            classes = classes_of(model)
            if copied.example is not None:
                check_example(model, copied.example)
            rows = proof_rows(model, copied.example)
            examples = list(zip(_records(rows), _records(prove(model, rows)), strict=True))
            return Added(card, classes, examples, copied.sources, copied.notes)
        except ValueError as error:
            raise UnusableModel(path=file, reason=str(error)) from error
        except UnusableModel as error:
            # Name the user's file, not the copy.
            raise UnusableModel(path=file, reason=error.fields["reason"]) from error


def _add_mlflow(file: Path, registry: str | None, meaning: Meaning, more: dict[str, Any]) -> Added:
    try:
        with mlflow_source(file, registry, meaning) as source:
            added = add_model(source.file, meaning=source.meaning, **more)
            told = {"--inputs": "MLmodel" if meaning.inputs is None else "--inputs"}
            sources = {name: told.get(one, one) for name, one in added.sources.items()}
            return replace(added, notes=(*source.notes, *added.notes), sources=sources)
    except UnusableModel as error:
        # Name the user's folder, not a file in it.
        raise UnusableModel(path=file, reason=error.fields["reason"]) from error
    except ValueError as error:
        raise UnusableModel(path=file, reason=str(error)) from error


def _records(frame: pd.DataFrame) -> list[Values]:
    """The rows of a frame, with the values of JSON, and None for those that are missing."""
    columns = {
        name: [
            None if missing else (str(value) if isinstance(value, pd.Timestamp) else value)
            for value, missing in zip(column.tolist(), column.isna(), strict=True)
        ]
        for name, column in frame.items()
    }
    return [
        dict(zip(map(str, columns), row, strict=True))
        for row in zip(*columns.values(), strict=True)
    ]


_LIBRARIES = {
    "pkl": ("scikit-learn", "numpy", "joblib", "cloudpickle"),
    "skops": ("scikit-learn", "numpy", "skops"),
    "onnx": ("onnxruntime", "numpy"),
    "ubj": ("xgboost", "xgboost-cpu", "numpy"),
    "lgb": ("lightgbm", "numpy"),
    "cbm": ("catboost", "numpy"),
    "mlflow": ("mlflow", "mlflow-skinny"),
    **dict.fromkeys(("hdf5", "keras"), ("keras", "tensorflow-cpu", "tensorflow", "onnx", "numpy")),
}


def _copy(kind: str, file: Path, folder: Path, meaning: Meaning) -> Copied:
    """Copy the file into the model folder, and find out what its card must say."""
    # Imported here: scikit-learn is not needed for a Keras model, nor Keras for a pickle.
    if kind == "hdf5":
        from training.added.network import copy_network  # noqa: PLC0415

        return copy_network(file, folder, meaning)
    if kind == "mlflow":
        from training.added.mlflow_model import copy_mlflow  # noqa: PLC0415

        return copy_mlflow(file, folder, meaning)
    if kind == "onnx":
        from training.added.graph import copy_graph  # noqa: PLC0415

        return copy_graph(file, folder, meaning)
    from training.added.estimator import copy_estimator  # noqa: PLC0415

    return copy_estimator(file, folder, meaning)
