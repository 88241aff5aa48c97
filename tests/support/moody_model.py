"""A model whose file says what its load does; a plugin for tests of models that change."""

import ctypes
import os
import signal
import time
from pathlib import Path
from typing import Self

import pandas as pd
from support.constant_model import ConstantModel
from typing_extensions import override

from shared.card import Card


class MoodyModel(ConstantModel):
    """Gives every text one score. Its file holds the score, seconds for a row, and a mood.

    It is as slow as that only while the file exists that the variable `MOODY_SLOW` names, so that a
    test can let a job end.
    """

    @classmethod
    @override
    def load(cls, folder: Path, card: Card) -> Self:
        score, seconds_per_row, mood = (folder / card.model_file).read_text().split()
        _MOODS[mood]()
        return cls(card, float(score), float(seconds_per_row))

    @override
    def score(self, frame: pd.DataFrame) -> pd.DataFrame:
        if not Path(os.environ["MOODY_SLOW"]).exists():
            self._seconds_per_row = 0.0
        return super().score(frame)


def _raises() -> None:
    raise LookupError("it knows no word of this language")


def _leaves() -> None:
    os._exit(3)


def _crashes() -> None:
    signal.signal(signal.SIGSEGV, signal.SIG_DFL)
    ctypes.string_at(0)


def _hangs() -> None:
    # Without the lock of the interpreter, and deaf to the polite signal.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    while True:
        time.sleep(60)


def _eats() -> None:
    eaten = []
    while True:
        eaten.append(os.urandom(2**20) * 64)


_MOODS = {
    "good": lambda: None,
    "raises": _raises,
    "leaves": _leaves,
    "crashes": _crashes,
    "hangs": _hangs,
    "eats": _eats,
}
