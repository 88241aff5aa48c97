"""Few texts are scored without a DataFrame, with the outcome that they have with one."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from shared.card import write_card
from shared.config.settings import Settings
from shared.model import Model
from shared.tables.rows import Rows
from worker.steps.rates import Rates
from worker.steps.row_scorer import RowScorer

#: The output of an article's model.
OUTPUT = "Sentiment_Score"

#: What goes wrong with a text in `score_texts`.
FAULTS = ("raise", "nothing", "short", "nameless", "frame")


class Lengths(Model):
    """Scores a text by its length; a text that is named in `FAULTS` spoils its batch."""

    def __init__(self, folder: Path) -> None:
        (folder / "model.pkl").touch()
        self.card = write_card(folder, name="lengths", format="pkl", files=["model.pkl"])
        self.frames = 0

    def score_texts(self, texts):
        """See `Model.score_texts`."""
        scores = np.array([len(text) / 100 for text in texts])
        if "raise" in texts:
            raise ValueError
        if "frame" in texts:
            return None
        if "nameless" in texts:
            return {}
        if "short" in texts:
            return {OUTPUT: scores[1:]}
        scores[[text == "nothing" for text in texts]] = np.nan
        return {OUTPUT: scores}

    def score(self, frame):
        """See `Model.score`."""
        self.frames += 1
        texts = frame["text"].tolist()
        if "raise" in texts:
            raise ValueError
        scores = [np.nan if text == "nothing" else len(text) / 100 for text in texts]
        return pd.DataFrame({OUTPUT: scores})


class _Rates(Rates):
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.learned = []

    def learn(self, full_name, rows, seconds, texts=None):
        """See `Rates.learn`."""
        self.learned.append((full_name, rows, texts))


def rows_of(*texts: str | None) -> Rows:
    """Rows of texts; None is a row that could not be read."""
    errors = [None if text is not None else "no text" for text in texts]
    return Rows([None] * len(texts), [[text or "" for text in texts]], errors)


def scored(model: Lengths, rows: Rows) -> tuple[list[float | None], list[str | None]]:
    scorer = RowScorer(Settings(), {"lengths@1": model}, _Rates())
    [found] = scorer.score("lengths@1", rows, model.card.signature.outputs)
    return found, rows.errors


def test_no_frame_is_made_of_texts(tmp_path: Path) -> None:
    """Texts go to the model as they are; a row that could not be read is left out."""
    model = Lengths(tmp_path)
    assert scored(model, rows_of("a", None, "abc")) == ([0.01, None, 0.03], [None, "no text", None])
    assert model.frames == 0


def test_the_rate_is_learned_from_texts_without_a_frame(tmp_path: Path) -> None:
    """The texts that were scored count for the rate of the model, and no others."""
    model, rates = Lengths(tmp_path), _Rates()
    rows = rows_of("a", None, "abc")
    RowScorer(Settings(), {"lengths@1": model}, rates).scored(
        "lengths@1", rows, model.card.signature.outputs
    )
    assert rates.learned == [("lengths@1", 2, ["a", "abc"])]


@pytest.mark.parametrize("fault", FAULTS)
def test_whatever_goes_wrong_a_frame_is_scored(tmp_path: Path, fault: str) -> None:
    """Then the rows have the scores and the errors that `Model.score` gives them."""
    model = Lengths(tmp_path)
    found, errors = scored(model, rows_of("a", fault, "abc"))
    assert model.frames > 0
    assert [found[0], found[2]] == [0.01, 0.03]
    expected = {
        "raise": "the model could not score this text: ValueError",
        "nothing": "the model gave no number for this text",
    }
    assert errors == [None, expected.get(fault), None]
    if fault not in expected:
        assert found[1] == len(fault) / 100
