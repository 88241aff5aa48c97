"""A model whose scores and explanations a test can compute."""

from typing import Any

import pandas as pd
from support.doubles.length_model import LengthModel

from shared.jobs.added_outputs import Explanation


class ExplainedLength(LengthModel):
    """As `LengthModel`; each word moves the score by a hundredth of its length."""

    explained_by = "linear"

    def explained(self, terms: int) -> Any:
        """See `shared.model.Model.explained`."""
        return _Explained(self, terms)


class _Explained:
    def __init__(self, model: LengthModel, terms: int) -> None:
        self.card = model.card
        self._model, self._terms = model, terms

    def score(self, frame: pd.DataFrame) -> pd.DataFrame:
        found = self._model.score(frame)
        if (frame["text"] == "unexplained").any():
            raise RuntimeError("this text has no explanation")
        rows = [explanation(text, self._terms) for text in frame["text"]]
        names = [one.name for one in Explanation(terms=self._terms).outputs]
        return found.join(pd.DataFrame(rows, columns=names, index=frame.index))


def explanation(text: str, terms: int) -> dict[str, Any]:
    """The explanation that `ExplainedLength` gives a text."""
    words = sorted(set(text.split()), key=lambda word: (-len(word), word))
    found: dict[str, Any] = {}
    for at in range(terms):
        word = words[at] if at < len(words) else None
        found[f"explanation_{at + 1}"] = word
        found[f"effect_{at + 1}"] = None if word is None else len(word) / 100
    found["other_effects"] = sum(len(word) for word in words[terms:]) / 100
    found["base_value"] = found["explained_class"] = None
    return found
