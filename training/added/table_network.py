"""Copies a user's Keras model over columns into a model folder, as `model.keras`."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from scoring.networks.heads import Heads
from scoring.networks.keras_checks import brief
from scoring.networks.keras_files import all_layers, is_current
from scoring.networks.table_network import TableNetwork
from scoring.networks.table_rows import rows_for
from scoring.networks.tensorflow_table import TensorFlowTable
from shared.signature import Signature
from shared.tables.trial_rows import typed_frame
from training.added.copied import Copied
from training.added.example_rows import example_inputs, example_values, read_example
from training.added.given_inputs import parse_inputs
from training.added.input_layers import feeds_of
from training.added.meaning import KERAS_OPTIONS, Meaning
from training.added.output_layers import heads_of
from training.added.sentiment_heads import heads_with_score
from training.onnx.compile_table import compile_table

#: The number of rows that are tried, and of those that are tried alone too.
_ROWS, _ALONE = 64, 16

#: The maximum difference of an output between calls, as a share of the largest: 32-bit libraries
#: add in another order for another number of rows.
_TOLERANCE = 1e-5


def copy_table_network(model: Any, file: Path, folder: Path, meaning: Meaning) -> Copied:
    """Write the model into a model folder, decide what its columns are, and compile it if possible.

    Args:
        model: the model, as `read_keras` reads it.
        file: its file.
        folder: the model folder.
        meaning: what the file does not tell.

    Raises:
        shared.errors.input.BadOption: an option does not fit the model.
        ValueError: the model cannot score rows; the message says why.
    """
    meaning.refuse(KERAS_OPTIONS, "the model takes columns, and no word numbers")
    _check_stateless(model)
    given = parse_inputs(meaning.inputs) if meaning.inputs is not None else None
    example = read_example(meaning.example) if meaning.example is not None else None
    shown = example_inputs(example) if example is not None else None
    feeds, inputs, source = feeds_of(model, given, shown)
    each, notes = heads_of(model, meaning.classes, meaning.labels)
    is_text = [(one.type, one.required) for one in inputs] == [("string", True)]
    heads, of_score = heads_with_score(each, meaning, is_text=is_text)
    options = {"feeds": feeds.options(), "heads": heads.options(), **of_score}
    target = folder / "model.keras"
    if is_current(file):
        shutil.copyfile(file, target)
    else:
        model.save(target)
    network = TensorFlowTable(model, feeds, heads.units)
    trial = rows_for(feeds, inputs, _ROWS, words=network.words)
    _check_outputs(network, heads, trial)
    signature = Signature(inputs=inputs, outputs=heads.signature_outputs)
    figures = compile_table(folder, feeds, inputs, heads.units)
    return Copied(
        options,
        figures,
        signature,
        format="keras",
        sources={one.name: source for one in inputs} | {"outputs": "the output layers"},
        notes=tuple(notes),
        example=None if example is None else typed_frame(inputs, example_values(example, inputs)),
    )


def _check_stateless(model: Any) -> None:
    for layer in all_layers(model):
        if getattr(layer, "stateful", False):
            raise ValueError(
                f"its layer {layer.name} keeps its state, so a row's outputs would depend on the "
                "rows before; set stateful=False and save it again"
            )


def _check_outputs(network: TableNetwork, heads: Heads, trial: pd.DataFrame) -> None:
    """Check that the outputs of a row are those of its own, and what the heads take them for.

    Raises:
        ValueError: they are not; the message says what to do.
    """
    try:
        together = network.outputs(trial)
        alone = np.concatenate([network.outputs(trial[n : n + 1]) for n in range(_ALONE)])
    # A layer may be in any state, and raise any exception.
    except Exception as error:
        raise ValueError(f"it cannot compute rows ({brief(error)})") from error
    if not np.isfinite(together).any():
        raise ValueError(
            "it gives no number for any of the rows that were tried. If it has a lookup or a "
            "Normalization, save it as .keras, after adapt"
        )
    apart = np.nan_to_num(np.abs(together[:_ALONE] - alone))
    largest = np.abs(together[:_ALONE][np.isfinite(together[:_ALONE])]).max(initial=1)
    if apart.max() > _TOLERANCE * largest:
        raise ValueError(
            f"its outputs for a row depend on the other rows of the call ({apart.max():.2g} "
            "apart), and rows are scored in batches of any size. If a TextVectorization pads "
            "texts, set its output_sequence_length"
        )
    for head, part in zip(heads.each, heads.parts(together), strict=True):
        chances = part[np.isfinite(part).all(axis=1)]
        if head.kind != "numbers" and not ((chances >= -1e-6) & (chances <= 1 + 1e-6)).all():
            raise ValueError(f"its output {head.name} has probabilities outside 0..1")
