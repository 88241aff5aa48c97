"""A model whose scores a test can compute."""

from datetime import UTC, datetime

import pandas as pd

from shared.card import Card
from shared.model import SCORE, TEXT


class LengthModel:
    """A model whose score is a hundredth of the text's length, at most 1."""

    def __init__(self, name: str = "length", version: str = "000000000001") -> None:
        self.card = Card(
            name=name,
            version=version,
            format="pkl",
            files={"model.pkl": "0" * 64},
            created_at=datetime(2026, 1, 1, tzinfo=UTC),
        )
        self.calls: list[int] = []

    def score(self, frame: pd.DataFrame) -> pd.DataFrame:
        self.calls.append(len(frame))
        if (frame[TEXT] == "raise").any():
            raise ValueError("this text raises")
        scores = frame[TEXT].str.len().astype("float64").div(100).clip(upper=1)
        scores[frame[TEXT] == "nothing"] = float("nan")
        return pd.DataFrame({SCORE: scores}, index=frame.index)

    def warm_up(self) -> None:
        self.calls.clear()


def length_score(text: str) -> float:
    """The score that `LengthModel` gives a text."""
    return min(len(text) / 100, 1.0)
