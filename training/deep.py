"""The `deep` kind: a bidirectional LSTM over word embeddings, with a softmax over ten deciles."""

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import pandas as pd
import tensorflow as tf

from scoring.sequences import length_batches, padded
from scoring.tensorflow_network import read_keras
from scoring.text import word_ids
from shared.model import TEXT
from training.batches import BATCH_ROWS, BATCH_WORDS, Batches
from training.data import DEV, TRAIN
from training.deciles import DECILES, believed, possible_deciles
from training.emoji import READ_AS_WORDS
from training.hdf5 import quiet_about_hdf5, save_hdf5
from training.word_vectors import Vectors, initial_vectors

#: Cuts texts as the Treebank does, and reads emoji as words.
TOKENISER = READ_AS_WORDS

#: The words read of a text. Short texts do not pay for it: rows of like length go together.
MAX_LENGTH = 256

#: The most words kept; with 100 numbers each, in half precision, they take 3.2 MB.
MAX_WORDS = 16_000
EMBEDDING_SIZE = 100
LSTM_UNITS = 64
DROPOUT = 0.4
WORD_DROPOUT = 0.05

#: Word vectors come with this mean length: much less, and the gates of the LSTM stay shut; much
#: more, and they are saturated before anything is learnt.
VECTOR_LENGTH = 3.0

#: The weights that are measured and kept are a moving average over about a thousand batches
#: (Polyak and Juditsky, 1992), or fewer where an epoch has fewer.
_AVERAGED_BATCHES = 1000

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

    Returns:
        The word index: word -> 1 .. number of words; 0 is padding, and any word that is not in it.
    """
    quiet_about_hdf5()
    tf.config.experimental.enable_op_determinism()
    progress("word vectors", 0.0)
    train, dev = frame[frame["split"] == TRAIN], frame[frame["split"] == DEV]
    word_idx = _count_words(train)
    numbers = word_ids(train[TEXT], word_idx, TOKENISER, MAX_LENGTH)
    vectors = initial_vectors(numbers, word_idx, EMBEDDING_SIZE, VECTOR_LENGTH, given)
    possible = possible_deciles(train)
    # Words that are unknown are skipped, as they will be when texts are scored.
    ids, ids_dev = (
        [list(filter(None, row)) for row in rows]
        for rows in (numbers, word_ids(dev[TEXT], word_idx, TOKENISER, MAX_LENGTH))
    )
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
        opinions = np.zeros_like(possible)
        for number in range(teachers):
            name = f"teacher {number + 1} of {teachers}, "
            opinions += _predict(fit(possible, number, name), ids) / teachers
        targets = believed(opinions, possible)
    # Loading without compiling leaves the optimizer's state behind: two thirds of the file.
    save_hdf5(_halved(fit(targets, teachers, "")), folder / "model.hdf5")
    best.unlink()
    return word_idx


def _count_words(train: pd.DataFrame) -> dict[str, int]:
    """The words that are in the greatest share of a file's texts, each file with an equal say."""
    shares: dict[str, float] = defaultdict(float)
    for _, texts in train.groupby("source")[TEXT]:
        counts = Counter(word for text in texts for word in set(TOKENISER.words(text)))
        once = 1 if len(texts) < 5_000 else 2
        for word, count in counts.items():
            if count >= once:
                shares[word] += count / len(texts)
    # By share, then by the word itself: the same data gives the same numbers.
    ranked = sorted(shares, key=lambda word: (-shares[word], word))
    return {word: number for number, word in enumerate(ranked[:MAX_WORDS], start=1)}


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


def _halved(model: Any) -> Any:
    """The same model with its embedding in half precision: half of the room."""
    words = model.layers[0]
    halved = _layers(
        keras.layers.Embedding(words.input_dim, words.output_dim, mask_zero=True, dtype="float16")
    )
    halved.set_weights(model.get_weights())
    return halved


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
