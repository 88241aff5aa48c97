"""Compiles a Keras model to ONNX, and keeps the result if it gives the same scores."""

import logging
import shutil
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from scoring.keras_model import WORD_INDEX_FILE, word_numbers
from scoring.networks.compiled import COMPILED_FIGURE, COMPILED_FILE
from scoring.networks.feeds import Feeds
from scoring.networks.heads import HEADS, Heads
from scoring.networks.keras_checks import brief, check_word_numbers
from scoring.networks.keras_files import read_keras
from scoring.networks.keras_network import Network
from scoring.networks.onnx_network import OnnxNetwork
from scoring.networks.tensorflow_network import TensorFlowNetwork
from scoring.networks.text import read_word_index
from shared.card import Card, read_card, write_card
from shared.errors.input import BadOption
from shared.errors.model import UnusableModel
from training.model_folder import new_model_folder
from training.onnx.compile_table import TOLERANCE, compile_table, keras_outputs
from training.onnx.generated_texts import generated_texts
from training.onnx.layers import write_onnx

logger = logging.getLogger(__name__)

#: What both models are compared on: the number of generated texts, the maximum number of row
#: lengths, and the number of random rows per length.
_TEXTS, _LENGTHS, _ROWS_OF_A_LENGTH = 500, 60, 4


def compile_keras(
    folder: Path, options: dict[str, Any], texts: Iterable[str] = ()
) -> dict[str, float]:
    """Compile `model.hdf5` in a folder to `model.onnx`, if it gives the same scores.

    If the model cannot be compiled, a warning with the reason is logged, and TensorFlow will run
    the model.

    Args:
        folder: the folder with `model.hdf5` and `word_idx.json`.
        options: the options of the model's card.
        texts: texts for the comparison, besides generated texts and random rows.

    Returns:
        For the card's figures: the largest difference of a score from that of Keras's `predict`.
        Empty if the model was not compiled.

    Raises:
        ValueError: the model cannot be served at all; the message says why.
    """
    model = read_keras(folder / "model.hdf5")
    word_idx = read_word_index(folder / WORD_INDEX_FILE)
    numbers = word_numbers(word_idx, options)
    network = TensorFlowNetwork(model, options)
    check_word_numbers(numbers.highest, network.words)
    generated = generated_texts(word_idx, _TEXTS)
    ids = trial_rows(network) + numbers.rows([*texts, *generated], network.max_length)
    path = folder / COMPILED_FILE
    try:
        write_onnx(model, path)
        compiled = OnnxNetwork(path, options)
        difference = _proven_difference(model, network, compiled, ids, has_heads=HEADS in options)
    # A layer may be in any state, and ONNX Runtime has a separate exception class for each error
    # code.
    except Exception as error:  # noqa: BLE001  whatever it is, TensorFlow can run the model
        path.unlink(missing_ok=True)
        logger.warning("TensorFlow will run this model. It cannot be compiled: %s.", brief(error))
        return {}
    return {COMPILED_FIGURE: difference}


def compile_model(folder: Path) -> Card:
    """Compile the Keras model of a model folder again, and then replace the folder.

    Returns:
        The new card. It differs from the old one in the compiled file, its figure and the version.

    Raises:
        shared.errors.model.ModelError: the folder is damaged, or the model cannot be served.
        shared.errors.input.BadOption: the model is not a Keras model.
    """
    folder = folder.resolve()
    card = read_card(folder)
    if card.format not in ("hdf5", "keras"):
        reason = f"its format is '{card.format}', and only Keras models are compiled"
        raise BadOption(option="model", value=card.name, reason=reason)
    figures = {name: value for name, value in card.figures.items() if name != COMPILED_FIGURE}
    with new_model_folder(folder.parent, folder.name, force=True) as building:
        for file in card.files.keys() - {COMPILED_FILE}:
            shutil.copyfile(folder / file, building / file)
        try:
            if card.format == "keras":
                feeds = Feeds.from_options(card.options, card.signature.inputs)
                units = Heads.from_options(card.options, scores=False).units
                figures |= compile_table(building, feeds, card.signature.inputs, units)
            else:
                figures |= compile_keras(building, card.options)
        except ValueError as error:
            raise UnusableModel(path=folder / card.model_file, reason=str(error)) from error
        return write_card(
            building,
            name=card.name,
            format=card.format,
            options=card.options,
            signature=card.signature,
            files=[path.name for path in building.iterdir()],
            figures=figures,
            libraries=card.libraries | {"onnx": version("onnx")},
            description=card.description,
            training_data=card.training_data,
        )


def trial_rows(network: Network, seed: int = 0) -> list[list[int]]:
    """Rows of random word numbers, with 0 to `network.max_length` numbers, some of them zeros."""
    random = np.random.default_rng(seed)
    rows: list[list[int]] = []
    for length in np.unique(np.linspace(0, network.max_length, _LENGTHS, dtype=int)):
        of_length = random.integers(0, network.words, (_ROWS_OF_A_LENGTH, length))
        # The last row of each length is all zeros, like a text without any known word.
        zeros = np.linspace(-0.5, 1, _ROWS_OF_A_LENGTH)[:, np.newaxis]
        of_length[random.random(of_length.shape) < zeros] = 0
        rows += of_length.tolist()
    return rows


def _proven_difference(
    model: Any, network: Network, compiled: Network, ids: list[list[int]], *, has_heads: bool
) -> float:
    """The largest difference between the compiled outputs and those of Keras's `predict`.

    If the card does not say what the outputs are, the scores of sentiment are compared.

    Raises:
        ValueError: the difference is larger than the tolerance, or not a number.
    """
    rows = network.full_rows(ids)
    if has_heads:
        found, expected = compiled.all_outputs(ids), keras_outputs(model, [rows])
    else:
        found = compiled.scores(ids)
        expected = network.score_outputs(model.predict(rows, batch_size=32, verbose=0))
    differences = np.abs(found - expected)
    # Of a text without known words, some models give no score.
    without = np.isnan(found) & np.isnan(expected)
    differences[without] = 0
    difference = float(differences.max())
    largest = np.maximum(1, np.abs(np.nan_to_num(expected)).max(axis=0))
    if not (differences <= TOLERANCE * largest).all():
        raise ValueError(f"its scores would differ from TensorFlow's by {difference:.1g}")
    return difference
