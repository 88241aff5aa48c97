import pandas as pd
import pytest

from training.behaviour import behaviour_of, behaviour_texts, compare_pairs, read_pairs
from training.bundled.composed import composed
from training.bundled.leaks import Leaks


def test_there_are_pairs_of_many_kinds():
    """There are at least 200 distinct pairs in ten kinds, each with a known expected relation."""
    pairs = read_pairs()
    assert len(pairs) >= 200
    assert pairs["kind"].nunique() >= 10
    assert pairs["kind"].value_counts().min() >= 20
    assert not pairs.duplicated(["first", "second"]).any()


@pytest.mark.parametrize(
    ("expected", "right", "wrong"),
    [
        ("opposite", (0.6, 0.4), (0.6, 0.55)),
        ("higher", (0.2, 0.31), (0.2, 0.25)),
        ("lower", (0.7, 0.5), (0.7, 0.65)),
        ("stronger", (0.3, 0.2), (0.7, 0.6)),
        ("weaker", (0.3, 0.4), (0.7, 0.8)),
        ("same", (0.6, 0.65), (0.6, 0.75)),
        ("neutral", (0.4, 0.6), (0.4, 0.7)),
    ],
)
def test_each_relation_of_two_scores_is_checked(expected, right, wrong):
    """For each expected relation, some scores satisfy it and others do not."""
    rows = [("a", "x", "y", expected, *right), ("b", "x", "z", expected, *wrong)]
    columns = ["kind", "first", "second", "expected", "first_score", "second_score"]
    behaviour = compare_pairs(pd.DataFrame(rows, columns=columns))
    assert behaviour.failures == {"a": 0.0, "b": 1.0}
    assert behaviour.right == 0.5
    assert behaviour.wrong["second"].tolist() == ["z"]


def test_a_model_without_an_opinion_fails():
    """With a constant score of 0.5, only the pairs "same" and "neutral" pass."""

    class Undecided:
        def score(self, frame):
            return pd.DataFrame({"Sentiment_Score": 0.5}, index=frame.index)

    failures = behaviour_of(Undecided()).failures
    passed = {kind for kind, share in failures.items() if share == 0}
    assert passed == {"neutral statements", "writing", "names"}


def test_pairs_are_recognised_in_training_data():
    """A text of the pairs is found in training data, whatever its case and punctuation."""
    pairs = Leaks(behaviour_texts())
    assert pairs.among(["NOT BAD!", "the soup was not good"]).all()
    made = composed(20_000)["text"]
    left = made[~pairs.among(made)]
    assert len(left) > 0.9 * len(made)
    plain = {" ".join(text.lower().split()) for text in behaviour_texts()}
    assert plain.isdisjoint(left.str.lower())
