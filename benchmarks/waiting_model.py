"""A model that only waits, so that the cores are no limit and only the service's cost remains.

It has its own runtime, which is found by its entry point, as that of any package.
"""

import time
from pathlib import Path
from typing import Self

import pandas as pd
from typing_extensions import override

from shared.card import Card
from shared.model import SCORE, Model


class WaitingModel(Model):
    """A model that takes a fixed time per row and no processor time, and scores every row as 0.5.

    The model file holds the seconds per row.
    """

    def __init__(self, card: Card, seconds_per_row: float) -> None:
        self.card = card
        self.seconds_per_row = seconds_per_row

    @classmethod
    @override
    def load(cls, folder: Path, card: Card) -> Self:
        return cls(card, float((folder / card.model_file).read_text()))

    @override
    def score(self, frame: pd.DataFrame) -> pd.DataFrame:
        time.sleep(self.seconds_per_row * len(frame))
        return pd.DataFrame({SCORE: 0.5}, index=frame.index)

    @override
    def warm_up(self) -> None:
        pass
