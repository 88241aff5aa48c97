"""Copies a user's Keras model into a model folder, with its words."""

import json
import shutil
from pathlib import Path

from scoring.keras_model import WORD_INDEX_FILE
from scoring.networks.heads import HEADS
from scoring.networks.keras_files import read_keras
from scoring.networks.tensorflow_network import TensorFlowNetwork
from shared.signature import SENTIMENT, Signature
from training.added.copied import Copied
from training.added.input_layers import check_functional, takes_word_numbers
from training.added.meaning import Meaning
from training.added.output_layers import heads_of
from training.added.proof_texts import PROOF
from training.added.sentiment_heads import heads_with_score
from training.added.table_network import copy_table_network
from training.added.text_options import check_determined, text_options
from training.added.vocabulary_file import vocabulary_of
from training.hdf5 import save_hdf5
from training.onnx.compile import compile_keras


def copy_network(file: Path, folder: Path, meaning: Meaning) -> Copied:
    """Copy the file and its words into a model folder, and compile the model if possible.

    A model that takes no word numbers takes columns; see `training.added.table_network`.

    Raises:
        shared.errors.input.BadOption: an option does not fit the file.
        ValueError: the model cannot give scores, or how it reads texts is not determined; the
            message says why, and what to do.
    """
    meaning.refuse(("target_range",), "it is for regressors of scikit-learn only")
    meaning.refuse(("positive",), "a Keras file does not name its classes; give --class-values")
    meaning.refuse(("cuts",), "give the names of the classes with --classes")
    meaning.refuse(("vectorizer",), "it is for scikit-learn; words are in --word-index")
    model = read_keras(file)
    check_functional(model)
    has_words = meaning.word_index or meaning.tokenizer
    has_columns = meaning.inputs is not None or meaning.example is not None
    if not has_words and (has_columns or not takes_word_numbers(model)):
        return copy_table_network(model, file, folder, meaning)
    meaning.refuse(
        ("inputs", "example"), "the model takes word numbers, which are made from a text"
    )
    vocabulary = vocabulary_of(
        meaning.word_index, meaning.tokenizer, model=file, num_words=meaning.num_words
    )
    options = text_options(vars(meaning), vocabulary)
    each, notes = heads_of(model, meaning.classes, meaning.labels)
    heads, of_score = heads_with_score(each, meaning, is_text=True)
    options |= of_score | {HEADS: heads.options()}
    target = folder / "model.hdf5"
    if file.suffix.lower() == ".keras":
        save_hdf5(model, target)
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
    figures = compile_keras(folder, options, PROOF)
    signature = Signature(inputs=SENTIMENT.inputs, outputs=heads.signature_outputs)
    return Copied(options, figures, signature, notes=tuple(notes))
