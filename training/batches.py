"""Batches of texts for training a network that reads word numbers."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from scoring.networks.sequences import length_batches, padded

#: The maximum number of rows of a batch, and of word numbers in it.
BATCH_ROWS, BATCH_WORDS = 128, 16_384


class Batches(keras.utils.PyDataset):  # type: ignore[misc]  # keras ships no types
    """Batches of texts of similar length, shuffled before each epoch."""

    def __init__(
        self,
        ids: Sequence[Sequence[int]],
        targets: npt.NDArray[np.float32],
        *,
        seed: int,
        drop: float = 0.0,
    ) -> None:
        """Sort texts into batches.

        Args:
            ids: the word numbers of n texts.
            targets: array with n rows: what the network should learn.
            seed: the seed of the order and of the dropped words.
            drop: the share of words replaced by 0 at random, anew in each epoch (word dropout;
                Iyyer et al., ACL 2015), so that the network does not rely on single words.
        """
        super().__init__()
        self._random = np.random.default_rng(seed)
        self._drop = drop
        order = self._random.permutation(len(ids))
        self._batches = [
            (padded([ids[row] for row in order[drawn]], longest), targets[order[drawn]])
            for drawn, longest in length_batches(
                [len(ids[row]) for row in order], BATCH_ROWS, BATCH_WORDS
            )
        ]
        self.on_epoch_end()

    def __len__(self) -> int:
        return len(self._batches)

    def __getitem__(self, number: int) -> Any:
        array, targets = self._batches[self._order[number]]
        if self._drop:
            array = np.where(self._random.random(array.shape) < self._drop, 0, array)
        return array, targets

    def on_epoch_end(self) -> None:
        """Shuffle the batches."""
        self._order = self._random.permutation(len(self._batches))
