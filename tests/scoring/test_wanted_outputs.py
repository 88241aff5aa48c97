"""A model of which only some outputs are wanted gives those, with the same values."""

import joblib
import pandas as pd
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from shared.model import load_model
from training.add_model import add_model
from training.added.meaning import Meaning

TEXTS = ["good film", "good and fine", "bad film", "bad and dull", "a film", "fine"]


@pytest.fixture(params=[None, (0.4, 0.6)], ids=["classes", "cuts"])
def model(tmp_path, request):
    """A sentiment model, which gives its label and probabilities on request only."""
    pipeline = make_pipeline(TfidfVectorizer(), LogisticRegression())
    joblib.dump(pipeline.fit(TEXTS, [1, 1, 0, 0, 0, 1]), tmp_path / "made.pkl")
    meaning = Meaning(cuts=request.param)
    add_model(tmp_path / "made.pkl", name="mine", output=tmp_path, meaning=meaning)
    return load_model(tmp_path / "mine")


@pytest.mark.parametrize(
    "names",
    [
        ["Sentiment_Score"],
        ["label"],
        ["Sentiment_Score", "probability_1"],
        ["probability_0", "label"],
    ],
)
def test_wanted_outputs_have_the_values_that_all_have(model, names):
    """A model for some outputs gives exactly what the whole model gives in them."""
    frame = pd.DataFrame({"text": pd.Series([*TEXTS, "unknown"], dtype=object)})
    whole = model.score(frame)
    found = model.for_outputs(names).score(frame)
    pd.testing.assert_frame_equal(found[names], whole[names], check_exact=True)
    assert set(found) == set(names)


def test_the_model_itself_still_gives_all(model):
    """A model for some outputs is another one; the model itself still gives all of them."""
    frame = pd.DataFrame({"text": pd.Series(TEXTS, dtype=object)})
    names = [output.name for output in model.card.signature.outputs]
    narrow = model.for_outputs(["Sentiment_Score"])
    assert model.for_outputs(names) is model
    assert list(model.score(frame)) == names
    empty = narrow.score(frame.head(0))
    assert list(empty) == ["Sentiment_Score"]
    assert not len(empty)
