"""The runtime for Keras models that take word numbers, which are made from a text.

A compiled model runs in ONNX Runtime, any other in TensorFlow. Each library is imported only when
a model needs it.
"""

import copy
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd
from typing_extensions import override

from scoring.explanations.occlusion import OccludedTexts, explained_outputs
from scoring.networks.compiled import COMPILED_FILE
from scoring.networks.filtered_words import FilterTokeniser
from scoring.networks.heads import Heads
from scoring.networks.keras_checks import check_word_numbers
from scoring.networks.keras_network import Network
from scoring.networks.standardised_words import StandardisedTokeniser
from scoring.networks.text import (
    CutsWords,
    Read,
    Tokeniser,
    WordNumbers,
    read_word_index,
    tokeniser_for,
)
from scoring.words.languages import MOST_WORDS, Languages
from scoring.words.reach_columns import with_reach_columns
from shared.card import Card
from shared.errors.model import NoRuntime, UnusableModel
from shared.model import SCORE, TEXT, Model, Scorer

WORD_INDEX_FILE = "word_idx.json"


class KerasModel(Model):
    """A Keras model and its word index.

    `load` reads `word_idx.json`, and `model.onnx` if the model was compiled, else `model.hdf5`. It
    raises `shared.errors.model.NoRuntime` if the library that runs the model is not installed.
    """

    def __init__(
        self, network: Network, numbers: WordNumbers, card: Card, heads: Heads | None = None
    ) -> None:
        """Join a network and its words.

        Args:
            network: scores rows of word numbers.
            numbers: turns texts into such rows.
            card: the card of the model.
            heads: what the network's outputs are; None: a score of sentiment, and nothing else.
        """
        self.card = card
        self.network = network
        self._numbers = numbers
        self._heads = heads
        #: Whether `score` also tells what it has read of each text.
        self._counts = False
        if explained_outputs(card.signature.outputs):
            self.explained_by = "occlusion"

    @property
    def classes(self) -> dict[str, float]:
        """What each output is worth in a score, by its number from 1; empty if there is one."""
        if self._heads is not None:
            return self._heads.worth
        values = self.network.class_values
        numbered = enumerate([] if values is None else values.tolist(), start=1)
        return {f"output {number}": value for number, value in numbered}

    @classmethod
    @override
    def load(cls, folder: Path, card: Card) -> Self:
        try:
            numbers = word_numbers(read_word_index(folder / WORD_INDEX_FILE), card.options)
            network = _network(folder, card)
            check_word_numbers(numbers.highest, network.words)
            heads = Heads.of_card(card)
            if heads is not None and heads.units != network.units:
                raise ValueError("its card's heads do not fit its outputs")  # noqa: TRY301  likewise
        except ValueError as error:
            raise UnusableModel(path=folder / card.model_file, reason=str(error)) from error
        return cls(network, numbers, card, heads)

    @override
    def score(self, frame: pd.DataFrame) -> pd.DataFrame:
        texts, longest = frame[TEXT].tolist(), self.network.max_length
        if not self._counts:
            return self._scored(self._numbers.rows(texts, longest), frame)
        read = [self._numbers.read(text, longest) for text in texts]
        found = self._scored([one.numbers for one in read], frame)
        return self._with_reach_columns(found, texts, read)

    @override
    def reach(self, frame: pd.DataFrame) -> pd.DataFrame:
        texts = frame[TEXT].tolist()
        read = [self._numbers.read(text, self.network.max_length) for text in texts]
        return self._with_reach_columns(pd.DataFrame(index=frame.index), texts, read)

    @override
    def with_reach(self) -> Model:
        # Once, not for each copy: it looks at thousands of words.
        _ = self._languages
        counting = copy.copy(self)
        counting._counts = True
        return counting

    def _with_reach_columns(
        self, found: pd.DataFrame, texts: list[str], read: list[Read]
    ) -> pd.DataFrame:
        counts = np.array([(one.words, one.known) for one in read], dtype=np.int32).reshape(-1, 2)
        cut = np.array([one.cut for one in read], dtype=bool)
        return with_reach_columns(found, texts, counts, self._languages, cut)

    @cached_property
    def _languages(self) -> Languages:
        return Languages(self._numbers.some_words(MOST_WORDS), self.card.usual_known_words)

    def _scored(self, ids: list[list[int]], frame: pd.DataFrame) -> pd.DataFrame:
        if self._heads is not None:
            columns = self._heads.result(self.network.all_outputs(ids))
            return pd.DataFrame(columns, index=frame.index)
        return pd.DataFrame({SCORE: self.network.scores(ids)}, index=frame.index)

    @override
    def explained(self, terms: int) -> Scorer:
        if not self.explained_by:
            return super().explained(terms)
        return OccludedTexts(self, self, terms)

    @override
    def warm_up(self) -> None:
        # One row, and then a full batch of the longest rows, which takes the peak memory.
        words, longest = self.network.words, self.network.max_length
        for rows in (1, self.network.batch_rows):
            # The rows must differ: equal rows are scored only once.
            self.network.scores([[n % words] * longest for n in range(1, rows + 1)])


def get_sentiment_DL(  # noqa: N802  the function's name in the article that it comes from
    model: Any, text_data: pd.DataFrame, word_idx: dict[str, int]
) -> pd.DataFrame:
    """Score texts with a Keras model that has no card and no model folder.

    Args:
        model: a Keras model that takes rows of word numbers and returns either K class
            probabilities, from the most negative class to the most positive, or one number in 0..1.
        text_data: a frame with a column `text` of str; other columns are copied.
        word_idx: word -> number, the word index that the model was trained with.

    Returns:
        A copy of `text_data` with a column `Sentiment_Score`, float64 in 0..1. With K class
        probabilities it is the expected midpoint of K equal intervals of 0..1 (with two classes,
        the probability of the second); otherwise it is the one number.

    Raises:
        ValueError: the model does not have this form; the message says why.
    """
    network = _network_of(model)
    numbers = word_numbers(word_idx, {})
    scored = text_data.copy()
    scored[SCORE] = network.scores(numbers.rows(text_data[TEXT].tolist(), network.max_length))
    return scored


def word_numbers(word_idx: dict[str, int], options: dict[str, Any]) -> WordNumbers:
    """Make the converter from texts to word numbers.

    Args:
        word_idx: word -> number.
        options: the card's options. Without `filters`, `standardize` and `token_pattern` the
            tokeniser is guessed from the word index.

    Raises:
        ValueError: an option is wrong; the message says why.
    """
    given = {key: options[key] for key in ("unknown", "truncating") if key in options}
    return WordNumbers(word_idx, _tokeniser(word_idx, options), **given)


def _tokeniser(word_idx: dict[str, int], options: dict[str, Any]) -> CutsWords:
    if "filters" in options:
        return FilterTokeniser.from_options(options)
    if "standardize" in options:
        return StandardisedTokeniser.from_options(options)
    if "token_pattern" in options:
        return Tokeniser.from_options(options)
    return tokeniser_for(word_idx)


@lru_cache(maxsize=1)
def _network_of(model: Any) -> Network:
    from scoring.networks.tensorflow_network import TensorFlowNetwork  # noqa: PLC0415  see the docstring

    # Cached, because tracing the model in TensorFlow takes far longer than scoring one row.
    return TensorFlowNetwork(model)


def _network(folder: Path, card: Card) -> Network:
    if COMPILED_FILE in card.files:
        try:
            from scoring.networks.onnx_network import OnnxNetwork  # noqa: PLC0415  see the docstring
        except ImportError as error:
            raise NoRuntime(name=card.name, format=card.format, reason=error) from error
        return OnnxNetwork(folder / COMPILED_FILE, card.options)
    try:
        from scoring.networks.keras_files import read_keras  # noqa: PLC0415  see the docstring
        from scoring.networks.tensorflow_network import (  # noqa: PLC0415  see the docstring
            TensorFlowNetwork,
            use_one_thread,
        )
    except ImportError as error:
        reason = f"{error}, and the model is not compiled: {COMPILED_FILE} is not in its card"
        raise NoRuntime(name=card.name, format=card.format, reason=reason) from error
    use_one_thread()
    return TensorFlowNetwork(read_keras(folder / card.model_file), card.options)
