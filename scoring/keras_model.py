"""Runs a Keras model that takes word numbers, saved as HDF5, in TensorFlow."""

import os
from collections.abc import Iterable
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any, Self

# Before TensorFlow is imported: no start-up notes, and for keras the one backend that is used here.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import keras
import numpy as np
import numpy.typing as npt
import pandas as pd
import tensorflow as tf

from scoring.class_values import expected_score, given_values, interval_middles
from scoring.keras_checks import check_outputs, check_word_numbers, checked_length
from scoring.sequences import length_batches, padded
from scoring.text import Tokeniser, read_word_index, tokeniser_for, word_ids
from shared.errors import UnusableModel
from shared.model import SCORE, TEXT, Card

WORD_INDEX_FILE = "word_idx.json"

#: Rows per call; of 64 .. 1024 the fastest on one core with the bundled model.
BATCH_ROWS = 256

#: The lengths of the rows of random words that are scored at load, to see what the model gives.
_TRIAL_LENGTHS = (0, 1, 2, 3, 3, 5, 8, 13)


class Network:
    """A Keras model compiled to score rows of word numbers.

    It is traced once for any number of rows and any length, so no input ever makes it trace again.

    Attributes:
        max_length: the words of a text that it reads.
        words: the numbers that its embedding knows: 0 .. words - 1.
        cuts: rows may be cut to the longest of their batch, because the padding is masked.
    """

    def __init__(self, model: Any, options: dict[str, Any] | None = None) -> None:
        """Check and compile a model.

        Args:
            model: one input of n rows of word numbers; one output of n rows of K probabilities,
                or of one number in 0..1.
            options: `max_length`, `padding` (`post` or `pre`) and `class_values`, where the file
                does not say or the defaults are not meant.

        Raises:
            ValueError: it is not such a model; the text says why.
        """
        options = options or {}
        embedding = _check_layers(model)
        length = model.input_shape[1]
        self.max_length = checked_length(length, options.get("max_length"))
        self.words: int = embedding.input_dim
        self._padding = options.get("padding", "post")
        if self._padding not in ("post", "pre"):
            raise ValueError("its card's padding is neither post nor pre")

        self._function, self.cuts = _compiled(model), False
        outputs = self._try_out()
        classes = outputs.shape[1]
        self._values = None
        if classes > 1:
            given = given_values(options, classes)
            self._values = interval_middles(classes) if given is None else given
        if embedding.mask_zero and all(layer.supports_masking for layer in model.layers):
            self._cut_if_exact(model, outputs)

    def scores(self, ids: list[list[int]]) -> npt.NDArray[np.float64]:
        """The scores in 0..1 of n rows of at most `max_length` word numbers each."""
        scores = np.empty(len(ids))
        for rows, length in length_batches([len(row) for row in ids], BATCH_ROWS):
            width = length if self.cuts else self.max_length
            batch = padded([ids[row] for row in rows], width, self._padding)
            output = self._function(batch).numpy()
            if self._values is None:
                scores[rows] = np.clip(output[:, 0].astype(np.float64), 0.0, 1.0)
            else:
                scores[rows] = expected_score(output, self._values)
        return scores

    def _try_out(self) -> npt.NDArray[np.float32]:
        """The outputs for the trial rows at full length, checked to be what a score comes from."""
        try:
            outputs = self._function(padded(self._trial_rows(), self.max_length, self._padding))
        except (ValueError, TypeError, tf.errors.OpError) as error:
            raise ValueError(f"it does not take rows of word numbers ({_brief(error)})") from error
        if not hasattr(outputs, "numpy") or outputs.shape.rank != 2:
            raise ValueError("it must have one output, of one row per text")
        checked: npt.NDArray[np.float32] = outputs.numpy()
        check_outputs(checked)
        return checked

    def _cut_if_exact(self, model: Any, expected: npt.NDArray[np.float32]) -> None:
        """Take the function of any length if it gives each trial row, cut, what it gave in full.

        What a layer says of masking cannot be relied on, so it is tried.
        """
        try:
            shorter = self._function
            if model.input_shape[1] is not None:
                shorter = _compiled(_any_length(model))
            found = [
                shorter(padded([row], max(1, len(row)), self._padding)).numpy()[0]
                for row in self._trial_rows()
            ]
        except (ValueError, TypeError, tf.errors.OpError):
            return
        if np.allclose(found, expected, rtol=0, atol=1e-5):
            self._function, self.cuts = shorter, True

    def _trial_rows(self) -> list[list[int]]:
        random = np.random.default_rng(0)
        lengths = [min(length, self.max_length) for length in _TRIAL_LENGTHS]
        return [random.integers(0, self.words, length).tolist() for length in lengths]


class KerasModel:
    """A Keras model and its word index behind the seam `shared.model.Model`."""

    def __init__(
        self, network: Network, word_idx: dict[str, int], tokeniser: Tokeniser, card: Card
    ) -> None:
        self.card = card
        self.network = network
        self._word_idx = word_idx
        self._tokeniser = tokeniser

    @classmethod
    def load(cls, folder: Path, card: Card) -> Self:
        """Load `model.hdf5` and `word_idx.json`.

        Raises:
            shared.errors.UnusableModel: a file cannot be read, or the model does not score texts.
        """
        _use_one_thread()
        path = folder / card.model_file
        try:
            word_idx = read_word_index(folder / WORD_INDEX_FILE)
            network = Network(read_keras(path), card.options)
            tokeniser = tokeniser_for(word_idx)
            if "token_pattern" in card.options:
                tokeniser = Tokeniser.from_options(card.options)
            check_word_numbers(word_idx, network.words)
        except ValueError as error:
            raise UnusableModel(path=path, reason=str(error)) from error
        return cls(network, word_idx, tokeniser, card)

    def score(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Score a frame with a column `text`; see `shared.model.Model.score`."""
        scores = _score(self.network, frame[TEXT], self._word_idx, self._tokeniser)
        return pd.DataFrame({SCORE: scores}, index=frame.index)

    def warm_up(self) -> None:
        """Run a short row, a longest row and a full batch of them: the most memory it will take."""
        longest = [1] * self.network.max_length
        for ids in ([[1]], [longest], [longest] * BATCH_ROWS):
            self.network.scores(ids)


def get_sentiment_DL(  # noqa: N802  the name it has in the article that it descends from
    model: Any, text_data: pd.DataFrame, word_idx: dict[str, int]
) -> pd.DataFrame:
    """Score texts with a Keras model; usable alone, with no card and no folder.

    Args:
        model: a Keras model that takes rows of word numbers and gives K class probabilities, from
            the most negative to the most positive, or one number in 0..1.
        text_data: column `text`, str; others stay as they are.
        word_idx: word -> number, as in the model's training.

    Returns:
        A copy of `text_data` with a column `Sentiment_Score`, float64 in 0..1: the expected middle
        of K equal intervals of 0..1 (of two classes, the second's probability), or the one number.

    Raises:
        ValueError: the model is not such a model; the text says why.
    """
    scored = text_data.copy()
    scored[SCORE] = _score(_network_of(model), text_data[TEXT], word_idx, tokeniser_for(word_idx))
    return scored


def read_keras(path: Path) -> Any:
    """Read a Keras file (`.hdf5`, `.h5` or `.keras`), without its training state.

    Raises:
        ValueError: it cannot be read; the text says why.
    """
    try:
        return keras.models.load_model(path, compile=False)
    # A damaged or foreign file ends in whatever h5py or a layer's constructor raises.
    except Exception as error:
        raise ValueError(
            f"Keras {keras.__version__} cannot read it ({type(error).__name__}: {_brief(error)}). "
            "Save the whole model with model.save('model.h5'), without Lambda or custom layers"
        ) from error


@lru_cache(maxsize=1)
def _network_of(model: Any) -> Network:
    # Compiled once per model: a call for one row must not pay for tracing each time.
    return Network(model)


def _score(
    network: Network, texts: Iterable[str], word_idx: dict[str, int], tokeniser: Tokeniser
) -> npt.NDArray[np.float64]:
    return network.scores(word_ids(texts, word_idx, tokeniser, network.max_length))


def _use_one_thread() -> None:
    # One process per core is the default; more threads in each only contend for the same cores.
    with suppress(RuntimeError):  # TensorFlow is already running here, and cannot be changed
        tf.config.threading.set_intra_op_parallelism_threads(1)
        tf.config.threading.set_inter_op_parallelism_threads(1)


def _compiled(model: Any) -> Any:
    rows_of_numbers = tf.TensorSpec((None, model.input_shape[1]), tf.int32)
    return tf.function(lambda ids: model(ids, training=False), input_signature=[rows_of_numbers])


def _any_length(model: Any) -> Any:
    """The same layers and weights, with an input whose length is open."""
    clone = keras.models.clone_model(model, input_tensors=keras.Input((None,), dtype="int32"))
    clone.set_weights(model.get_weights())
    return clone


def _check_layers(model: Any) -> Any:
    """The embedding of a model that has the right form of input."""
    if not isinstance(model.input_shape, tuple) or len(model.input_shape) != 2:
        raise ValueError("it must have one input, of rows of word numbers")
    for layer in model.layers:
        if isinstance(layer, keras.layers.Embedding):
            return layer
    raise ValueError("it has no Embedding layer, so it does not take word numbers")


def _brief(error: Exception) -> str:
    return " ".join(str(error).split())[:300]
