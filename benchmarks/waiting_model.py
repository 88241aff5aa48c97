"""A model that only waits: with it the cores are no limit, and what is left is the service's cost.

It is a runtime of its own, found by its entry point as one that a package brings.
"""

import time
from pathlib import Path
from typing import Self

import pandas as pd

from shared.model import SCORE, Card


class WaitingModel:
    """Takes a fixed time for each row, and no core."""

    def __init__(self, card: Card, seconds_per_row: float) -> None:
        self.card = card
        self._seconds_per_row = seconds_per_row

    @classmethod
    def load(cls, folder: Path, card: Card) -> Self:
        """Read from the model file how long a row takes; see `shared.model.Model.load`."""
        return cls(card, float((folder / card.model_file).read_text()))

    def score(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Wait, and score every row 0.5; see `shared.model.Model.score`."""
        time.sleep(self._seconds_per_row * len(frame))
        return pd.DataFrame({SCORE: 0.5}, index=frame.index)

    def warm_up(self) -> None:
        """There is nothing to warm up."""
