"""Runs a Keras model that takes word numbers, saved as HDF5; compiled, or in TensorFlow.

Neither ONNX Runtime nor TensorFlow is imported here before a model needs it.
"""

from functools import lru_cache
from pathlib import Path
from typing import Any, Self

import pandas as pd

from scoring.networks.keras_checks import check_word_numbers
from scoring.networks.keras_network import Network
from scoring.networks.text import Tokeniser, WordNumbers, read_word_index, tokeniser_for
from shared.errors.model import NoRuntime, UnusableModel
from shared.model import SCORE, TEXT, Card

WORD_INDEX_FILE = "word_idx.json"

#: The compiled form of a model, beside its `model.hdf5`; `training.onnx.compile` writes it.
COMPILED_FILE = "model.onnx"

#: The figure in its card: the greatest difference of a score from TensorFlow's.
COMPILED_FIGURE = "onnx.max_difference"


class KerasModel:
    """A Keras model and its word index behind the seam `shared.model.Model`."""

    def __init__(self, network: Network, numbers: WordNumbers, card: Card) -> None:
        self.card = card
        self.network = network
        self._numbers = numbers

    @classmethod
    def load(cls, folder: Path, card: Card) -> Self:
        """Load `word_idx.json`, and `model.onnx` if the model was compiled, else `model.hdf5`.

        Raises:
            shared.errors.model.UnusableModel: a file cannot be read, or the model does not score
                texts.
            shared.errors.model.NoRuntime: what runs the model is not installed.
        """
        try:
            numbers = word_numbers(read_word_index(folder / WORD_INDEX_FILE), card.options)
            network = _network(folder, card)
            check_word_numbers(numbers.highest, network.words)
        except ValueError as error:
            raise UnusableModel(path=folder / card.model_file, reason=str(error)) from error
        return cls(network, numbers, card)

    def score(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Score a frame with a column `text`; see `shared.model.Model.score`."""
        ids = self._numbers.rows(frame[TEXT].tolist(), self.network.max_length)
        return pd.DataFrame({SCORE: self.network.scores(ids)}, index=frame.index)

    def warm_up(self) -> None:
        """Run a short row, and a full batch of longest ones: the most memory it will take."""
        words, longest = self.network.words, self.network.max_length
        for rows in (1, self.network.batch_rows):
            # Rows that differ, for equal ones are scored once.
            self.network.scores([[n % words] * longest for n in range(1, rows + 1)])


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
    network = _network_of(model)
    numbers = word_numbers(word_idx, {})
    scored = text_data.copy()
    scored[SCORE] = network.scores(numbers.rows(text_data[TEXT].tolist(), network.max_length))
    return scored


def word_numbers(word_idx: dict[str, int], options: dict[str, Any]) -> WordNumbers:
    """What gives texts the numbers of their words, cut as a card's options say, or as suits them.

    Raises:
        ValueError: the options' token pattern is wrong; the text says why.
    """
    if "token_pattern" in options:
        return WordNumbers(word_idx, Tokeniser.from_options(options))
    return WordNumbers(word_idx, tokeniser_for(word_idx))


@lru_cache(maxsize=1)
def _network_of(model: Any) -> Network:
    from scoring.networks.tensorflow_network import TensorFlowNetwork  # noqa: PLC0415  see the docstring

    # Compiled once per model: a call for one row must not pay for tracing each time.
    return TensorFlowNetwork(model)


def _network(folder: Path, card: Card) -> Network:
    if COMPILED_FILE in card.files:
        try:
            from scoring.networks.onnx_network import OnnxNetwork  # noqa: PLC0415  see the docstring
        except ImportError as error:
            raise NoRuntime(name=card.name, format=card.format, reason=error) from error
        return OnnxNetwork(folder / COMPILED_FILE, card.options)
    try:
        from scoring.networks.tensorflow_network import (  # noqa: PLC0415  see the docstring
            TensorFlowNetwork,
            read_keras,
            use_one_thread,
        )
    except ImportError as error:
        reason = f"{error}, and the model is not compiled: {COMPILED_FILE} is not in its card"
        raise NoRuntime(name=card.name, format=card.format, reason=reason) from error
    use_one_thread()
    return TensorFlowNetwork(read_keras(folder / card.model_file), card.options)
