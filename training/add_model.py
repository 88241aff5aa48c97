"""From a model file that somebody made to a model folder that is known to work."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from shared.errors.input import BadOption
from shared.errors.model import UnusableModel
from shared.model import SCORE, TEXT, Card, load_model, write_card
from training.model_folder import library_versions, new_model_folder

#: The endings of the files that can be added, and the formats that they are served in.
FORMATS = {".pkl": "pkl", ".joblib": "pkl", ".hdf5": "hdf5", ".h5": "hdf5", ".keras": "hdf5"}

#: Scored to prove that a model works, and shown, so that a person sees whether it makes sense.
PROOF = [
    "I am well",
    "This is wonderful, I love it!",
    "This is terrible, I hate it.",
    "It isn't bad at all.",
    "The parcel arrived on Monday.",
]


@dataclass(frozen=True)
class Meaning:
    """How the numbers of a model are to be read; what is not given is as its file says.

    Attributes:
        class_values: one number in 0..1 per class, in the order of the model's classes.
        positive: the label of the positive class of a `.pkl`; the others are negative.
        word_index: the word index of a Keras model, a JSON object of word -> number.
        max_length: words of a text that a Keras model reads, where its input length is open.
        padding: `post` (zeros after the words) or `pre`.
        token_pattern: a regular expression for one lower-cased word of the word index.
    """

    class_values: Sequence[float] | None = None
    positive: str | None = None
    word_index: Path | None = None
    max_length: int | None = None
    padding: str | None = None
    token_pattern: str | None = None


@dataclass(frozen=True)
class Added:
    """A model that was added.

    Attributes:
        card: its card.
        proof: the texts of `PROOF` and the scores that the model gave them.
    """

    card: Card
    proof: dict[str, float] = field(default_factory=dict)


def add_model(
    file: Path,
    *,
    name: str,
    output: Path,
    meaning: Meaning | None = None,
    description: str = "",
    force: bool = False,
) -> Added:
    """Copy a model file into `output/name`, load it, score a few texts, and write its card.

    A Keras model is compiled, if it can be. A pickle is code, and loading it runs that code: add
    only files that you trust.

    Args:
        file: `.pkl` or `.joblib` (scikit-learn); `.hdf5`, `.h5` or `.keras` (Keras).
        name: of the model.
        output: the folder of model folders.
        meaning: what the file does not say of itself.
        description: for the card.
        force: replace a model of that name.

    Raises:
        shared.errors.model.UnusableModel: the file cannot be served; nothing is left in `output`.
        shared.errors.model.ModelExists: there is a model of that name, and `force` is false.
        shared.errors.input.BadOption: an option does not fit the file.
        shared.errors.model.BadCard: the name is not one that a card may hold.
    """
    meaning = meaning or Meaning()
    kind = FORMATS.get(file.suffix.lower())
    if not file.is_file():
        raise UnusableModel(path=file, reason="there is no such file")
    if kind is None:
        reason = f"only files that end in {', '.join(FORMATS)} can be"
        raise UnusableModel(path=file, reason=reason)
    with new_model_folder(output, name, force=force) as folder:
        try:
            bring_in = _bring_in_pickle if kind == "pkl" else _bring_in_keras
            options, figures = bring_in(file, folder, meaning)
            card = write_card(
                folder,
                name=name,
                format=kind,
                options=options,
                description=description,
                files=[path.name for path in folder.iterdir()],
                figures=figures,
                libraries=library_versions(*_LIBRARIES[kind]),
            )
            return Added(card, _prove(folder))
        except ValueError as error:
            raise UnusableModel(path=file, reason=str(error)) from error
        except UnusableModel as error:
            # The user knows the file by the name it came with, not by that of the copy.
            raise UnusableModel(path=file, reason=error.fields["reason"]) from error


_LIBRARIES = {
    "pkl": ("scikit-learn", "numpy", "joblib"),
    "hdf5": ("keras", "tensorflow-cpu", "tensorflow", "onnx", "numpy"),
}


def _bring_in_pickle(
    file: Path, folder: Path, meaning: Meaning
) -> tuple[dict[str, Any], dict[str, float]]:
    """Copy the file; the card's options and figures."""
    # In the functions that need them: neither library is needed for the other's files.
    from scoring.class_values import values_of_labels  # noqa: PLC0415
    from scoring.sklearn_model import class_labels, read_estimator  # noqa: PLC0415

    for option in ("word_index", "max_length", "padding", "token_pattern"):
        if getattr(meaning, option) is not None:
            raise BadOption(
                option=option, value=getattr(meaning, option), reason="it is for Keras models only"
            )
    shutil.copyfile(file, folder / "model.pkl")
    labels = class_labels(read_estimator(folder / "model.pkl"))
    if meaning.class_values is not None:
        return {"class_values": list(meaning.class_values)}, {}
    if meaning.positive is not None:
        chosen = [float(str(label) == meaning.positive) for label in labels]
        if sum(chosen) != 1:
            names = ", ".join(map(str, labels)) or "none"
            raise BadOption(
                option="positive", value=meaning.positive, reason=f"the classes are: {names}"
            )
        return {"class_values": chosen}, {}
    return ({"class_values": values_of_labels(labels).tolist()} if labels else {}), {}


def _bring_in_keras(
    file: Path, folder: Path, meaning: Meaning
) -> tuple[dict[str, Any], dict[str, float]]:
    """Copy the file and its word index, and compile it; the card's options and figures."""
    from scoring.keras_model import WORD_INDEX_FILE  # noqa: PLC0415
    from scoring.networks.tensorflow_network import read_keras  # noqa: PLC0415
    from scoring.networks.text import Tokeniser, read_word_index, tokeniser_for  # noqa: PLC0415
    from training.hdf5 import save_hdf5, upgrade_hdf5  # noqa: PLC0415
    from training.onnx.compile import compile_keras  # noqa: PLC0415

    if meaning.positive is not None:
        raise BadOption(
            option="positive",
            value=meaning.positive,
            reason="a Keras file does not name its classes; give --class-values",
        )
    if meaning.word_index is None:
        raise ValueError("a Keras model needs the word index it was trained with (--word-index)")
    target = folder / "model.hdf5"
    if file.suffix.lower() == ".keras":
        save_hdf5(read_keras(file), target)
    else:
        shutil.copyfile(file, target)
        upgrade_hdf5(target)
    word_idx = read_word_index(meaning.word_index)
    shutil.copyfile(meaning.word_index, folder / WORD_INDEX_FILE)
    tokeniser = tokeniser_for(word_idx)
    if meaning.token_pattern is not None:
        tokeniser = Tokeniser(meaning.token_pattern)
    options: dict[str, Any] = tokeniser.options()
    for option in ("class_values", "max_length", "padding"):
        if (given := getattr(meaning, option)) is not None:
            options[option] = list(given) if option == "class_values" else given
    return options, compile_keras(folder, options, PROOF)


def _prove(folder: Path) -> dict[str, float]:
    """Load the model as a worker does, and score the texts of `PROOF`."""
    model = load_model(folder)
    model.warm_up()
    scores = model.score(pd.DataFrame({TEXT: PROOF}))[SCORE].to_numpy()
    if not (np.isfinite(scores).all() and (scores >= 0).all() and (scores <= 1).all()):
        raise ValueError(f"its scores are not all in 0..1: {scores.tolist()}")
    return dict(zip(PROOF, scores.tolist(), strict=True))
