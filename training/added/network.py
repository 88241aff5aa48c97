"""Copies a user's Keras model into a model folder, with its words."""

import json
import shutil
from pathlib import Path

from scoring.keras_model import WORD_INDEX_FILE
from scoring.networks.keras_files import read_keras
from scoring.networks.tensorflow_network import TensorFlowNetwork
from training.added.copied import Copied
from training.added.meaning import SIGNATURE_OPTIONS, Meaning
from training.added.proof import PROOF
from training.added.text_options import check_determined, text_options
from training.added.vocabulary_file import vocabulary_of
from training.hdf5 import save_hdf5
from training.onnx.compile import compile_keras


def copy_network(file: Path, folder: Path, meaning: Meaning) -> Copied:
    """Copy the file and its words into a model folder, and compile the model if possible.

    Returns:
        The card's options, and the figures of the compiled model.

    Raises:
        shared.errors.input.BadOption: an option does not fit the file.
        ValueError: the model cannot give scores, or how it reads texts is not determined; the
            message says why, and what to do.
    """
    meaning.refuse(("target_range",), "it is for regressors of scikit-learn only")
    meaning.refuse(SIGNATURE_OPTIONS, "it is for scikit-learn models only")
    meaning.refuse(("positive",), "a Keras file does not name its classes; give --class-values")
    meaning.refuse(("vectorizer",), "it is for scikit-learn; words are in --word-index")
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
    return Copied(options, compile_keras(folder, options, PROOF))
