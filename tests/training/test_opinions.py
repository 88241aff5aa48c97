import numpy as np
import pandas as pd
import pytest

from shared.model import load_model
from training.deciles import mix_with_labels, possible_deciles
from training.opinions import Lessons, Opinions
from training.options import TrainingOptions
from training.train import train
from training.vocabulary import numbered_words

SURE = np.eye(10, dtype=np.float32)


def write_words(path, **splits):
    """Write a CSV with as many "good" and as many "bad" rows per split as `splits` says."""
    rows = [
        f"{word} {split}{number},{label},{split}"
        for split, count in splits.items()
        for number in range(count)
        for word, label in (("good", 1), ("bad", 0))
    ]
    path.write_text("text,label,split\n" + "\n".join(rows) + "\n", encoding="utf-8")


def test_opinions_are_found_by_text():
    """A known text has probabilities and an expected score; an unknown text has NaN."""
    opinions = Opinions(["good", "bad"], SURE[[9, 0]])
    scores = opinions.scores_of(["bad", "who knows", "good"])
    np.testing.assert_allclose(scores, [0.05, np.nan, 0.95])
    frame = pd.DataFrame({"text": ["bad"], "score": [0.1], "split": "train", "source": "a"})
    more = opinions.add_texts(frame)
    assert more["text"].tolist() == ["bad", "good"]
    assert more["score"].isna().tolist() == [False, True]


def test_a_text_without_a_label_is_learnt_from_its_opinion_alone():
    """A row without a label allows all deciles; a label and an opinion each count half."""
    frame = pd.DataFrame(
        {"score": [np.nan, 0.95, 0.95], "coarse": False, "bare": False, "source": "a"}
    )
    possible = possible_deciles(frame)
    assert possible.sum(axis=1).tolist() == [10, 1, 1]
    shares = np.stack([SURE[2], SURE[2], np.full(10, np.nan, np.float32)])
    targets = mix_with_labels(shares, possible)
    assert targets[0][2] == pytest.approx(1, abs=0.01)
    assert targets[1][[2, 9]] == pytest.approx([0.5, 0.5], abs=0.01)
    assert targets[2].tolist() == possible[2].tolist()


def test_given_words_are_known_though_no_text_has_them():
    """Given words join the most frequent words of the texts, which get the lower numbers."""
    frame = pd.DataFrame({"text": ["a good film", "a bad film"], "source": "a"})
    words = numbered_words(frame, ["battery", "film"], 4)
    assert set(words) >= {"battery", "film", "a"}
    assert sorted(words.values()) == [1, 2, 3, 4]
    assert words["a"] == 1
    assert words["battery"] == 4


def test_a_fast_model_learns_from_opinions(tmp_path):
    """A word that occurs only in unlabelled texts gets the score of the opinions on these texts."""
    data = tmp_path / "data.csv"
    write_words(data, train=40, dev=40)
    texts = [f"splendid {n}" for n in range(40)]
    lessons = Lessons(Opinions(texts, SURE[[9] * 40]), {})
    train([data], TrainingOptions(kind="fast", name="mine", output=tmp_path, lessons=lessons))
    scored = load_model(tmp_path / "mine").score(pd.DataFrame({"text": ["splendid", "unheard"]}))
    assert scored["Sentiment_Score"][0] > scored["Sentiment_Score"][1] + 0.2


def test_a_model_is_measured_on_the_test_split(tmp_path):
    """The dev rows choose the model, and the figures are those of the test rows."""
    data = tmp_path / "data.csv"
    write_words(data, train=60, dev=20, test=7)
    card = train([data], TrainingOptions(kind="fast", name="mine", output=tmp_path))
    assert card.figures["rows"] == 14
