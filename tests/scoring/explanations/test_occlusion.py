"""Explanations by occlusion: the score of a text less that of it without a word."""

from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from scoring.explanations.occlusion import DIGITS, MOST_WORDS
from shared.model import Model, load_model
from training.add_model import add_model

GOOD = ["a good film", "well made and moving", "I liked it", "splendid, really splendid!"]
BAD = ["a bad film", "badly made and dull", "I left early", "not good, not at all"]


def frame_of(texts: list[str]) -> pd.DataFrame:
    return pd.DataFrame({"text": pd.Series(texts, dtype=object)})


@pytest.fixture
def model(tmp_path: Path) -> Model:
    final = CalibratedClassifierCV(LogisticRegression(), cv=2)
    pipeline = make_pipeline(TfidfVectorizer(), final).fit(GOOD + BAD, [1] * 4 + [0] * 4)
    joblib.dump(pipeline, tmp_path / "made.pkl")
    add_model(tmp_path / "made.pkl", name="mine", output=tmp_path)
    return load_model(tmp_path / "mine")


def test_an_effect_is_what_the_score_loses_without_the_word(model: Model) -> None:
    """Wherever the word occurs, in capitals too; nothing adds up, so no base value is given."""
    assert model.explained_by == "occlusion"
    found = model.explained(2).score(frame_of(["Good film, good and dull", ""]))
    [whole, *without] = model.score(
        frame_of(["Good film, good and dull", " film,  and dull", "Good , good and dull"])
    )["Sentiment_Score"]
    assert found.loc[0, "explanation_1"] == "good"
    assert found.loc[0, "effect_1"] == round(whole - without[0], DIGITS)
    assert found["base_value"].isna().all()
    assert found["other_effects"].isna().all()
    assert found.loc[1, ["explanation_1", "explanation_2"]].isna().all()
    assert found.loc[0, "Sentiment_Score"] == whole


def test_only_the_first_words_of_a_long_text_are_left_out(model: Model) -> None:
    """So the cost of a row is bounded."""
    first = " ".join(f"word{at}" for at in range(MOST_WORDS))
    found = model.explained(3).score(frame_of([f"{first} splendid", f"splendid {first}"]))
    assert found["explanation_1"].isna().tolist() == [True, False]


def test_an_explanation_depends_on_its_row_alone(model: Model) -> None:
    """Also with only some outputs wanted."""
    explained = model.for_outputs(["label"]).explained(3)
    texts = [*GOOD, *BAD, "", "unknown"]
    together = explained.score(frame_of(texts))
    alone = pd.concat([explained.score(frame_of([text])) for text in texts], ignore_index=True)
    pd.testing.assert_frame_equal(alone, together, check_exact=True)
    assert len(explained.score(frame_of([]))) == 0


def test_a_network_is_explained() -> None:
    """The bundled network names the word that makes a text good."""
    model = load_model(Path("models/deep"))
    found = model.explained(1).score(frame_of(["this film is splendid", "it is awful"]))
    assert found["explanation_1"].tolist() == ["splendid", "awful"]
    assert np.sign(found["effect_1"]).tolist() == [1, -1]
