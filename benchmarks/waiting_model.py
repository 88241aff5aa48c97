"""A model that only waits, so that the cores are no limit and only the service's cost remains.

It has its own runtime, which is found by its entry point, as that of any package.
"""

import time
from pathlib import Path
from typing import Self

import pandas as pd

from shared.model import SCORE, Card


class WaitingModel:
    """A model that takes a fixed time per row, and no processor time."""

    def __init__(self, card: Card, seconds_per_row: float) -> None:
        self.card = card
        self._seconds_per_row = seconds_per_row

    @classmethod
    def load(cls, folder: Path, card: Card) -> Self:
        """Read the time per row from the model file; see `shared.model.Model.load`."""
        return cls(card, float((folder / card.model_file).read_text()))

    def score(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Wait, and score every row as 0.5; see `shared.model.Model.score`."""
        time.sleep(self._seconds_per_row * len(frame))
        return pd.DataFrame({SCORE: 0.5}, index=frame.index)

    def warm_up(self) -> None:
        """Do nothing: the model needs no warm-up."""
