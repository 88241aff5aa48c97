"""Opinions: a larger model's predictions for texts, which a smaller model learns from.

This is knowledge distillation (Hinton, Vinyals and Dean, 2015).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from shared.model import TEXT
from training.data import TRAIN
from training.deciles import DECILES
from training.word_vectors import Vectors

_MIDDLES = (np.arange(DECILES) + 0.5) / DECILES


@dataclass(frozen=True)
class Opinions:
    """Predictions for texts, with or without labels.

    Attributes:
        texts: n distinct texts.
        shares: an array of n x 10 probabilities, one per decile of the score.
    """

    texts: Sequence[str]
    shares: npt.NDArray[np.float32]

    @cached_property
    def _row_of(self) -> dict[str, int]:
        return {text: row for row, text in enumerate(self.texts)}

    def shares_of(self, texts: Iterable[str]) -> npt.NDArray[np.float32]:
        """The probabilities for m texts, an array of m x 10; NaN for a text without an opinion."""
        rows = np.array([self._row_of.get(text, -1) for text in texts], dtype=np.intp)
        shares = np.full((len(rows), DECILES), np.nan, dtype=np.float32)
        shares[rows >= 0] = self.shares[rows[rows >= 0]]
        return shares

    def scores_of(self, texts: Iterable[str]) -> npt.NDArray[np.float64]:
        """The expected scores of m texts, in 0..1; NaN for a text without an opinion."""
        return np.asarray(self.shares_of(texts) @ _MIDDLES, dtype=np.float64)

    def add_texts(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Append to labelled rows one row for each text that has an opinion and no label.

        The score of a new row is NaN, and its split `train`.
        """
        known = set(frame[TEXT])
        texts = [text for text in self.texts if text not in known]
        unlabelled = pd.DataFrame(
            {
                TEXT: texts,
                "score": np.nan,
                "coarse": False,
                "bare": False,
                "split": TRAIN,
                "source": "unlabelled",
            }
        )
        return pd.concat([frame, unlabelled], ignore_index=True)


@dataclass(frozen=True)
class Lessons:
    """Everything that a model may learn besides labels.

    Attributes:
        opinions: another model's opinions of texts, with and without labels.
        vectors: word -> vector; the word index of a new model starts with these words.
    """

    opinions: Opinions
    vectors: Vectors

    def save(self, path: Path) -> None:
        """Write the lessons to a compressed NumPy file (`.npz`)."""
        np.savez_compressed(
            path,
            texts=np.array(self.opinions.texts),
            shares=self.opinions.shares,
            words=np.array(list(self.vectors)),
            vectors=np.array(list(self.vectors.values())),
        )

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a file that `save` wrote."""
        with np.load(path) as file:
            opinions = Opinions(file["texts"].tolist(), file["shares"])
            return cls(opinions, dict(zip(file["words"].tolist(), file["vectors"], strict=True)))
