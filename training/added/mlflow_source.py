"""Makes of an MLflow model, in a folder or in a registry, a file that `add_model` reads."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from training.added.meaning import Meaning
from training.added.mlflow_folder import MlflowModel, is_mlflow_folder, read_mlflow_folder
from training.added.mlflow_registry import download_model, is_registry_uri

#: The ending of a zip file with a whole MLflow model, which MLflow itself runs.
ZIPPED = ".mlflow"


@dataclass(frozen=True)
class Source:
    """A file, and what is known of it.

    Attributes:
        file: the file, which is there only for a while.
        meaning: what the user says, and where he says nothing, what the MLflow model says.
        notes: sentences for the person who adds the model.
    """

    file: Path
    meaning: Meaning
    notes: tuple[str, ...]


def is_mlflow(file: Path) -> bool:
    """Whether it is the folder of an MLflow model, or names a model in a registry."""
    return is_registry_uri(str(file)) or is_mlflow_folder(file)


@contextmanager
def mlflow_source(file: Path, registry: str | None, meaning: Meaning) -> Iterator[Source]:
    """Provide the file of an MLflow model while the block runs.

    Args:
        file: the folder, or a name in a registry: `models:/name@alias` or `models:/name/3`.
        registry: the address of the registry; None: `MLFLOW_TRACKING_URI`.
        meaning: what the user says.

    Raises:
        shared.errors.input.BadOption: the registry does not give out the model.
        ValueError: the model cannot be served; the message says why.
    """
    with tempfile.TemporaryDirectory(prefix="scorelane-mlflow-") as name:
        scratch, folder = Path(name), file
        notes: tuple[str, ...] = ()
        if is_registry_uri(str(file)):
            folder = scratch / "downloaded"
            folder.mkdir()
            notes = (f"From the registry: {download_model(str(file), registry, folder)}.",)
        model = read_mlflow_folder(folder)
        yield Source(
            file=_file(model, scratch),
            meaning=_with(model, meaning, scratch),
            notes=(*notes, *_notes(model)),
        )


def _file(model: MlflowModel, scratch: Path) -> Path:
    if model.file is None:
        zipped = shutil.make_archive(str(scratch / "model"), "zip", model.folder)
        return Path(zipped).rename(scratch / f"model{ZIPPED}")
    if model.file.suffix == model.ending:
        return model.file
    return Path(shutil.copyfile(model.file, scratch / f"model{model.ending}"))


def _with(model: MlflowModel, meaning: Meaning, scratch: Path) -> Meaning:
    if meaning.inputs is None and model.inputs:
        meaning = replace(meaning, inputs=model.inputs)
    if meaning.example is None and (rows := model.example()) is not None:
        rows.to_parquet(scratch / "example.parquet")
        meaning = replace(meaning, example=scratch / "example.parquet")
    return meaning


def _notes(model: MlflowModel) -> Iterator[str]:
    if model.file is None:
        yield "MLflow runs this model (python_function), here and in the workers."
    if not model.inputs:
        yield "Its MLmodel has no signature."
    if model.parameters:
        yield f"Its parameters keep their defaults: {', '.join(model.parameters)}."
