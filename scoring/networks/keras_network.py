"""The base class of Keras networks: turns rows of word numbers into scores."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from scoring.class_values import expected_score, given_values, interval_middles
from scoring.networks.heads import HEADS
from scoring.networks.keras_checks import checked_length
from scoring.networks.sequences import length_batches, padded

#: The maximum number of rows per call, and of words in them. Of 64 .. 512 rows, 256 was the fastest
#: on one core with the bundled model. The limit on words bounds memory: the activations of all
#: words of a batch may be in memory at once.
_BATCH_ROWS, _BATCH_WORDS = 256, 16_384


class Network(ABC):
    """A Keras model that takes rows of word numbers. A subclass runs it.

    Attributes:
        max_length: the number of words read from a text.
        words: the number of rows of the embedding; word numbers are 0 .. words - 1.
        padding: where zeros pad a row: `post` (after the words) or `pre` (before them).
        batch_rows: the maximum number of rows per call.
        units: how many numbers it gives for a row, K.
        class_values: the value of each of K outputs, in 0..1; None if the one output is the score,
            or if the card says in another way what the outputs are.
        skips_zeros: every layer skips zeros at any position. Rows may then be passed without their
            zeros, and padded at the end only to the length of the longest row of the batch.
    """

    def __init__(self, length: int | None, words: int, options: dict[str, Any]) -> None:
        """Combine the properties of the model with the options of its card.

        Args:
            length: the length of the model's input; None if it is variable.
            words: the number of rows of its embedding.
            options: may hold `max_length` and `padding`, which replace the defaults.

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
        self.units = 0
        self.class_values: npt.NDArray[np.float64] | None = None

    @abstractmethod
    def outputs(self, rows: npt.NDArray[np.int32]) -> npt.NDArray[np.float32]:
        """Run the model on n rows of word numbers, all of one length; returns an array of n x K."""

    def scores(self, ids: list[list[int]]) -> npt.NDArray[np.float64]:
        """The scores in 0..1 of n rows, each of at most `max_length` word numbers."""
        return self._of_each(ids, self.score_outputs, ())

    def all_outputs(self, ids: list[list[int]]) -> npt.NDArray[np.float64]:
        """The outputs of n rows, each of at most `max_length` word numbers; n x K."""
        return self._of_each(ids, lambda outputs: outputs.astype(np.float64), (self.units,))

    def _of_each(
        self,
        ids: list[list[int]],
        result: Callable[[npt.NDArray[np.float32]], npt.NDArray[np.float64]],
        shape: tuple[int, ...],
    ) -> npt.NDArray[np.float64]:
        """What a function makes of the outputs of n rows, an array of n x `shape`.

        Equal rows are scored once. Rows of similar length are scored together, to save padding.
        """
        distinct: dict[tuple[int, ...], int] = {}
        numbers = (filter(None, row) for row in ids) if self.skips_zeros else ids
        positions = [distinct.setdefault(tuple(row), len(distinct)) for row in numbers]
        rows = list(distinct)
        results = np.empty((len(rows), *shape))
        # Without zeros, short rows take less of the word limit, so a call may hold more rows.
        batch_rows = _BATCH_ROWS if self.skips_zeros else self.batch_rows
        lengths = [len(row) for row in rows]
        for batch, longest in length_batches(lengths, batch_rows, _BATCH_WORDS):
            chosen = [rows[n] for n in batch]
            array = padded(chosen, longest) if self.skips_zeros else self.full_rows(chosen)
            results[batch] = result(self.outputs(array))
        return results[positions]

    def score_outputs(self, outputs: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
        """Turn the model's outputs, an array of n x K, into n scores in 0..1."""
        if self.class_values is None:
            return np.clip(outputs[:, 0].astype(np.float64), 0.0, 1.0)
        return expected_score(outputs, self.class_values)

    def full_rows(self, ids: Sequence[Sequence[int]]) -> npt.NDArray[np.int32]:
        """Pad rows to `max_length`, as in the model's training."""
        return padded(ids, self.max_length, self.padding)

    def _set_classes(self, classes: int, options: dict[str, Any]) -> None:
        """Set the number of outputs, and the value of each; a single output is the score itself.

        Raises:
            ValueError: `class_values` in the options do not fit.
        """
        self.units = classes
        if classes > 1 and HEADS not in options:
            given = given_values(options, classes)
            self.class_values = interval_middles(classes) if given is None else given
