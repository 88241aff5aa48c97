import re

import pandas as pd
import pytest

from shared.config.places import BUNDLED_MODELS
from shared.model import load_model
from training.bundled import taught
from training.bundled.leaks import Leaks
from training.bundled.taught import sentences_of, write_taught_files

REVIEWS = [
    "The lamp was bright and quite cheap. We never used it again! Why did they stop selling it?",
    "My aunt bought the same lamp in May. It fell off the wall on the first night, sadly.",
]


@pytest.fixture(autouse=True)
def _few(monkeypatch):
    """Limit the number of texts, so that the tests are quick."""
    monkeypatch.setattr(taught, "PARTS", 60)
    monkeypatch.setattr(taught, "COMPOSED", 1500)


def write(folder):
    folder.mkdir()
    for name in ("reviews", "tweets", "sided_tweets", "graded", "composed"):
        pd.DataFrame({"text": REVIEWS, "split": ["train", "dev"]}).to_csv(
            folder / f"{name}.csv", index=False
        )
    words = ["good", "bad", "lovely", "table", "don't"]
    protected = Leaks(["We never used it again."])
    files = write_taught_files(folder, load_model(BUNDLED_MODELS / "fast"), words, protected)
    return {file.stem: pd.read_csv(file, dtype={"text": str}) for file in files}


def test_texts_of_five_kinds_are_scored(tmp_path):
    """Sentences, parts, framed words, composed sentences and signs are scored for training."""
    tables = write(tmp_path / "a")
    assert list(tables) == ["sentences", "parts", "framed", "more_composed", "signs"]
    for table in tables.values():
        assert len(table)
        assert table["score"].between(0, 1).all()
        assert set(table["split"]) == {"train"}
        assert table["text"].is_unique
    words = re.findall("good|bad|lovely|table", " ".join(tables["framed"]["text"]))
    assert {"good", "bad", "lovely"} <= set(words)
    assert {"\U0001f600", ":(", "\U0001f4a9" * 3} <= set(tables["signs"]["text"])


def test_protected_and_dev_texts_are_not_scored(tmp_path):
    """Texts similar to protected ones, and texts of dev rows, are not written."""
    tables = write(tmp_path / "a")
    assert set(tables["sentences"]["text"]) == {
        "The lamp was bright and quite cheap.",
        "Why did they stop selling it?",
    }
    assert not tables["parts"]["text"].str.contains("aunt|wall").any()


def test_the_same_texts_give_the_same_files(tmp_path):
    """The files are repeatable."""
    first, second = write(tmp_path / "a"), write(tmp_path / "b")
    assert all(first[name].equals(second[name]) for name in first)


def test_reviews_are_cut_into_sentences():
    """Quotation marks after a sentence are removed; sentences of one or two words are left out."""
    found = sentences_of(['He said "no way, never." I left. Then it all went well?'])
    assert found == ['He said "no way, never.', "Then it all went well?"]
