"""Models whose scores tell which version gave them, and bad ones; plugins for tests."""

import os
import signal
import time
from pathlib import Path
from typing import Self

import pandas as pd
from typing_extensions import override

from shared.card import Card
from shared.model import SCORE, Model


class ConstantModel(Model):
    """Gives every text one score. The model file holds it, and the seconds that a row takes."""

    def __init__(self, card: Card, score: float, seconds_per_row: float) -> None:
        self.card = card
        self._score = score
        self._seconds_per_row = seconds_per_row

    @classmethod
    @override
    def load(cls, folder: Path, card: Card) -> Self:
        score, seconds_per_row = (folder / card.model_file).read_text().split()
        return cls(card, float(score), float(seconds_per_row))

    @override
    def score(self, frame: pd.DataFrame) -> pd.DataFrame:
        time.sleep(self._seconds_per_row * len(frame))
        return pd.DataFrame({SCORE: self._score}, index=frame.index)

    @override
    def warm_up(self) -> None:
        pass


class CrashingModel(ConstantModel):
    """Kills the process that loads it."""

    @override
    def warm_up(self) -> None:
        os.kill(os.getpid(), signal.SIGSEGV)


class RaisingModel(ConstantModel):
    """Can be loaded, and raises on every text."""

    @override
    def score(self, frame: pd.DataFrame) -> pd.DataFrame:
        raise LookupError("it knows no word of this language")
