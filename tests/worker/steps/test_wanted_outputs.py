"""The rows of a job are scored for the outputs that the job wants."""

from pathlib import Path

import numpy as np
import pandas as pd

from shared.card import write_card
from shared.config.settings import Settings
from shared.model import Model
from shared.signature import SENTIMENT, Output, Signature
from shared.tables.rows import Rows
from worker.steps.rates import Rates
from worker.steps.row_scorer import RowScorer

SIGNATURE = Signature(
    inputs=SENTIMENT.inputs,
    outputs=(*SENTIMENT.outputs, Output(name="words", type="long", on_request=True)),
)


class Counted(Model):
    """Notes which outputs it was asked for, and gives all of them."""

    def __init__(self, folder: Path) -> None:
        (folder / "model.pkl").touch()
        self.card = write_card(
            folder, name="counted", format="pkl", files=["model.pkl"], signature=SIGNATURE
        )
        self.asked = []

    def for_outputs(self, names):
        """See `Model.for_outputs`."""
        self.asked.append(list(names))
        return self

    def score(self, frame):
        """See `Model.score`."""
        words = frame["text"].str.count(" ") + 1
        return pd.DataFrame({"Sentiment_Score": words / 10, "words": words.astype(np.int64)})


class _Rates(Rates):
    """Learns nothing."""

    def __init__(self) -> None:
        pass

    def learn(self, *_args):
        """See `Rates.learn`."""


def test_a_model_is_told_which_outputs_are_wanted(tmp_path):
    """A model is told if only some outputs are wanted, and those alone come back from it."""
    model = Counted(tmp_path)
    scorer = RowScorer(Settings(), {"counted@1": model}, _Rates())
    for outputs, expected in (
        (SIGNATURE.default_outputs, [[0.2, 0.1]]),
        (SIGNATURE.outputs, [[0.2, 0.1], [2, 1]]),
        (SIGNATURE.outputs[1:], [[2, 1]]),
    ):
        rows = Rows(refs=["1", "2"], inputs=[["good film", "bad"]], errors=[None, None])
        assert scorer.score("counted@1", rows, outputs) == expected
    assert model.asked == [["Sentiment_Score"], ["words"]]
