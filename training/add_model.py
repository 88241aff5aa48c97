"""Turns a user's own model file into a model folder, and proves that it works."""

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from shared.errors.input import BadOption
from shared.errors.model import UnusableModel
from shared.model import SCORE, TEXT, Card, Model, load_model, write_card
from training.model_file import format_of
from training.model_folder import library_versions, new_model_folder

#: Texts that a new model must score. Their scores are shown, so that a person can judge them.
PROOF = [
    "I am well",
    "This is wonderful, I love it!",
    "This is terrible, I hate it.",
    "It isn't bad at all.",
    "The parcel arrived on Monday.",
]


@dataclass(frozen=True)
class Meaning:
    """How to interpret the inputs and outputs of a model. None means: as the model file says.

    Attributes:
        class_values: one number in 0..1 per class, in the order of the model's classes.
        positive: the label of the positive class of a `.pkl`; all other classes are negative.
        target_range: the lowest and the highest target that a regressor was fitted to.
        word_index: the file with a Keras model's word index, a JSON object of word -> number; or
            what `tokenizer` may be.
        tokenizer: the file with a Keras `Tokenizer`, as JSON or pickle.
        max_length: the number of words that a Keras model with variable input length reads.
        padding: where zeros pad a row: `post` (after the words) or `pre` (before them).
        truncating: which end of a long text is cut off: `post` (its end) or `pre`.
        unknown: the number of words that are not in the word index; `drop` leaves them out.
        num_words: words of the word index with this number or a higher one are unknown.
        token_pattern: a regular expression for one lower-cased word of the word index.
        filters: the characters that end a word, as in Keras's `Tokenizer`; `default`: its own.
        standardize: how texts are changed before they are split at white space, as in Keras's
            `TextVectorization`.
        lower: with `filters`: lower-case texts.
    """

    class_values: Sequence[float] | None = None
    positive: str | None = None
    target_range: Sequence[float] | None = None
    word_index: Path | None = None
    tokenizer: Path | None = None
    max_length: int | None = None
    padding: str | None = None
    truncating: str | None = None
    unknown: str | int | None = None
    num_words: int | None = None
    token_pattern: str | None = None
    filters: str | None = None
    standardize: str | None = None
    lower: bool | None = None


@dataclass(frozen=True)
class Added:
    """The result of adding a model.

    Attributes:
        card: the card of the new model.
        proof: the texts of `PROOF` -> the scores of the model. A text without any word that the
            model knows may have none, and is then left out.
        classes: what each class is worth in a score; empty if the model predicts the score itself.
    """

    card: Card
    proof: dict[str, float] = field(default_factory=dict)
    classes: dict[str, float] = field(default_factory=dict)


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

    A Keras model is compiled if possible. Loading a pickle runs code from the file, so add only
    files that you trust.

    Args:
        file: a scikit-learn model (`.pkl`, `.pickle`, `.joblib`, `.sav`) or a Keras model (`.hdf5`,
            `.h5`, `.keras`).
        name: the name of the new model.
        output: the folder that holds the model folders.
        meaning: what the model file does not tell.
        description: the description in the model's card.
        force: replace an existing model of the same name.

    Raises:
        shared.errors.model.UnusableModel: the file cannot be served; nothing is left in `output`.
        shared.errors.model.ModelExists: a model of this name exists, and `force` is false.
        shared.errors.input.BadOption: an option does not fit the file.
        shared.errors.model.BadName: a model may not have this name.
    """
    meaning = meaning or Meaning()
    try:
        kind = format_of(file)
    except ValueError as error:
        raise UnusableModel(path=file, reason=str(error)) from error
    with new_model_folder(output, name, force=force) as folder:
        try:
            copy_model = _copy_pickle if kind == "pkl" else _copy_keras
            options, figures = copy_model(file, folder, meaning)
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
            model = load_model(folder)
            classes = _check_classes(model, options)
            return Added(card, _prove(model), classes)
        except ValueError as error:
            raise UnusableModel(path=file, reason=str(error)) from error
        except UnusableModel as error:
            # Name the user's file, not the copy.
            raise UnusableModel(path=file, reason=error.fields["reason"]) from error


_LIBRARIES = {
    "pkl": ("scikit-learn", "numpy", "joblib"),
    "hdf5": ("keras", "tensorflow-cpu", "tensorflow", "onnx", "numpy"),
}


def _copy_pickle(
    file: Path, folder: Path, meaning: Meaning
) -> tuple[dict[str, Any], dict[str, float]]:
    """Copy the file and return the card's options and figures."""
    # Imported here: scikit-learn is not needed for a Keras model, nor Keras for a pickle.
    from scoring.estimator_checks import TARGET_RANGE, class_labels, class_values_of  # noqa: PLC0415
    from scoring.sklearn_model import read_estimator  # noqa: PLC0415

    for option, value in vars(meaning).items():
        if option not in _MEANINGS and value is not None:
            raise BadOption(option=option, value=value, reason="it is for Keras models only")
    given = [name for name in _MEANINGS if getattr(meaning, name) is not None]
    if len(given) > 1:
        reason = f"it says the same as --{given[0].replace('_', '-')}; give one of them"
        raise BadOption(option=given[1], value=getattr(meaning, given[1]), reason=reason)
    shutil.copyfile(file, folder / "model.pkl")
    estimator = read_estimator(folder / "model.pkl")
    options: dict[str, Any] = {}
    if meaning.class_values is not None:
        options = {"class_values": list(meaning.class_values)}
    elif meaning.target_range is not None:
        options = {TARGET_RANGE: list(meaning.target_range)}
    elif meaning.positive is not None and (labels := class_labels(estimator)):
        options = {"class_values": _one_class(labels, meaning.positive)}
    values = class_values_of(estimator, options)
    if values is not None:
        options["class_values"] = values.tolist()
    elif meaning.positive is not None:
        raise BadOption(option="positive", value=meaning.positive, reason="it has no classes")
    return options, {}


#: What may say how to read the outputs of a pickled estimator; one of them is enough.
_MEANINGS = ("class_values", "positive", "target_range")


def _one_class(labels: list[Any], positive: str) -> list[float]:
    """Class values that make the probability of one class the score."""
    chosen = [float(str(label) == positive) for label in labels]
    if sum(chosen) != 1:
        reason = f"the classes are: {', '.join(map(str, labels))}"
        raise BadOption(option="positive", value=positive, reason=reason)
    return chosen


def _copy_keras(
    file: Path, folder: Path, meaning: Meaning
) -> tuple[dict[str, Any], dict[str, float]]:
    """Copy the file and its word index, compile it, and return the card's options and figures."""
    from scoring.keras_model import WORD_INDEX_FILE  # noqa: PLC0415
    from scoring.networks.keras_files import read_keras  # noqa: PLC0415
    from scoring.networks.tensorflow_network import TensorFlowNetwork  # noqa: PLC0415
    from training.hdf5 import save_hdf5  # noqa: PLC0415
    from training.onnx.compile import compile_keras  # noqa: PLC0415
    from training.text_options import check_determined, text_options  # noqa: PLC0415
    from training.vocabulary_file import vocabulary_of  # noqa: PLC0415

    if meaning.target_range is not None:
        raise BadOption(
            option="target_range",
            value=meaning.target_range,
            reason="it is for regressors of scikit-learn only",
        )
    if meaning.positive is not None:
        raise BadOption(
            option="positive",
            value=meaning.positive,
            reason="a Keras file does not name its classes; give --class-values",
        )
    vocabulary = vocabulary_of(
        meaning.word_index, meaning.tokenizer, model=file, num_words=meaning.num_words
    )
    options = text_options(vars(meaning), vocabulary)
    if meaning.class_values is not None:
        options["class_values"] = list(meaning.class_values)
    target = folder / "model.hdf5"
    if file.suffix.lower() == ".keras":
        save_hdf5(read_keras(file), target)
    else:
        shutil.copyfile(file, target)
    model = read_keras(target)
    network = TensorFlowNetwork(model, options)
    check_determined(
        options,
        model.input_shape[1],
        skips_zeros=network.skips_zeros,
        is_list=vocabulary.is_list,
    )
    words = json.dumps(vocabulary.words, ensure_ascii=False)
    (folder / WORD_INDEX_FILE).write_text(words, encoding="utf-8")
    return options, compile_keras(folder, options, PROOF)


def _check_classes(model: Model, options: dict[str, Any]) -> dict[str, float]:
    """Return what each class of the model is worth, if that is known.

    Raises:
        ValueError: the outputs of a Keras model may be anything.
    """
    classes: dict[str, float] = getattr(model, "classes", {})
    if "class_values" not in options and model.card.format == "hdf5":
        from scoring.networks.keras_checks import check_unnamed_outputs  # noqa: PLC0415

        check_unnamed_outputs(len(classes))
    return classes


def _prove(model: Model) -> dict[str, float]:
    """Score the texts of `PROOF` as a worker does, and return their scores.

    Raises:
        ValueError: a score is not in 0..1.
    """
    model.warm_up()
    scores = model.score(pd.DataFrame({TEXT: PROOF}))[SCORE].to_numpy()
    if not ((scores >= 0) & (scores <= 1) | np.isnan(scores)).all():
        raise ValueError(f"its scores are not all in 0..1: {scores.tolist()}")
    return {text: score for text, score in zip(PROOF, scores.tolist(), strict=True) if score >= 0}
