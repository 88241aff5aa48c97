"""A model that some texts end: a runtime of its own, found as one that a package brings."""

import os
import signal
import time
from pathlib import Path
from typing import Self

import pandas as pd

from shared.model import SCORE, TEXT, Card

#: Texts: one on which the process dies as of a segmentation fault, and one that takes for ever.
CRASHES, HANGS = "crash", "hang"


class HostileModel:
    """Scores a text by its length, a thousandth for each character."""

    def __init__(self, card: Card) -> None:
        self.card = card

    @classmethod
    def load(cls, folder: Path, card: Card) -> Self:  # noqa: ARG003  the seam
        """There is nothing to read; see `shared.model.Model.load`."""
        return cls(card)

    def score(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Score texts, and do what some of them ask for; see `shared.model.Model.score`."""
        if (frame[TEXT] == CRASHES).any():
            os.kill(os.getpid(), signal.SIGSEGV)
        while (frame[TEXT] == HANGS).any():
            time.sleep(60)
        return pd.DataFrame({SCORE: frame[TEXT].str.len() / 1000}, index=frame.index)

    def warm_up(self) -> None:
        """There is nothing to warm up."""
