"""Turns a user's own model file into a model folder, and proves that it works."""

import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

from shared.card import CARD_FILE, Card, write_card
from shared.errors.model import UnusableModel
from shared.examples import EXAMPLES_FILE, Examples, Values, records_of, tolerance_of
from shared.model import SCORE, Model, load_model
from training.added.copied import Copied
from training.added.mapped import with_mapped_file
from training.added.meaning import Meaning
from training.added.mlflow_source import is_mlflow, mlflow_source
from training.added.model_file import format_of
from training.added.proof_texts import PROOF
from training.model_folder import library_versions, new_model_folder
from training.proof.alternatives import alternatives
from training.proof.expectation import Difference, read_expectation
from training.proof.scored_file import ScoredFile
from training.proof.trial import (
    check_example,
    chosen_examples,
    classes_of,
    proof_rows,
    prove,
    with_more_rows,
)
from training.proof.verdict import prove_equal
from training.reference import with_reference


@dataclass(frozen=True)
class Added:
    """The result of adding a model.

    Attributes:
        card: the card of the new model.
        model: the model, loaded as by a worker.
        classes: what each class is worth in a score; empty if the model predicts the score itself,
            or gives no score.
        examples: the rows that the model has scored as a proof: the inputs, and the outputs, each
            by name. A missing value is None.
        sources: the name of an input, or `outputs` -> where the card has it from.
        notes: what else the person should know.
        compared: how each output compares with the user's own; empty if nothing was compared.
        unused: the columns of the user's file that are neither inputs nor compared.
        kept: the examples that are stored with the model; None if none are.
    """

    card: Card
    model: Model
    classes: dict[str, float] = field(default_factory=dict)
    examples: list[tuple[Values, Values]] = field(default_factory=list)
    sources: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    compared: tuple[Difference, ...] = ()
    unused: tuple[str, ...] = ()
    kept: Examples | None = None

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


@dataclass(frozen=True)
class Proof:
    """How a new model is proven.

    Attributes:
        file: rows with the outputs of the user's own script; None: nothing is compared.
        columns: which of its columns hold which output: `NAME` or `NAME=output`; none: those with
            the names of outputs, or usual names.
        keeps_examples: whether rows are stored with the model, with its outputs.
    """

    file: ScoredFile | None = None
    columns: tuple[str, ...] = ()
    keeps_examples: bool = True


def add_model(
    file: Path,
    *,
    name: str,
    output: Path,
    meaning: Meaning | None = None,
    description: str = "",
    force: bool = False,
    proof: Proof = Proof(),
    registry: str | None = None,
) -> Added:
    """Copy a model file into `output/name`, load it, prove it, and write its card.

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
        force: remove an existing model of the same name, in place of keeping it as a version.
        proof: how it is proven.
        registry: the address of the registry of MLflow; None: `MLFLOW_TRACKING_URI`.

    Raises:
        shared.errors.model.UnusableModel: the file cannot be served, or does not give what is
            expected; nothing is left in `output`.
        shared.errors.model.ModelExists: a folder of this name holds no sound model, and `force` is
            false.
        shared.errors.input.BadInput: an option does not fit the file, or the file of the proof
            cannot be used.
        shared.errors.model.BadName: a model may not have this name.
    """
    meaning = meaning or Meaning()
    if is_mlflow(file):
        more: dict[str, Any] = {"name": name, "output": output, "description": description}
        return _add_mlflow(file, registry, meaning, more | {"force": force, "proof": proof})
    try:
        kind = format_of(file)
    except ValueError as error:
        raise UnusableModel(path=file, reason=str(error)) from error
    with new_model_folder(output, name, force=force) as folder:
        try:
            made = _made(kind, file, folder, meaning, name=name, description=description)
            return _proven(file, folder, made, meaning, proof, kind)
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


class _Made(NamedTuple):
    """A model folder, and what was found out about it."""

    card: Card
    copied: Copied
    model: Model


def _made(
    kind: str, file: Path, folder: Path, meaning: Meaning, *, name: str, description: str = ""
) -> _Made:
    """Copy a file into a model folder, write the card, and load the model as a worker does."""
    copied = _copy(kind, file, folder, meaning)
    card = _write_card(folder, copied, copied.format or kind, name, description)
    return _Made(card, copied, load_model(folder))


def _write_card(folder: Path, copied: Copied, form: str, name: str, description: str) -> Card:
    return write_card(
        folder,
        name=name,
        format=form,
        options=copied.options,
        signature=copied.signature,
        description=description,
        files=[path.name for path in folder.iterdir() if path.name != CARD_FILE],
        figures=copied.figures,
        libraries=library_versions(*_LIBRARIES[form], *copied.libraries),
    )


def _proven(
    file: Path, folder: Path, made: _Made, meaning: Meaning, proof: Proof, kind: str
) -> Added:
    """Prove that a model works and gives what is expected, and store its examples."""
    card, copied, model = made
    if copied.example is not None:
        check_example(model, copied.example)
    rows = proof_rows(model, copied.example)
    scored = prove(model, rows)
    shown = (rows, scored)
    compared: list[Difference] = []
    unused: tuple[str, ...] = ()
    if proof.file is not None:
        expectation = read_expectation(
            proof.file, card.signature, proof.columns, tolerance_of(card)
        )
        rows = expectation.rows
        scored = prove(model, rows)
        shown = (rows.head(len(PROOF)), scored.head(len(PROOF)))

        def again(changed: Meaning) -> Model:
            with tempfile.TemporaryDirectory(prefix="scorelane-model-") as room:
                return _made(kind, file, Path(room), changed, name=card.name).model

        compared = prove_equal(
            expectation,
            scored,
            lambda: alternatives(file, folder, model, meaning, again, expectation, scored),
            proof.file.path.name,
        )
        unused = expectation.unused
    elif copied.example is not None:
        rows = copied.example
        scored = model.score(rows)
    else:
        rows, scored = with_more_rows(model, rows, scored)
    kept = None
    if proof.keeps_examples:
        kept = chosen_examples(card.signature.inputs, rows, scored)
        (folder / EXAMPLES_FILE).write_text(kept.to_json(), encoding="utf-8")
        card = _write_card(folder, copied, card.format, card.name, card.description)
        model.card = card
    model.card = card = with_mapped_file(folder, model, rows)
    if proof.file is not None or copied.example is not None:
        model.card = card = with_reference(folder, model, rows, "rows given when it was added")
    return Added(
        card=card,
        model=model,
        classes=classes_of(model),
        examples=list(zip(*map(records_of, shown), strict=True)),
        sources=copied.sources,
        notes=copied.notes,
        compared=tuple(compared),
        unused=unused,
        kept=kept,
    )


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
