"""The label of a text whose classes are equally probable."""

from array import array
from pathlib import Path
from typing import Any

import joblib
import pandas as pd
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from support.labelled_texts import TEXTS, WORDS

from scoring.words import stored_tables
from shared.model import load_model, load_own
from shared.tables.spans import Spans, Texts
from training.add_model import add_model

pytestmark = pytest.mark.skipif(not stored_tables.STORES, reason="nothing was compiled")


def places_of(texts: list[str]) -> Texts:
    """Texts as places in bytes."""
    begins, ends = array("q"), array("q")
    for text in texts:
        begins.append(ends[-1] if ends else 0)
        ends.append(begins[-1] + len(text.encode()))
    cells = Spans("".join(texts).encode(), begins, ends)
    return Texts(cells, array("i", map(len, texts)))


def test_the_label_is_found_whatever_else_is_asked_for(tmp_path: Path) -> None:
    """Also while words are counted or scores explained, and for texts that are places in a CSV."""
    balanced = LogisticRegression(fit_intercept=False)
    joblib.dump(make_pipeline(TfidfVectorizer(), balanced).fit(TEXTS, WORDS), tmp_path / "m.pkl")
    added = add_model(tmp_path / "m.pkl", name="mine", output=tmp_path / "models")
    folder = tmp_path / "models" / "mine"
    texts = ["unknown", "good", "an \u00e9clair", "bad"]
    frame = pd.DataFrame({"text": pd.Series(texts, dtype=object)})
    own = load_own(folder, added.card)
    expected = own.score(frame)["label"].tolist()
    for model in (load_model(folder), own):
        counting = model.with_reach()
        assert counting is not None
        for scorer in (model, counting, model.explained(2), counting.explained(2)):
            assert scorer.score(frame)["label"].tolist() == expected
            if getattr(scorer, "reads_spans", False):
                found: Any = getattr(scorer, "score_texts")(places_of(texts))  # noqa: B009  not of a Scorer
                assert found["label"].tolist() == expected
