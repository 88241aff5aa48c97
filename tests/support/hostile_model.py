"""A model that crashes, hangs, raises or leaks on certain texts; its runtime is a plugin."""

import os
import signal
import time
from pathlib import Path
from typing import Self
from zlib import crc32

import pandas as pd
from typing_extensions import override

from shared.card import Card
from shared.model import SCORE, TEXT, Model

#: Texts on which the process dies of a segmentation fault, on which it hangs, on which the model
#: raises, and on which it leaks `LEAK_BYTES`.
CRASHES, HANGS, RAISES, LEAKS = "crash", "hang", "raise", "leak"

LEAK_BYTES = 64 * 2**20


class HostileModel(Model):
    """Scores a text by its checksum, so that a test can compute the score of each row.

    The model file holds the seconds that a row takes; with the word `calm` after them, the model
    scores every text.
    """

    def __init__(self, card: Card, seconds_per_row: float, *, calm: bool = False) -> None:
        self.card = card
        self._seconds_per_row = seconds_per_row
        self._calm = calm
        self._leaked: list[bytes] = []

    @classmethod
    @override
    def load(cls, folder: Path, card: Card) -> Self:
        seconds_per_row, *calm = (folder / card.model_file).read_text().split()
        return cls(card, float(seconds_per_row), calm=bool(calm))

    @override
    def score(self, frame: pd.DataFrame) -> pd.DataFrame:
        special = set(frame[TEXT]) & {CRASHES, HANGS, RAISES, LEAKS}
        if self._calm:
            special = set()
        if CRASHES in special:
            os.kill(os.getpid(), signal.SIGSEGV)
        while HANGS in special:
            time.sleep(60)
        if RAISES in special:
            raise ValueError("a text that this model cannot score")
        if LEAKS in special:
            self._leaked.append(b"\1" * LEAK_BYTES)
        time.sleep(self._seconds_per_row * len(frame))
        scores = [checksum_score(text) for text in frame[TEXT]]
        return pd.DataFrame({SCORE: scores}, index=frame.index)

    @override
    def warm_up(self) -> None:
        pass


def checksum_score(text: str) -> float:
    """The score that `HostileModel` gives to a text, from 0 up to 1."""
    return crc32(text.encode()) / 2**32
