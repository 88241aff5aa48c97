"""The `deep` kind: a bidirectional LSTM over word embeddings, with a softmax over ten deciles."""

import math
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import pandas as pd
import tensorflow as tf

from scoring.keras_checks import MAX_LENGTH
from scoring.sequences import padded
from scoring.tensorflow_network import read_keras
from scoring.text import TREEBANK, word_ids
from shared.model import TEXT
from training.data import DEV, TRAIN
from training.hdf5 import quiet_about_hdf5, save_hdf5

DECILES = 10

#: The most words kept; with 64 numbers each they take 3 MB.
MAX_WORDS = 12_000
EMBEDDING_SIZE = 64
LSTM_UNITS = 64
DROPOUT = 0.4
BATCH_ROWS = 128

#: Epochs without a better validation accuracy before training stops.
PATIENCE = 2

Progress = Callable[[str, float], None]


def fit_deep(
    frame: pd.DataFrame, folder: Path, *, seed: int, epochs: int, progress: Progress
) -> dict[str, int]:
    """Train, and leave the epoch with the best validation accuracy as `folder/model.hdf5`.

    Args:
        frame: `text`, `score`, `coarse` and `split`, as `training.data.split` gives it.
        folder: where the model file goes.
        seed: of the weights, the dropout and the order of the batches.
        epochs: the most epochs.
        progress: told what is being done, and the share of it that is done.

    Returns:
        The word index: word -> 1 .. number of words; 0 is padding, and any word that is not in it.
    """
    quiet_about_hdf5()
    keras.utils.set_random_seed(seed)
    tf.config.experimental.enable_op_determinism()
    train, dev = frame[frame["split"] == TRAIN], frame[frame["split"] == DEV]
    word_idx = _count_words(train[TEXT])
    model = _network(len(word_idx) + 1)
    # ModelCheckpoint accepts only .keras and .h5; the .hdf5 is made of the best file afterwards.
    best = folder / "best.h5"
    model.fit(
        _Batches(train, word_idx, seed),
        validation_data=_Batches(dev, word_idx, seed),
        epochs=epochs,
        verbose=0,
        callbacks=[
            keras.callbacks.ModelCheckpoint(best, monitor="val_accuracy", save_best_only=True),
            keras.callbacks.EarlyStopping(monitor="val_accuracy", patience=PATIENCE),
            _Report(progress),
        ],
    )
    # Loading without compiling leaves the optimizer's state behind: two thirds of the file.
    save_hdf5(read_keras(best), folder / "model.hdf5")
    best.unlink()
    return word_idx


def decile_shares(
    scores: npt.NDArray[np.float64], coarse: npt.NDArray[np.bool_]
) -> npt.NDArray[np.float32]:
    """The classes to learn: row n has its weight in the decile of score n.

    Args:
        scores: n numbers in 0..1.
        coarse: n flags: the score is the middle of its fifth, and stands for both deciles of it.

    Returns:
        n rows of 10 weights with the sum 1.
    """
    upper = np.minimum(DECILES - 1, (scores * DECILES).astype(int))
    lower = np.where(coarse, upper - 1, upper)
    shares = np.zeros((len(scores), DECILES), dtype=np.float32)
    rows = np.arange(len(scores))
    np.add.at(shares, (rows, upper), 0.5)
    np.add.at(shares, (rows, lower), 0.5)
    return shares


def _count_words(texts: pd.Series) -> dict[str, int]:
    counts = Counter(word for text in texts for word in TREEBANK.words(text))
    # By count, then by the word itself: the same data gives the same numbers.
    ranked = sorted(counts, key=lambda word: (-counts[word], word))
    return {word: number for number, word in enumerate(ranked[:MAX_WORDS], start=1)}


def _network(words: int) -> Any:
    model = keras.Sequential(
        [
            keras.Input((None,), dtype="int32"),
            keras.layers.Embedding(words, EMBEDDING_SIZE, mask_zero=True),
            keras.layers.SpatialDropout1D(DROPOUT),
            keras.layers.Bidirectional(keras.layers.LSTM(LSTM_UNITS)),
            keras.layers.Dropout(DROPOUT),
            keras.layers.Dense(DECILES, activation="softmax"),
        ]
    )
    # XLA would compile anew for every length of batch.
    model.compile("adam", "categorical_crossentropy", metrics=["accuracy"], jit_compile=False)
    return model


class _Batches(keras.utils.PyDataset):  # type: ignore[misc]  # keras ships no types
    """Batches of texts of like length, in an order that is new in each epoch."""

    def __init__(self, frame: pd.DataFrame, word_idx: dict[str, int], seed: int) -> None:
        super().__init__()
        ids = word_ids(frame[TEXT], word_idx, TREEBANK, MAX_LENGTH)
        self._random = np.random.default_rng(seed)
        order = self._random.permutation(len(ids))
        lengths = np.array([len(row) for row in ids])
        order = order[np.argsort(lengths[order], kind="stable")]
        shares = decile_shares(frame["score"].to_numpy(), frame["coarse"].to_numpy(dtype=bool))
        self._batches = [
            (padded([ids[row] for row in rows], max(1, *lengths[rows])), shares[rows])
            for rows in np.array_split(order, math.ceil(len(order) / BATCH_ROWS))
        ]
        self.on_epoch_end()

    def __len__(self) -> int:
        return len(self._batches)

    def __getitem__(self, number: int) -> Any:
        return self._batches[self._order[number]]

    def on_epoch_end(self) -> None:
        """Shuffle the batches."""
        self._order = self._random.permutation(len(self._batches))


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
