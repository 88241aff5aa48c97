"""From rows of word numbers to scores, whatever runs the network in between."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from scoring.class_values import expected_score, given_values, interval_middles
from scoring.networks.keras_checks import checked_length
from scoring.networks.sequences import length_batches, padded

#: Rows per call, of 64 .. 512 the fastest on one core with the bundled model; and the most words in
#: them, for what is made of every word of a batch may be in memory at once.
_BATCH_ROWS, _BATCH_WORDS = 256, 16_384


class Network(ABC):
    """A Keras model that takes rows of word numbers.

    Attributes:
        max_length: the words of a text that it reads.
        words: the numbers that its embedding knows: 0 .. words - 1.
        padding: where zeros fill a row up, `post` (after the words) or `pre`.
        batch_rows: the most rows of a call.
        skips_zeros: every layer skips zeros, wherever they are, so rows may be given without them,
            and filled up after their numbers, to no more than the longest of their batch.
    """

    def __init__(self, length: int | None, words: int, options: dict[str, Any]) -> None:
        """Take what the model and its card say.

        Args:
            length: of the model's input; None where it is open.
            words: the rows of its embedding.
            options: `max_length` and `padding`, where the defaults are not meant.

        Raises:
            ValueError: the options are wrong, or do not fit the model.
        """
        self.max_length = checked_length(length, options.get("max_length"))
        self.words = words
        self.padding = options.get("padding", "post")
        if self.padding not in ("post", "pre"):
            raise ValueError("its card's padding is neither post nor pre")
        self.batch_rows = max(1, min(_BATCH_ROWS, _BATCH_WORDS // self.max_length))
        self.skips_zeros = False
        self._values: npt.NDArray[np.float64] | None = None

    @abstractmethod
    def outputs(self, rows: npt.NDArray[np.int32]) -> npt.NDArray[np.float32]:
        """What the model gives n rows of word numbers: n rows of K numbers."""

    def scores(self, ids: list[list[int]]) -> npt.NDArray[np.float64]:
        """The scores in 0..1 of n rows of at most `max_length` word numbers each.

        Equal rows are scored once, and rows of like length together.
        """
        places: dict[tuple[int, ...], int] = {}
        taken = (filter(None, row) for row in ids) if self.skips_zeros else ids
        place_of = [places.setdefault(tuple(row), len(places)) for row in taken]
        rows = list(places)
        scores = np.empty(len(rows))
        # Without its zeros a short row leaves room for more of them in a call.
        most = _BATCH_ROWS if self.skips_zeros else self.batch_rows
        lengths = [len(row) for row in rows]
        for batch, longest in length_batches(lengths, most, _BATCH_WORDS):
            chosen = [rows[n] for n in batch]
            array = padded(chosen, longest) if self.skips_zeros else self.full_rows(chosen)
            scores[batch] = self.score_outputs(self.outputs(array))
        return scores[place_of]

    def score_outputs(self, outputs: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
        """The scores in 0..1 that n rows of outputs mean."""
        if self._values is None:
            return np.clip(outputs[:, 0].astype(np.float64), 0.0, 1.0)
        return expected_score(outputs, self._values)

    def full_rows(self, ids: Sequence[Sequence[int]]) -> npt.NDArray[np.int32]:
        """Rows as the model was trained on them: `max_length` long, with all their zeros."""
        return padded(ids, self.max_length, self.padding)

    def _set_classes(self, classes: int, options: dict[str, Any]) -> None:
        """Decide what each of K outputs is worth; one output is the score itself.

        Raises:
            ValueError: the options' `class_values` do not fit.
        """
        if classes > 1:
            given = given_values(options, classes)
            self._values = interval_middles(classes) if given is None else given
