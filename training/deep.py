"""The `deep` kind: a bidirectional LSTM over word embeddings, with a softmax over ten deciles."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import pandas as pd
import tensorflow as tf

from scoring.networks.sequences import length_batches, padded
from scoring.networks.tensorflow_network import read_keras
from scoring.networks.text import word_ids
from shared.model import TEXT
from training.batches import BATCH_ROWS, BATCH_WORDS, Batches
from training.data import DEV, TRAIN
from training.deciles import DECILES, believed, possible_deciles
from training.hdf5 import quiet_about_hdf5, save_hdf5
from training.opinions import Opinions
from training.vocabulary import TOKENISER, numbered_words
from training.word_vectors import EMBEDDING_SIZE, Vectors, initial_vectors

#: The words read of a text. Short texts do not pay for it: rows of like length go together.
MAX_LENGTH = 256

#: The words that are learnt from at a time: a longer text takes longer, and teaches no more.
LEARNT_LENGTH = 128

#: The most words kept; with 100 numbers of one byte each they take 3.1 MB. A compiled model looks
#: up what each adds to the gates (`training.onnx.folding`), which takes 64 MB of memory.
MAX_WORDS = 31_000
LSTM_UNITS = 64
DROPOUT = 0.3
WORD_DROPOUT = 0.05

#: Word vectors come with this mean length: much less, and the gates of the LSTM stay shut; much
#: more, and they are saturated before anything is learnt.
VECTOR_LENGTH = 3.0

#: The weights that are measured and kept are a moving average over about a thousand batches
#: (Polyak and Juditsky, 1992), or fewer where an epoch has fewer.
_AVERAGED_BATCHES = 1000

#: The share of an embedding's numbers that lie within the range of a byte; the others are cut off.
_WITHIN = 0.9995

#: Epochs without a better validation accuracy before training stops.
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
    """Train, and leave the epoch with the best validation accuracy as `folder/model.hdf5`.

    With teachers, so many models are trained first, and the one that is kept learns from their mean
    opinion as well as from the labels (Hinton, Vinyals and Dean, 2015): it comes close to what all
    of them know together, at the cost of one.

    Args:
        frame: `text`, `score`, `coarse`, `bare`, `source` and `split`, as `training.data.split`
            gives it.
        folder: where the model file goes.
        seed: of the weights, the dropout and the order of the batches.
        epochs: the most epochs.
        progress: told what is being done, and the share of it that is done.
        teachers: models to learn from.
        given: vectors of words that are known before; others are fitted to them.
        opinions: what another model says of texts; rows without a label have nothing else.

    Returns:
        The word index: word -> 1 .. number of words; 0 is padding, and any word that is not in it.
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
        possible = believed(opinions.of(train[TEXT]), possible)
    # Words that are unknown are skipped, as they will be when texts are scored.
    ids, ids_dev = (
        [list(filter(None, row)) for row in rows]
        for rows in (numbers, word_ids(dev[TEXT], word_idx, TOKENISER, MAX_LENGTH))
    )
    ids = [_part(row, number) for number, row in enumerate(ids)]
    validation = Batches(ids_dev, possible_deciles(dev), seed=seed)
    best = folder / "best.h5"

    def fit(targets: npt.NDArray[np.float32], number: int, name: str) -> Any:
        keras.utils.set_random_seed(seed + number)
        model = _network(vectors, len(ids))
        batches = Batches(ids, targets, seed=seed + number, drop=WORD_DROPOUT)
        share = 1 / (teachers + 1)
        report = _Report(lambda doing, done: progress(name + doing, (number + done) * share))
        _fit(model, batches, validation, best, epochs, report)
        return read_keras(best)

    targets = possible
    if teachers:
        mean = np.zeros_like(possible)
        for number in range(teachers):
            name = f"teacher {number + 1} of {teachers}, "
            mean += _predict(fit(possible, number, name), ids) / teachers
        targets = believed(mean, possible)
    # Loading without compiling leaves the optimizer's state behind: two thirds of the file.
    save_hdf5(_coarsened(fit(targets, teachers, "")), folder / "model.hdf5", pack=True)
    best.unlink()
    return word_idx


def _part(row: list[int], number: int) -> list[int]:
    """The beginning of a long text, or, of every other, the end of what is read."""
    return row[:LEARNT_LENGTH] if number % 2 else row[-LEARNT_LENGTH:]


def _network(vectors: npt.NDArray[np.float32], rows: int) -> Any:
    words, size = vectors.shape
    model = _layers(keras.layers.Embedding(words, size, mask_zero=True))
    model.layers[0].set_weights([vectors])
    averaged = min(_AVERAGED_BATCHES, max(10, rows // BATCH_ROWS))
    model.compile(
        keras.optimizers.Adam(clipnorm=1.0, use_ema=True, ema_momentum=1 - 1 / averaged),
        _surprise,
        metrics=[_Accuracy()],
        # XLA would compile anew for every length of batch.
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
    # ModelCheckpoint accepts only .keras and .h5; the .hdf5 is made of the best file afterwards.
    model.fit(
        batches,
        validation_data=validation,
        epochs=epochs,
        verbose=0,
        callbacks=[
            # First, so that the averaged weights are those that are measured and saved.
            keras.callbacks.SwapEMAWeights(swap_on_epoch=True),
            keras.callbacks.ModelCheckpoint(
                best, monitor="val_accuracy", mode="max", save_best_only=True
            ),
            keras.callbacks.EarlyStopping(monitor="val_accuracy", mode="max", patience=PATIENCE),
            report,
        ],
    )


def _surprise(targets: Any, shares: Any) -> Any:
    """Cross-entropy with target shares.

    Where several deciles are possible: minus the log likelihood of them together.
    """
    shares = keras.ops.clip(shares, 1e-7, 1.0)
    total = keras.ops.sum(targets, axis=-1)
    together = -keras.ops.log(keras.ops.sum(targets * shares, axis=-1))
    cross_entropy = -keras.ops.sum(targets * keras.ops.log(shares), axis=-1)
    # Possible deciles are ones: their sum is a whole number, and more than 1 if there are several.
    return keras.ops.where(total > 1.5, together, cross_entropy)


class _Accuracy(keras.metrics.MeanMetricWrapper):  # type: ignore[misc]  # keras ships no types
    """The share of the rows off the middle fifth whose score is on the right side of 0.5."""

    def __init__(self) -> None:
        super().__init__(_right_side, name="accuracy")


def _right_side(targets: Any, shares: Any) -> Any:
    middles = keras.ops.convert_to_tensor((np.arange(DECILES) + 0.5) / DECILES, "float32")
    wanted = keras.ops.sum(targets * middles, axis=-1) / keras.ops.sum(targets, axis=-1)
    right = (keras.ops.sum(shares * middles, axis=-1) >= 0.5) == (wanted > 0.5)
    # Neutral rows count as right: they change nothing in which epoch is the best.
    return keras.ops.cast(right | (keras.ops.abs(wanted - 0.5) < 0.09), "float32")


def _predict(model: Any, ids: Sequence[Sequence[int]]) -> npt.NDArray[np.float32]:
    shares = np.zeros((len(ids), DECILES), dtype=np.float32)
    for rows, longest in length_batches([len(row) for row in ids], BATCH_ROWS, BATCH_WORDS):
        shares[rows] = model.predict_on_batch(padded([ids[row] for row in rows], longest))
    return shares


def _coarsened(model: Any) -> Any:
    """The same model with each number of its embedding one of 255, which a byte can hold."""
    words = model.layers[0]
    coarsened = _layers(
        keras.layers.Embedding(words.input_dim, words.output_dim, mask_zero=True, dtype="float16")
    )
    table, *others = model.get_weights()
    # A step is a power of two, so that half precision holds it, and its multiples, exactly.
    largest = max(float(np.quantile(np.abs(table), _WITHIN)), 1e-3)
    step = 2.0 ** np.ceil(np.log2(largest / 127))
    coarsened.set_weights([step * np.clip(np.round(table / step), -127, 127), *others])
    return coarsened


class _Report(keras.callbacks.Callback):  # type: ignore[misc]  # keras ships no types
    """Passes on how far training is."""

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
