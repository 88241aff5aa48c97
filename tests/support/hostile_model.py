"""A model that does what some texts tell it: a runtime of its own, as one that a package brings."""

import os
import signal
import time
from pathlib import Path
from typing import Self
from zlib import crc32

import pandas as pd

from shared.model import SCORE, TEXT, Card

#: Texts: one on which the process dies as of a segmentation fault, one that takes for ever, one on
#: which the model raises, and one that has it hold on to 64 MB more.
CRASHES, HANGS, RAISES, LEAKS = "crash", "hang", "raise", "leak"

LEAK_BYTES = 64 * 2**20


class HostileModel:
    """Scores a text by its checksum: no two rows have the same score, and anyone can tell which.

    The model file says how long a row takes, in seconds.
    """

    def __init__(self, card: Card, seconds_per_row: float) -> None:
        self.card = card
        self._seconds_per_row = seconds_per_row
        self._leaked: list[bytes] = []

    @classmethod
    def load(cls, folder: Path, card: Card) -> Self:
        """Read how long a row takes; see `shared.model.Model.load`."""
        return cls(card, float((folder / card.model_file).read_text()))

    def score(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Score texts, and do what some of them ask for; see `shared.model.Model.score`."""
        told = set(frame[TEXT]) & {CRASHES, HANGS, RAISES, LEAKS}
        if CRASHES in told:
            os.kill(os.getpid(), signal.SIGSEGV)
        while HANGS in told:
            time.sleep(60)
        if RAISES in told:
            raise ValueError("this text is not for me")
        if LEAKS in told:
            self._leaked.append(b"\1" * LEAK_BYTES)
        time.sleep(self._seconds_per_row * len(frame))
        scores = [checksum_score(text) for text in frame[TEXT]]
        return pd.DataFrame({SCORE: scores}, index=frame.index)

    def warm_up(self) -> None:
        """There is nothing to warm up."""


def checksum_score(text: str) -> float:
    """The score that `HostileModel` gives a text."""
    return crc32(text.encode()) / 2**32
