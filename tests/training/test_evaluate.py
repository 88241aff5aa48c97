import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy import stats

from shared.config.places import BUNDLED_MODELS
from shared.model import load_model
from training.data_errors import NoScores, TooFewLabels
from training.evaluate import by_decile, calibration_error, compare, evaluate, fifth


def test_neutral_rows_are_left_out_of_the_accuracy():
    """Accuracy counts negative and positive rows, at 0.5; neutral rows are counted separately."""
    figures = compare(np.array([0.9, 0.5, 0.4, 0.8]), np.array([1.0, 1.0, 0.0, 0.5]))
    assert figures.pop("calibration_error") == pytest.approx((0.1 + 0.5 + 0.4 + 0.3) / 4)
    assert figures == {"rows": 4, "neutral_left_out": 1, "accuracy": 1.0}


def test_calibration_compares_texts_that_are_scored_alike():
    """Scores of 0.75 are calibrated if three of four such texts are positive."""
    scores = np.full(4, 0.75)
    assert calibration_error(scores, np.array([1.0, 1.0, 1.0, 0.0])) == 0
    assert calibration_error(scores, np.zeros(4)) == 0.75
    ends = np.array([0.0, 1.0])
    assert by_decile(ends, ends) == [(0.0, 0.0, 1), (1.0, 1.0, 1)]


def test_graded_labels_have_graded_figures():
    """Correlations and errors agree with scipy's and with their definitions."""
    random = np.random.default_rng(0)
    labels = random.random(200).round(2)
    scores = np.clip(labels + random.normal(0, 0.2, 200), 0, 1)
    figures = compare(scores, labels)
    assert figures["pearson"] == pytest.approx(stats.pearsonr(scores, labels).statistic)
    assert figures["spearman"] == pytest.approx(stats.spearmanr(scores, labels).statistic)
    assert figures["mean_absolute_error"] == pytest.approx(np.mean(np.abs(scores - labels)))
    squares = (scores - labels) ** 2
    assert figures["root_mean_square_error"] == pytest.approx(np.sqrt(np.mean(squares)))
    assert figures["accuracy_5"] == pytest.approx(np.mean(fifth(scores) == fifth(labels)))


def test_undefined_figures_are_left_out():
    """A constant score has no correlation, and neutral rows alone no accuracy."""
    figures = compare(np.array([0.5, 0.5]), np.array([0.45, 0.55]))
    assert "pearson" not in figures
    assert "accuracy" not in figures


def test_the_fifths_are_the_treebank_s():
    """Each fifth includes its upper end: [0, .2], (.2, .4], (.4, .6], (.6, .8], (.8, 1]."""
    ends = np.array([0.0, 0.2, 0.21, 0.4, 0.41, 0.6, 0.61, 0.8, 0.81, 1.0])
    assert fifth(ends).tolist() == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]


@example([(0.0, 0.0), (1e-300, 1e-300)])
@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=1))
def test_figures_are_finite(pairs):
    """Any scores and labels in 0..1 give finite figures."""
    scores, labels = np.array(pairs).T
    assert all(np.isfinite(value) for value in compare(scores, labels).values())


def test_a_real_model_is_measured():
    """A bundled model is evaluated on a few labelled rows with an unusual index."""
    frame = pd.DataFrame(
        {"text": ["Wonderful!", "Terrible.", "I love it"], "score": [1.0, 0.0, 1.0]},
        index=[1, 1, 1],
    )
    figures = evaluate(load_model(BUNDLED_MODELS / "fast"), frame)
    assert figures["accuracy"] == 1.0


def test_no_rows_cannot_be_measured():
    """An empty frame is refused with an error that says so."""
    empty = pd.DataFrame({"text": pd.Series([], dtype=str), "score": pd.Series([], dtype=float)})
    with pytest.raises(TooFewLabels, match="0 rows"):
        evaluate(load_model(BUNDLED_MODELS / "fast"), empty)


class _KnowsOneWord:
    """A model that gives no number for a text without the word good."""

    def score(self, frame):
        return pd.DataFrame(
            {"Sentiment_Score": [0.9 if "good" in t else np.nan for t in frame.text]}
        )


def test_a_text_without_a_score_is_no_negative_one():
    """A model that gives no number for a text is not measured on it in silence."""
    labelled = pd.DataFrame({"text": ["good", "zorgly"], "score": [1.0, 0.0]})
    with pytest.raises(NoScores, match="1 of the 2 texts"):
        evaluate(_KnowsOneWord(), labelled)
