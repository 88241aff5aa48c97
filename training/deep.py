"""Trains the `deep` kind: a bidirectional LSTM over word embeddings, with a softmax over deciles.

The LSTM is that of Hochreiter and Schmidhuber (1997), run in both directions (Schuster and Paliwal,
1997).
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import pandas as pd
import tensorflow as tf

from scoring.networks.keras_files import read_keras
from scoring.networks.sequences import length_batches, padded
from scoring.networks.text import word_ids
from shared.model import TEXT
from training.batches import BATCH_ROWS, BATCH_WORDS, Batches
from training.data import DEV, TRAIN
from training.deciles import DECILES, mix_with_labels, possible_deciles
from training.hdf5 import quiet_about_hdf5, save_hdf5
from training.opinions import Opinions
from training.vocabulary import TOKENISER, numbered_words
from training.word_vectors import EMBEDDING_SIZE, Vectors, initial_vectors

#: The number of words read from a text. Short texts are not slowed down, because rows of similar
#: length are processed together.
MAX_LENGTH = 256

#: The number of words of a text used in training: more words take longer and teach nothing more.
LEARNT_LENGTH = 128

#: The maximum number of words in the word index. With 100 numbers of one byte per word the
#: embedding takes 3.1 MB. A compiled model precomputes the contribution of each word to the gates
#: (`training.onnx.folding`), which takes 64 MB of memory.
MAX_WORDS = 31_000
LSTM_UNITS = 64
DROPOUT = 0.3
WORD_DROPOUT = 0.05

#: The mean length of the initial word vectors. With much shorter vectors the gates of the LSTM stay
#: shut; with much longer ones they are saturated from the start.
VECTOR_LENGTH = 3.0

#: The weights that are measured and saved are a moving average over about this many batches, or
#: over one epoch if it has fewer batches (averaging of iterates; Polyak and Juditsky, 1992).
_AVERAGED_BATCHES = 1000

#: The share of an embedding's numbers that fit into the range of a byte; the rest are clipped.
_WITHIN = 0.9995

#: Training stops after this many epochs without a better validation accuracy (early stopping).
PATIENCE = 2

Progress = Callable[[str, float], None]


def fit_deep(
    frame: pd.DataFrame,
    folder: Path,
    *,
    seed: int,
    epochs: int,
    progress: Progress,
    teachers: int = 0,
    given: Vectors | None = None,
    opinions: Opinions | None = None,
) -> dict[str, int]:
    """Train a network and save its epoch with the best validation accuracy as `folder/model.hdf5`.

    With teachers, that many networks are trained first. The final network learns from the mean of
    their predictions and from the labels (knowledge distillation; Hinton, Vinyals and Dean, 2015).
    It comes close to the accuracy of the ensemble, and costs as much to serve as one network.

    Args:
        frame: rows with `text`, `score`, `coarse`, `bare`, `source` and `split`, as
            `training.data.split` returns them.
        folder: the folder for the model file.
        seed: the seed of the weights, the dropout and the order of the batches.
        epochs: the maximum number of epochs.
        progress: called with the current step and the share of the work that is done, 0..1.
        teachers: the number of networks to train first and to learn from.
        given: known word vectors; vectors of other words are mapped into their space.
        opinions: another model's opinions of texts. Rows without a label are learnt from these
            alone.

    Returns:
        The word index: word -> 1 .. number of words. 0 means padding or an unknown word.
    """
    quiet_about_hdf5()
    tf.config.experimental.enable_op_determinism()
    progress("word vectors", 0.0)
    train, dev = frame[frame["split"] == TRAIN], frame[frame["split"] == DEV]
    word_idx = numbered_words(train, given or {}, MAX_WORDS)
    numbers = word_ids(train[TEXT], word_idx, TOKENISER, MAX_LENGTH)
    vectors = initial_vectors(numbers, word_idx, EMBEDDING_SIZE, VECTOR_LENGTH, given)
    possible = possible_deciles(train)
    if opinions:
        possible = mix_with_labels(opinions.shares_of(train[TEXT]), possible)
    # Unknown words are skipped, as they are when texts are scored.
    ids, ids_dev = (
        [list(filter(None, row)) for row in rows]
        for rows in (numbers, word_ids(dev[TEXT], word_idx, TOKENISER, MAX_LENGTH))
    )
    ids = [_learnt_part(row, number) for number, row in enumerate(ids)]
    validation = Batches(ids_dev, possible_deciles(dev), seed=seed)
    best = folder / "best.h5"

    def fit(targets: npt.NDArray[np.float32], number: int, name: str) -> Any:
        keras.utils.set_random_seed(seed + number)
        model = _network(vectors, len(ids))
        batches = Batches(ids, targets, seed=seed + number, drop=WORD_DROPOUT)
        share = 1 / (teachers + 1)
        report = _ProgressReport(lambda step, done: progress(name + step, (number + done) * share))
        _fit(model, batches, validation, best, epochs, report)
        return read_keras(best)

    targets = possible
    if teachers:
        mean = np.zeros_like(possible)
        for number in range(teachers):
            name = f"teacher {number + 1} of {teachers}, "
            mean += _predict(fit(possible, number, name), ids) / teachers
        targets = mix_with_labels(mean, possible)
    # `fit` reads the model without compiling it, so the optimizer's state is not saved: two thirds
    # of the file.
    save_hdf5(_quantised(fit(targets, teachers, "")), folder / "model.hdf5", pack=True)
    best.unlink()
    return word_idx


def _learnt_part(row: list[int], number: int) -> list[int]:
    """The first words of a long text if `number` is odd, else the last words."""
    return row[:LEARNT_LENGTH] if number % 2 else row[-LEARNT_LENGTH:]


def _network(vectors: npt.NDArray[np.float32], rows: int) -> Any:
    words, size = vectors.shape
    model = _layers(keras.layers.Embedding(words, size, mask_zero=True))
    model.layers[0].set_weights([vectors])
    averaged = min(_AVERAGED_BATCHES, max(10, rows // BATCH_ROWS))
    model.compile(
        keras.optimizers.Adam(clipnorm=1.0, use_ema=True, ema_momentum=1 - 1 / averaged),
        _loss,
        metrics=[_Accuracy()],
        # XLA would compile the model again for every batch length.
        jit_compile=False,
    )
    return model


def _layers(embedding: Any) -> Any:
    return keras.Sequential(
        [
            keras.Input((None,), dtype="int32"),
            embedding,
            keras.layers.SpatialDropout1D(DROPOUT),
            keras.layers.Bidirectional(keras.layers.LSTM(LSTM_UNITS)),
            keras.layers.Dropout(DROPOUT),
            keras.layers.Dense(DECILES, activation="softmax"),
        ]
    )


def _fit(
    model: Any, batches: Batches, validation: Batches, best: Path, epochs: int, report: Any
) -> None:
    # ModelCheckpoint accepts only .keras and .h5; the .hdf5 is written from the best file later.
    model.fit(
        batches,
        validation_data=validation,
        epochs=epochs,
        verbose=0,
        callbacks=[
            # First, so that the averaged weights are the ones that are measured and saved.
            keras.callbacks.SwapEMAWeights(swap_on_epoch=True),
            keras.callbacks.ModelCheckpoint(
                best, monitor="val_accuracy", mode="max", save_best_only=True
            ),
            keras.callbacks.EarlyStopping(monitor="val_accuracy", mode="max", patience=PATIENCE),
            report,
        ],
    )


def _loss(targets: Any, shares: Any) -> Any:
    """The loss: cross-entropy with the target distribution.

    If the target marks several possible deciles, it is minus the log likelihood of their union
    (learning from partial labels; Jin and Ghahramani, NIPS 2002).
    """
    shares = keras.ops.clip(shares, 1e-7, 1.0)
    total = keras.ops.sum(targets, axis=-1)
    together = -keras.ops.log(keras.ops.sum(targets * shares, axis=-1))
    cross_entropy = -keras.ops.sum(targets * keras.ops.log(shares), axis=-1)
    # Possible deciles are ones, so a sum of 2 or more means several; a distribution sums to 1.
    return keras.ops.where(total > 1.5, together, cross_entropy)


class _Accuracy(keras.metrics.MeanMetricWrapper):  # type: ignore[misc]  # keras ships no types
    """The share of rows whose score is on the right side of 0.5; neutral rows count as right."""

    def __init__(self) -> None:
        super().__init__(_right_side, name="accuracy")


def _right_side(targets: Any, shares: Any) -> Any:
    middles = keras.ops.convert_to_tensor((np.arange(DECILES) + 0.5) / DECILES, "float32")
    target_scores = keras.ops.sum(targets * middles, axis=-1) / keras.ops.sum(targets, axis=-1)
    right = (keras.ops.sum(shares * middles, axis=-1) >= 0.5) == (target_scores > 0.5)
    # Neutral rows always count as right, so they do not affect which epoch is the best.
    return keras.ops.cast(right | (keras.ops.abs(target_scores - 0.5) < 0.09), "float32")


def _predict(model: Any, ids: Sequence[Sequence[int]]) -> npt.NDArray[np.float32]:
    shares = np.zeros((len(ids), DECILES), dtype=np.float32)
    for rows, longest in length_batches([len(row) for row in ids], BATCH_ROWS, BATCH_WORDS):
        shares[rows] = model.predict_on_batch(padded([ids[row] for row in rows], longest))
    return shares


def _quantised(model: Any) -> Any:
    """Copy the model and round its embedding to 255 levels, so that each number fits into a byte.

    This is uniform symmetric quantisation, with a power of two as the step.
    """
    words = model.layers[0]
    quantised = _layers(
        keras.layers.Embedding(words.input_dim, words.output_dim, mask_zero=True, dtype="float16")
    )
    table, *others = model.get_weights()
    # Half precision holds a power of two and its multiples up to 127 exactly.
    largest = max(float(np.quantile(np.abs(table), _WITHIN)), 1e-3)
    step = 2.0 ** np.ceil(np.log2(largest / 127))
    quantised.set_weights([step * np.clip(np.round(table / step), -127, 127), *others])
    return quantised


class _ProgressReport(keras.callbacks.Callback):  # type: ignore[misc]  # keras ships no types
    """A Keras callback that reports progress."""

    def __init__(self, progress: Progress) -> None:
        super().__init__()
        self._progress = progress
        self._epoch, self._note = 0, ""

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:  # noqa: ARG002  Keras passes it
        self._epoch = epoch

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:  # noqa: ARG002  Keras passes it
        done = (self._epoch + (batch + 1) / self.params["steps"]) / self.params["epochs"]
        self._progress(f"epoch {self._epoch + 1}{self._note}", done)

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:  # noqa: ARG002  Keras passes it
        self._note = f", validation accuracy {(logs or {}).get('val_accuracy', 0.0):.3f}"
